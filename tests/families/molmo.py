"""Molmo 2: a picture whole and in crops that overlap, each patch's features added to its token."""

from tests.families.recipe import HALVES, Recipe, Vocabulary, llama, rope, token
from tests.families.templates import chatml

_IMAGES = {
    "size": {"height": 56, "width": 56},
    "patch_size": 8,
    "max_crops": 4,
    "overlap_margins": [1, 1],
    "pooling_size": [2, 2],
    **HALVES,
}
_TEXT = llama(additional_vocab_size=8, rope_parameters=rope(1e6))
MOLMO2 = Recipe(
    family="molmo2",
    model="Molmo2ForConditionalGeneration",
    config={
        "text_config": _TEXT,
        "vision_config": {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "image_size": [56, 56],
            "patch_size": 8,
        },
        "adapter_config": {
            "vision_feature_layer": [2, 0],
            "hidden_size": 32,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "intermediate_size": 48,
            "text_hidden_size": 64,
        },
        "image_start_token_id": token("<im_start>"),
        "low_res_image_start_token_id": token("<low_res_im_start>"),
        "image_end_token_id": token("<im_end>"),
        "image_patch_id": token("<im_patch>"),
        "frame_start_token_id": token("<frame_start>"),
        "frame_end_token_id": token("<frame_end>"),
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=(
            *("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
            *("<im_start>", "<im_end>", "<im_patch>", "<im_col>", "<low_res_im_start>", "<|image|>", "<im_low>"),
            *("<frame_start>", "<frame_end>", "<|video|>"),
        ),
        roles={"bos_token": "<|im_end|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
    ),
    processor="Molmo2Processor",
    parts={
        "image_processor": ("Molmo2ImageProcessor", _IMAGES),
        "video_processor": ("Molmo2VideoProcessor", {"patch_size": 8, "size": _IMAGES["size"]}),
    },
    template=chatml("<|image|>", before="{{ bos_token }}"),
)
RECIPES = (MOLMO2,)
