"""Gemma 3 (arXiv:2503.19786), Gemma 4, PaliGemma (arXiv:2407.07726): sliding windows, attention within a prefix."""

from tests.families.recipe import NORMALIZED, Recipe, llama

_SIGLIP = {
    "model_type": "siglip_vision_model",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "patch_size": 8,
    "image_size": 32,
    "num_channels": 3,
    "layer_norm_eps": 1e-6,
}

GEMMA3 = Recipe(
    family="gemma3",
    config={
        "model_type": "gemma3",
        "image_token_index": {"token": "<image_soft_token>"},
        "eos_token_id": {"token": "<|im_end|>"},
        "pad_token_id": {"token": "<|endoftext|>"},
        "vocab_size": {"vocabulary": True},
        "hidden_size": 64,
        "mm_tokens_per_image": 4,
        "text_config": {
            **llama(model_type="gemma3_text", num_hidden_layers=3),
            "query_pre_attn_scalar": 16,
            "sliding_window": 24,
            "sliding_window_pattern": 2,
            "mm_tokens_per_image": 4,
        },
        "vision_config": _SIGLIP,
    },
    special=("<start_of_image>", "<end_of_image>", "<image_soft_token>"),
    image_place="<start_of_image>",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "Gemma3ImageProcessor",
        "size": {"height": 32, "width": 32},
        "do_pan_and_scan": False,
        "image_seq_length": 4,
    },
    processor={"processor_class": "Gemma3Processor", "image_seq_length": 4},
    tokenizer={
        "boi_token": "<start_of_image>",
        "eoi_token": "<end_of_image>",
        "image_token": "<image_soft_token>",
        "extra_special_tokens": {
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
        },
    },
)
GEMMA4 = Recipe(
    family="gemma4",
    config={
        "model_type": "gemma4",
        "image_token_id": {"token": "<|image|>"},
        "boi_token_id": {"token": "<|image>"},
        "eoi_token_id": {"token": "<image|>"},
        "audio_token_id": {"token": "<|audio|>"},
        "boa_token_id": {"token": "<|audio>"},
        "eoa_token_id": {"token": "<audio|>"},
        "video_token_id": {"token": "<|video|>"},
        "eos_token_id": {"token": "<|im_end|>"},
        "vocab_size": {"vocabulary": True},
        "hidden_size": 64,
        "vision_soft_tokens_per_image": 70,
        # Missing, it would be a tower of 300 million weights.
        "audio_config": None,
        "text_config": {
            **llama(model_type="gemma4_text", num_hidden_layers=4),
            "global_head_dim": 16,
            "vocab_size_per_layer_input": {"vocabulary": True},
            "hidden_size_per_layer_input": 8,
            "num_kv_shared_layers": 1,
            "sliding_window": 24,
            "sliding_window_pattern": 2,
            "tie_word_embeddings": True,
        },
        "vision_config": {
            "model_type": "gemma4_vision",
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "global_head_dim": 16,
            "patch_size": 8,
            "position_embedding_size": 64,
            "default_output_length": 70,
            "pooling_kernel_size": 3,
        },
    },
    special=("<|image|>", "<|image>", "<image|>", "<|audio|>", "<|audio>", "<audio|>", "<|video|>"),
    image_place="<|image|>",
    processor={
        "processor_class": "Gemma4Processor",
        "image_seq_length": 70,
        "image_processor": {"patch_size": 8, "max_soft_tokens": 70, "pooling_kernel_size": 3},
    },
    tokenizer={
        "extra_special_tokens": {
            "image_token": "<|image|>",
            "boi_token": "<|image>",
            "eoi_token": "<image|>",
            "audio_token": "<|audio|>",
            "boa_token": "<|audio>",
            "eoa_token": "<audio|>",
            "video_token": "<|video|>",
        },
    },
)
PALIGEMMA = Recipe(
    family="paligemma",
    config={
        "model_type": "paligemma",
        "image_token_index": {"token": "<image>"},
        "eos_token_id": {"token": "<|im_end|>"},
        "pad_token_id": {"token": "<|endoftext|>"},
        "vocab_size": {"vocabulary": True},
        "hidden_size": 64,
        "projection_dim": 64,
        "text_config": {**llama(model_type="gemma"), "num_image_tokens": 16},
        "vision_config": {**_SIGLIP, "projection_dim": 64},
    },
    special=("<image>",),
    image_place="<image>",
    preprocessor={
        **NORMALIZED,
        "image_processor_type": "SiglipImageProcessor",
        "size": {"height": 32, "width": 32},
        "image_seq_length": 16,
    },
    processor={"processor_class": "PaliGemmaProcessor", "image_seq_length": 16},
    tokenizer={"extra_special_tokens": {"image_token": "<image>"}},
)
RECIPES = (GEMMA3, GEMMA4, PALIGEMMA)
