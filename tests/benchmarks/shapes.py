"""Checkpoints to measure on: random weights in the exact shape of SmolVLM-256M, and a small one that shows it runs."""

import copy
import dataclasses

from tests.families.smolvlm import SMOLVLM


def _shaped(*, image_px, patch_px, scale_factor, vision, text, vocabulary):
    config = copy.deepcopy(SMOLVLM.config)
    config["scale_factor"] = scale_factor
    config["vision_config"] |= {"image_size": image_px, "patch_size": patch_px, **vision}
    config["text_config"] |= text
    if vocabulary:
        config["vocab_size"] = config["text_config"]["vocab_size"] = vocabulary
    edge = {"size": {"longest_edge": image_px}, "max_image_size": {"longest_edge": image_px}}
    image_tokens = (image_px // patch_px // scale_factor) ** 2
    return dataclasses.replace(
        SMOLVLM,
        config=config,
        preprocessor=SMOLVLM.preprocessor | edge,
        processor=SMOLVLM.processor | {"image_seq_len": image_tokens},
    )


SHAPES = {
    "256m": _shaped(
        image_px=512,
        patch_px=16,
        scale_factor=4,
        vision={"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
        text={
            "hidden_size": 576,
            "intermediate_size": 1536,
            "num_hidden_layers": 30,
            "num_attention_heads": 9,
            "num_key_value_heads": 3,
            "head_dim": 64,
            "max_position_embeddings": 8192,
        },
        vocabulary=49280,
    ),
    "small": _shaped(
        image_px=64,
        patch_px=8,
        scale_factor=2,
        vision={"hidden_size": 96, "intermediate_size": 192, "num_hidden_layers": 2, "num_attention_heads": 3},
        text={"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3, "head_dim": 32},
        vocabulary=None,
    ),
}
IMAGE_PX = {"256m": 512, "small": 64}
PROMPT = "Describe this image in detail."
