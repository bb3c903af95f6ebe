"""Granite 4 Vision: tiles, whose features from several layers go into several layers of the text model."""

from tests.families.recipe import HALVES, Recipe, Vocabulary, llama, rope, siglip, token
from tests.families.templates import turns

_PINPOINTS = [[32, 64], [64, 32], [64, 64], [96, 32], [32, 96]]
_MARKS = ("<|end_of_text|>", "<|pad|>", "<|start_of_role|>", "<|end_of_role|>", "<image>")
GRANITE4_VISION = Recipe(
    family="granite4_vision",
    model="Granite4VisionForConditionalGeneration",
    config={
        "text_config": llama(
            num_hidden_layers=6,
            rope_parameters=rope(1e7),
            embedding_multiplier=3.0,
            attention_multiplier=0.125,
            residual_multiplier=0.5,
            logits_scaling=2.0,
        ),
        "vision_config": siglip(model_type="siglip_vision_model", hidden_size=64, num_attention_heads=2),
        "qformer_config": {
            "model_type": "blip_2_qformer",
            "num_hidden_layers": 1,
            "intermediate_size": 3072,
            "cross_attention_frequency": 1,
            "max_position_embeddings": 2048,
            "use_qformer_text_input": False,
        },
        "image_token_index": token("<image>"),
        "vision_feature_select_strategy": "full",
        "image_grid_pinpoints": _PINPOINTS,
        "downsample_rate": "2/4",
        "deepstack_layer_map": [[-2, 0], [-1, 1]],
        "spatial_vision_layer": -1,
        "spatial_target_layers": [2, 3, 4, 5],
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=_MARKS,
        roles={"bos_token": "<|end_of_text|>", "eos_token": "<|end_of_text|>", "pad_token": "<|pad|>"},
        named={"image_token": "<image>"},
    ),
    processor="Granite4VisionProcessor",
    options={"patch_size": 8, "vision_feature_select_strategy": "full", "downsample_rate": "2/4"},
    parts={
        "image_processor": (
            "LlavaNextImageProcessor",
            {
                "size": {"height": 32, "width": 32},
                "crop_size": {"height": 32, "width": 32},
                "image_grid_pinpoints": _PINPOINTS,
                **HALVES,
            },
        )
    },
    template=turns(
        "<|start_of_role|>NAME<|end_of_role|>",
        "<|end_of_text|>\n",
        "<image>\n",
        reply="<|start_of_role|>assistant<|end_of_role|>",
    ),
)
RECIPES = (GRANITE4_VISION,)
