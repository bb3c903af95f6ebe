"""MiniCPM-V 4.6: a picture whole and in slices, whose parts are merged within the tower and behind it."""

from tests.families.qwen import QWEN3_5_TEXT
from tests.families.recipe import HALVES, Recipe, Vocabulary, siglip, token
from tests.families.templates import chatml

_MARKS = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "image_start_token": "<image>",
    "image_end_token": "</image>",
    "slice_start_token": "<slice>",
    "slice_end_token": "</slice>",
    "image_id_start_token": "<image_id>",
    "image_id_end_token": "</image_id>",
}
_SLICES = {"scale_resolution": 64, "patch_size": 8, "max_slice_nums": 4, **HALVES}
MINICPMV4_6 = Recipe(
    family="minicpmv4_6",
    model="MiniCPMV4_6ForConditionalGeneration",
    config={
        "text_config": {"model_type": "qwen3_5_text", **QWEN3_5_TEXT},
        "vision_config": siglip(num_hidden_layers=3, num_attention_heads=3, image_size=128),
        "insert_layer_id": 1,
        "image_token_id": token(_MARKS["image_token"]),
        "video_token_id": token(_MARKS["video_token"]),
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=("<|endoftext|>", "<|im_start|>", "<|im_end|>", *_MARKS.values()),
        roles={"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
        named=_MARKS,
    ),
    processor="MiniCPMV4_6Processor",
    parts={
        "image_processor": ("MiniCPMV4_6ImageProcessor", _SLICES),
        "video_processor": ("MiniCPMV4_6VideoProcessor", {"patch_size": 8, "scale_resolution": 64}),
    },
    template=chatml(_MARKS["image_token"] + "\n"),
)
RECIPES = (MINICPMV4_6,)
