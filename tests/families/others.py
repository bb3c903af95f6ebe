"""InternVL (arXiv:2404.16821), LFM2-VL, Aya Vision, Llama 3.2 Vision, Florence-2 (arXiv:2311.06242)."""

from tests.families import templates
from tests.families.recipe import (
    CLIP_COLORS,
    HALVES,
    IMAGENET_COLORS,
    VOCABULARY,
    Recipe,
    Vocabulary,
    llama,
    rope,
    siglip,
    token,
)

_CHATML = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_TILE = {"size": {"height": 32, "width": 32}}


def _internvl(family, text):
    marks = {
        "start_image_token": "<img>",
        "end_image_token": "</img>",
        "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }
    return Recipe(
        family=family,
        model="InternVLForConditionalGeneration",
        config={
            "text_config": llama(model_type=text, rope_parameters=rope(1e6)),
            "vision_config": {
                "hidden_size": 32,
                "intermediate_size": 48,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "image_size": [32, 32],
                "patch_size": [8, 8],
                "use_qk_norm": False,
                "use_absolute_position_embeddings": True,
                "layer_scale_init_value": 0.1,
                "attention_bias": True,
                "use_mean_pooling": True,
            },
            "image_token_id": token("<IMG_CONTEXT>"),
            "image_seq_length": 4,
            "downsample_ratio": 0.5,
            "vision_feature_layer": -1,
            "vision_feature_select_strategy": "default",
            "tie_word_embeddings": False,
        },
        vocabulary=Vocabulary(
            kind="bytes",
            special=(*_CHATML, *marks.values()),
            roles={"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
            named=marks,
        ),
        processor="InternVLProcessor",
        options={"image_seq_length": 4},
        parts={
            "image_processor": (
                "GotOcr2ImageProcessor",
                {"crop_to_patches": True, "min_patches": 1, "max_patches": 12, **_TILE, **IMAGENET_COLORS},
            ),
            "video_processor": ("InternVLVideoProcessor", _TILE),
        },
        template=templates.chatml("<IMG_CONTEXT>\n"),
    )


_LFM2_TOKENS = {
    "image_token": "<image>",
    "image_start_token": "<|image_start|>",
    "image_end_token": "<|image_end|>",
    "image_thumbnail": "<|img_thumbnail|>",
}
LFM2_VL = Recipe(
    family="lfm2_vl",
    model="Lfm2VlForConditionalGeneration",
    config={
        "text_config": {
            "model_type": "lfm2",
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 1024,
            "vocab_size": VOCABULARY,
            "block_dim": 64,
            "block_ff_dim": 96,
            "block_multiple_of": 8,
            "block_auto_adjust_ff_dim": True,
            "conv_dim": 64,
            "conv_dim_out": 64,
            "conv_L_cache": 3,
            "conv_bias": False,
            "layer_types": ["conv", "full_attention", "conv"],
            "rope_parameters": rope(1e6),
        },
        "vision_config": {
            "model_type": "siglip2_vision_model",
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "patch_size": 8,
            "num_patches": 64,
            "num_channels": 3,
            "vision_use_head": False,
        },
        "image_token_id": token("<image>"),
        "projector_hidden_size": 48,
        "downsample_factor": 2,
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=(
            *("<|pad|>", "<|startoftext|>", "<|im_start|>", "<|im_end|>"),
            *_LFM2_TOKENS.values(),
            *(f"<|img_row_{row}_col_{column}|>" for row in range(1, 5) for column in range(1, 5)),
        ),
        roles={"bos_token": "<|startoftext|>", "eos_token": "<|im_end|>", "pad_token": "<|pad|>"},
        begins_itself=True,
        named=_LFM2_TOKENS,
    ),
    processor="Lfm2VlProcessor",
    parts={
        "image_processor": (
            "Lfm2VlImageProcessor",
            {
                "downsample_factor": 2,
                "encoder_patch_size": 8,
                "max_image_tokens": 16,
                "min_image_tokens": 4,
                "max_num_patches": 64,
                "do_image_splitting": True,
                "tile_size": 32,
                "min_tiles": 2,
                "max_tiles": 4,
                "use_thumbnail": True,
                "max_pixels_tolerance": 2.0,
            },
        )
    },
    template=templates.chatml("<image>", before="{{ bos_token }}"),
)
AYA_VISION = Recipe(
    family="aya_vision",
    model="AyaVisionForConditionalGeneration",
    config={
        "text_config": llama(
            model_type="cohere2",
            num_hidden_layers=4,
            sliding_window=24,
            logit_scale=0.25,
            rope_parameters=rope(5e4),
            tie_word_embeddings=True,
        ),
        "vision_config": siglip(model_type="siglip_vision_model", vision_use_head=False),
        "image_token_index": token("<|IMG_PATCH|>"),
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "full",
        "downsample_factor": 2,
        "adapter_layer_norm_eps": 1e-6,
        "alignment_intermediate_size": 96,
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=(
            *("<PAD>", "<BOS_TOKEN>", "<EOS_TOKEN>", "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
            *("<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>", "<|SYSTEM_TOKEN|>", "<image>"),
            *("<|START_OF_IMG|>", "<|END_OF_IMG|>", "<|IMG_PATCH|>", "<|IMG_LINE_BREAK|>", "TILE", "TILE_GLOBAL"),
        ),
        roles={"bos_token": "<BOS_TOKEN>", "eos_token": "<|END_OF_TURN_TOKEN|>", "pad_token": "<PAD>"},
        begins_itself=True,
    ),
    processor="AyaVisionProcessor",
    options={"patch_size": 8, "img_size": 32, "downsample_factor": 2},
    parts={
        "image_processor": (
            "GotOcr2ImageProcessor",
            {"crop_to_patches": True, "min_patches": 1, "max_patches": 6, **_TILE, **HALVES},
        )
    },
    template=templates.AYA_VISION,
)
_RATIOS = [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1], [2, 2], [3, 1], [4, 1]]
MLLAMA = Recipe(
    family="mllama",
    model="MllamaForConditionalGeneration",
    config={
        "text_config": {
            **{key: value for key, value in llama().items() if key != "head_dim"},
            "num_hidden_layers": 3,
            "cross_attention_layers": [1],
            "rope_parameters": rope(
                5e5,
                rope_type="llama3",
                factor=8.0,
                high_freq_factor=4.0,
                low_freq_factor=1.0,
                original_max_position_embeddings=64,
            ),
            "bos_token_id": token("<|begin_of_text|>"),
            "eos_token_id": token("<|eot_id|>"),
            "pad_token_id": token("<|finetune_right_pad_id|>"),
        },
        "vision_config": {
            "hidden_size": 64,
            "num_hidden_layers": 2,
            "num_global_layers": 1,
            # As released: mlx_vlm reads the number under another name, and takes 16 where it finds none.
            "attention_heads": 16,
            "intermediate_size": 48,
            "vision_output_dim": 128,
            "image_size": 32,
            "patch_size": 8,
            "max_num_tiles": 4,
            "supported_aspect_ratios": _RATIOS,
            "intermediate_layers_indices": [0],
        },
        "image_token_index": token("<|image|>"),
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=(
            *("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"),
            *("<|image|>", "<|finetune_right_pad_id|>"),
        ),
        roles={"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "pad_token": "<|finetune_right_pad_id|>"},
        begins_itself=True,
    ),
    processor="MllamaProcessor",
    parts={"image_processor": ("MllamaImageProcessor", {"max_image_tiles": 4, **_TILE, **CLIP_COLORS})},
    template=templates.MLLAMA,
)
FLORENCE2 = Recipe(
    family="florence2",
    model="Florence2ForConditionalGeneration",
    config={
        "text_config": {
            "model_type": "bart",
            "vocab_size": VOCABULARY,
            "d_model": 64,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_attention_heads": 4,
            "decoder_attention_heads": 4,
            "encoder_ffn_dim": 96,
            "decoder_ffn_dim": 96,
            "max_position_embeddings": 512,
            "bos_token_id": token("<s>"),
            "eos_token_id": token("</s>"),
            "pad_token_id": token("<pad>"),
            "decoder_start_token_id": token("</s>"),
            "forced_eos_token_id": None,
        },
        "vision_config": {
            "depths": [1, 1, 1, 1],
            "embed_dim": [16, 16, 32, 32],
            "num_heads": [2, 2, 2, 2],
            "num_groups": [2, 2, 2, 2],
            "patch_size": [7, 3, 3, 3],
            "patch_stride": [4, 2, 2, 2],
            "patch_padding": [3, 1, 1, 1],
            "window_size": 4,
            "projection_dim": 64,
        },
        "image_token_id": token("<image>"),
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=("<s>", "<pad>", "</s>", "<unk>", "<image>"),
        roles={"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
        begins_itself=True,
        ends_itself=True,
        named={"image_token": "<image>"},
    ),
    processor="Florence2Processor",
    parts={
        "image_processor": (
            "CLIPImageProcessor",
            {
                "size": {"height": 128, "width": 128},
                "do_center_crop": False,
                "image_seq_length": 17,
                **IMAGENET_COLORS,
            },
        )
    },
    # It takes one picture and a task, nothing else.
    skips=("two", "system", "text", "turns"),
)
RECIPES = (
    _internvl("internvl", "qwen3"),
    _internvl("internvl_qwen2", "qwen2"),
    LFM2_VL,
    AYA_VISION,
    MLLAMA,
    FLORENCE2,
)
