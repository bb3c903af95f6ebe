"""LLaVA-OneVision: one picture in tiles, several with one tile each."""

import importlib

import numpy as np
import pytest
from PIL import Image

from tests.engines.families.repairs.building import build, mend, numbers
from vlmkit.engines.desk import desk

TILE, PARTS, IMAGE = 4, 4, 7
PINPOINTS = [[TILE * rows, TILE * columns] for rows in (1, 2) for columns in (1, 2)]
CONFIG = {
    "model_type": "llava_onevision",
    "image_token_index": IMAGE,
    "image_grid_pinpoints": PINPOINTS,
    "vision_feature_layer": -1,
    "text_config": {
        "model_type": "qwen2",
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "num_key_value_heads": 1,
        "vocab_size": 8,
        "rms_norm_eps": 1e-6,
    },
    "vision_config": {
        "model_type": "siglip_vision_model",
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": TILE,
        "patch_size": 2,
    },
}


class Words:
    """A tokenizer of single characters."""

    chat_template = None

    def __call__(self, texts, **_options):
        return {"input_ids": [[IMAGE if part else 1 for part in _split(text)] for text in texts]}


def _split(text):
    return [part == "<image>" for part in text.replace("<image>", "\0").replace("\0", " <image> ").split()]


def opened():
    """Model and processor, mended."""
    module = importlib.import_module("mlx_vlm.models.llava_onevision.processing_llava_onevision")
    pil = importlib.import_module("transformers.models.llava_onevision.image_processing_pil_llava_onevision")
    images = pil.LlavaOnevisionImageProcessorPil(
        size={"height": TILE, "width": TILE}, image_grid_pinpoints=PINPOINTS, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    model = build("llava_onevision", CONFIG)
    processor = module.LlavaOnevisionProcessor(images, Words(), num_image_tokens=PARTS)
    assert mend("llava_onevision", model, CONFIG, processor)
    return model, processor


def picture(seed, width, height):
    colors = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(colors)


@pytest.mark.parametrize(
    ("pictures", "tokens"), [(1, PARTS + 4 * PARTS + 4), (2, 2 * (PARTS + 1)), (3, 3 * (PARTS + 1))]
)
def test_tokens_are_as_many_as_features(repairs, pictures, tokens):
    """A picture alone is cut, each of several is one tile and a line break."""

    def work():
        import mlx.core as mx

        model, processor = opened()
        given = processor(images=[picture(seed, 8, 8) for seed in range(pictures)], text="<image>" * pictures + " x")
        ids = mx.array(given["input_ids"])
        model.get_input_embeddings(ids, given["pixel_values"], image_sizes=given["image_sizes"])
        return int((ids == IMAGE).sum()), given["pixel_values"].shape

    found, shape = desk().call(work)
    assert found == tokens
    assert shape[:2] == (pictures, 1 if pictures > 1 else 5)


def test_after_several_one_is_cut_again(repairs):
    """Nothing of a prompt stays for the next."""

    def work():
        _, processor = opened()
        processor(images=[picture(0, 8, 8), picture(1, 4, 8)], text="<image><image>")
        return processor(images=[picture(0, 8, 8)], text="<image>")["input_ids"].shape

    assert desk().call(work) == (1, PARTS + 4 * PARTS + 4)


def test_each_tile_is_looked_at_alone(repairs):
    """Features of two pictures are those of each, with the line break's vector behind."""

    def work():
        import mlx.core as mx

        model, _ = opened()
        tiles = numbers(2, 1, 3, TILE, TILE)
        got = model.get_image_features(tiles, mx.array([[8, 8], [4, 8]]))
        *_, states = model.vision_tower(tiles[:, 0].transpose(0, 2, 3, 1), output_hidden_states=True)
        seen = model.multi_modal_projector(states[-1])
        ends = mx.broadcast_to(model.image_newline, (2, 1, 8))
        return np.array(got), np.array(mx.concatenate([seen, ends], axis=1).reshape(-1, 8))

    got, right = desk().call(work)
    assert np.allclose(got, right, atol=1e-5)
