"""LLaVA-NeXT, LLaVA-OneVision (arXiv:2408.03326), Mistral 3: tiles or rows of patches, then a Llama-like text model."""

from tests.families.recipe import NORMALIZED, Recipe, llama

_EOS = {"token": "<|im_end|>"}

LLAVA_NEXT = Recipe(
    family="llava_next",
    config={
        "model_type": "llava_next",
        "image_token_index": {"token": "<image>"},
        "eos_token_id": _EOS,
        "vocab_size": {"vocabulary": True},
        "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default",
        "image_grid_pinpoints": [[32, 64], [64, 32], [64, 64]],
        "text_config": llama(),
        "vision_config": {
            "model_type": "clip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
            "projection_dim": 32,
        },
    },
    special=("<image>",),
    image_place="<image>",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "LlavaNextImageProcessor",
        "size": {"shortest_edge": 32},
        "crop_size": {"height": 32, "width": 32},
        "do_center_crop": True,
        "do_pad": True,
        "image_grid_pinpoints": [[32, 64], [64, 32], [64, 64]],
    },
    processor={
        "processor_class": "LlavaNextProcessor",
        "patch_size": 8,
        "vision_feature_select_strategy": "default",
        "num_additional_image_tokens": 1,
    },
    tokenizer={"extra_special_tokens": {"image_token": "<image>"}},
)
LLAVA_ONEVISION = Recipe(
    family="llava_onevision",
    config={
        "model_type": "llava_onevision",
        "image_token_index": {"token": "<image>"},
        "video_token_index": {"token": "<video>"},
        "eos_token_id": _EOS,
        "vocab_size": {"vocabulary": True},
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "full",
        "vision_aspect_ratio": "anyres_max_9",
        "image_grid_pinpoints": [[32, 64], [64, 32], [64, 64]],
        "text_config": llama(model_type="qwen2"),
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
    },
    special=("<image>", "<video>"),
    image_place="<image>",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "LlavaOnevisionImageProcessor",
        "size": {"height": 32, "width": 32},
        "do_pad": True,
        "image_grid_pinpoints": [[32, 64], [64, 32], [64, 64]],
    },
    processor={
        "processor_class": "LlavaOnevisionProcessor",
        "num_image_tokens": 16,
        "vision_feature_select_strategy": "full",
    },
)
MISTRAL3 = Recipe(
    family="mistral3",
    config={
        "model_type": "mistral3",
        "image_token_index": {"token": "[IMG]"},
        "eos_token_id": _EOS,
        "vocab_size": {"vocabulary": True},
        "spatial_merge_size": 2,
        "vision_feature_layer": -1,
        "text_config": llama(model_type="mistral"),
        "vision_config": {
            "model_type": "pixtral",
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "head_dim": 16,
            "image_size": 64,
            "patch_size": 8,
            "num_channels": 3,
            "rope_theta": 10000.0,
        },
    },
    special=("[IMG]", "[IMG_BREAK]", "[IMG_END]"),
    image_place="[IMG]",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "PixtralImageProcessor",
        "size": {"longest_edge": 64},
        "patch_size": 8,
    },
    processor={
        "processor_class": "PixtralProcessor",
        "patch_size": 8,
        "spatial_merge_size": 2,
        "image_token": "[IMG]",
        "image_break_token": "[IMG_BREAK]",
        "image_end_token": "[IMG_END]",
    },
)
RECIPES = (LLAVA_NEXT, LLAVA_ONEVISION, MISTRAL3)
