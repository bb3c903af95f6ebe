"""SmolVLM (arXiv:2504.05299) and Idefics3 (arXiv:2408.12637): a SigLIP tower, pixel shuffle, a Llama."""

from tests.families.recipe import NORMALIZED, Recipe, llama

SPECIAL = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
GRID = tuple(f"<row_{row}_col_{column}>" for row in (1, 2, 3) for column in (1, 2, 3))


def _config(family):
    return {
        "model_type": family,
        "scale_factor": 2,
        "image_token_id": {"token": "<image>"},
        "eos_token_id": {"token": "<|im_end|>"},
        "vocab_size": {"vocabulary": True},
        "vision_config": {
            "model_type": "smolvlm_vision" if family == "smolvlm" else "idefics3_vision",
            "hidden_size": 48,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 3,
            "image_size": 32,
            "patch_size": 8,
            "num_channels": 3,
            "layer_norm_eps": 1e-6,
        },
        "text_config": llama(),
    }


SMOLVLM = Recipe(
    family="smolvlm",
    config=_config("smolvlm"),
    special=SPECIAL,
    image_place="<image>",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "SmolVLMImageProcessor",
        "do_image_splitting": False,
        "do_pad": True,
        "size": {"longest_edge": 32},
        "max_image_size": {"longest_edge": 32},
    },
    processor={"processor_class": "SmolVLMProcessor", "image_seq_len": 4},
    tokenizer={"image_token": "<image>"},
)
IDEFICS3 = Recipe(
    family="idefics3",
    config=_config("idefics3"),
    special=SPECIAL + GRID,
    image_place="<image>",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "Idefics3ImageProcessor",
        "do_image_splitting": True,
        "do_pad": True,
        "size": {"longest_edge": 64},
        "max_image_size": {"longest_edge": 32},
    },
    processor={"processor_class": "Idefics3Processor", "image_seq_len": 4},
    tokenizer={"image_token": "<image>"},
)
RECIPES = (SMOLVLM, IDEFICS3)
