"""Qwen2-VL (arXiv:2409.12191), Qwen2.5-VL (arXiv:2502.13923), Qwen3-VL (arXiv:2511.21631): any resolution, mrope."""

from tests.families.recipe import NORMALIZED, Recipe, llama

SPECIAL = ("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>")
PLACE = "<|vision_start|><|image_pad|><|vision_end|>"
MROPE = {"type": "mrope", "mrope_section": [2, 3, 3]}


def _ids():
    return {
        "image_token_id": {"token": "<|image_pad|>"},
        "video_token_id": {"token": "<|video_pad|>"},
        "vision_start_token_id": {"token": "<|vision_start|>"},
        "vision_end_token_id": {"token": "<|vision_end|>"},
        "vision_token_id": {"token": "<|vision_pad|>"},
        "eos_token_id": {"token": "<|im_end|>"},
        "vocab_size": {"vocabulary": True},
    }


def _recipe(family, config, patch_size, processor):
    return Recipe(
        family=family,
        config={"model_type": family, **_ids(), **config},
        special=SPECIAL,
        image_place=PLACE,
        preprocessor={
            **NORMALIZED,
            "image_processor_type": "Qwen2VLImageProcessor",
            "patch_size": patch_size,
            "temporal_patch_size": 2,
            "merge_size": 2,
            "min_pixels": 4 * patch_size**2,
            "max_pixels": 36 * patch_size**2,
        },
        processor={"processor_class": processor},
    )


_TOWER = {"depth": 2, "num_heads": 2, "patch_size": 8, "spatial_patch_size": 8, "in_channels": 3}

QWEN2_VL = _recipe(
    "qwen2_vl",
    {
        **{key: value for key, value in llama(rope_scaling=MROPE).items() if key != "model_type"},
        "vision_config": {
            **_TOWER,
            "model_type": "qwen2_vl",
            "embed_dim": 32,
            "hidden_size": 64,
            # The strict configurations of some libraries take whole numbers only.
            "mlp_ratio": 2,
        },
    },
    8,
    "Qwen2VLProcessor",
)
QWEN2_5_VL = _recipe(
    "qwen2_5_vl",
    {
        **{key: value for key, value in llama(rope_scaling=MROPE).items() if key != "model_type"},
        "vision_config": {
            **_TOWER,
            "model_type": "qwen2_5_vl",
            "hidden_size": 32,
            "intermediate_size": 48,
            "out_hidden_size": 64,
            "window_size": 32,
            "fullatt_block_indexes": [1],
        },
    },
    8,
    "Qwen2_5_VLProcessor",
)
QWEN3_VL = _recipe(
    "qwen3_vl",
    {
        "text_config": llama(model_type="qwen3_vl_text", rope_scaling=MROPE, num_hidden_layers=3),
        "vision_config": {
            **_TOWER,
            "model_type": "qwen3_vl",
            "hidden_size": 32,
            "intermediate_size": 48,
            "out_hidden_size": 64,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1],
        },
    },
    8,
    "Qwen3VLProcessor",
)
RECIPES = (QWEN2_VL, QWEN2_5_VL, QWEN3_VL)
