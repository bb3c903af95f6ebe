"""Qwen2-VL (arXiv:2409.12191), 2.5, 3 (arXiv:2511.21631), 3.5 and GLM-4.1V: any resolution, positions in three axes."""

from tests.families import templates
from tests.families.recipe import Recipe, Vocabulary, llama, rope, token

_VOCABULARY = Vocabulary(
    kind="bytes",
    special=(
        "<|endoftext|>",
        "<|im_start|>",
        "<|im_end|>",
        "<|vision_start|>",
        "<|vision_end|>",
        "<|vision_pad|>",
        "<|image_pad|>",
        "<|video_pad|>",
    ),
    roles={"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
)
_IDS = {
    "image_token_id": token("<|image_pad|>"),
    "video_token_id": token("<|video_pad|>"),
    "vision_start_token_id": token("<|vision_start|>"),
    "vision_end_token_id": token("<|vision_end|>"),
}
_PATCH_PX = 8
_IMAGES = {
    "patch_size": _PATCH_PX,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "size": {"shortest_edge": 16 * _PATCH_PX**2, "longest_edge": 64 * _PATCH_PX**2},
}
_TOWER = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "out_hidden_size": 64,
    "num_heads": 2,
    "patch_size": _PATCH_PX,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "in_channels": 3,
}


def _recipe(family, kind, text, tower, template, *, processor=None, videos="Qwen2VL"):
    return Recipe(
        family=family,
        model=f"{kind}ForConditionalGeneration",
        config={"text_config": text, "vision_config": tower, **_IDS},
        vocabulary=_VOCABULARY,
        processor=f"{processor or kind}Processor",
        parts={
            "image_processor": ("Qwen2VLImageProcessor", _IMAGES),
            "video_processor": (f"{videos}VideoProcessor", {"patch_size": _PATCH_PX}),
        },
        template=template,
    )


def _mixture(**changes):
    """Experts of a text model, two of four at work."""
    return {
        "num_experts": 4,
        "num_experts_per_tok": 2,
        "moe_intermediate_size": 40,
        "decoder_sparse_step": 1,
        "norm_topk_prob": True,
        **changes,
    }


_QWEN3_TEXT = llama(num_hidden_layers=3, rope_parameters=rope(5e6, mrope_section=[4, 2, 2], mrope_interleaved=True))
_QWEN3_TOWER = {**_TOWER, "depth": 3, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}
QWEN3_5_TEXT = llama(
    num_hidden_layers=4,
    full_attention_interval=2,
    layer_types=["linear_attention", "full_attention"] * 2,
    linear_num_key_heads=2,
    linear_num_value_heads=4,
    linear_key_head_dim=16,
    linear_value_head_dim=16,
    linear_conv_kernel_dim=4,
    rope_parameters=rope(1e7, mrope_section=[1, 1, 0], mrope_interleaved=True, partial_rotary_factor=0.25),
)
_QWEN3_5_TOWER = {**_TOWER, "num_position_embeddings": 64}
RECIPES = (
    _recipe(
        "qwen2_vl",
        "Qwen2VL",
        llama(model_type="qwen2_vl_text", rope_parameters=rope(1e6, mrope_section=[2, 3, 3])),
        {
            **{key: value for key, value in _TOWER.items() if key not in ("intermediate_size", "out_hidden_size")},
            "embed_dim": 32,
            "hidden_size": 64,
            "mlp_ratio": 4,
        },
        templates.QWEN2,
    ),
    _recipe(
        "qwen2_5_vl",
        "Qwen2_5_VL",
        llama(model_type="qwen2_5_vl_text", rope_parameters=rope(1e6, mrope_section=[2, 3, 3])),
        {**_TOWER, "spatial_patch_size": _PATCH_PX, "window_size": 32, "fullatt_block_indexes": [1]},
        templates.QWEN2,
    ),
    _recipe("qwen3_vl", "Qwen3VL", _QWEN3_TEXT, _QWEN3_TOWER, templates.QWEN3, videos="Qwen3VL"),
    _recipe(
        "qwen3_vl_moe",
        "Qwen3VLMoe",
        {**_QWEN3_TEXT, **_mixture()},
        _QWEN3_TOWER,
        templates.QWEN3,
        processor="Qwen3VL",
        videos="Qwen3VL",
    ),
    _recipe("qwen3_5", "Qwen3_5", QWEN3_5_TEXT, _QWEN3_5_TOWER, templates.QWEN3, processor="Qwen3VL", videos="Qwen3VL"),
    _recipe(
        "qwen3_5_moe",
        "Qwen3_5Moe",
        {**QWEN3_5_TEXT, **_mixture(shared_expert_intermediate_size=32)},
        _QWEN3_5_TOWER,
        templates.QWEN3,
        processor="Qwen3VL",
        videos="Qwen3VL",
    ),
)
