"""Gemma 3 (arXiv:2503.19786), Gemma 4, PaliGemma (arXiv:2407.07726): sliding windows, attention within a picture."""

from tests.families import templates
from tests.families.recipe import HALVES, VOCABULARY, Recipe, Vocabulary, llama, rope, siglip, token

_TOWER = siglip(model_type="siglip_vision_model", vision_use_head=False)
_TILE = {"size": {"height": 32, "width": 32}, **HALVES}


def _vocabulary(**named):
    special = ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<|turn>", "<turn|>", *named.values())
    return Vocabulary(
        kind="spaces",
        special=special,
        roles={"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"},
        begins_itself=True,
        named=named,
    )


_GEMMA3_TOKENS = {
    "boi_token": "<start_of_image>",
    "eoi_token": "<end_of_image>",
    "image_token": "<image_soft_token>",
}
GEMMA3 = Recipe(
    family="gemma3",
    model="Gemma3ForConditionalGeneration",
    config={
        # Five layers with a window to one without, as released.
        "text_config": llama(
            num_hidden_layers=7,
            query_pre_attn_scalar=16,
            sliding_window=24,
            tie_word_embeddings=True,
            rope_parameters={
                "full_attention": rope(1e6, rope_type="linear", factor=8.0),
                "sliding_attention": rope(1e4),
            },
        ),
        "vision_config": _TOWER,
        "mm_tokens_per_image": 4,
        "image_token_index": token("<image_soft_token>"),
        "boi_token_index": token("<start_of_image>"),
        "eoi_token_index": token("<end_of_image>"),
        "tie_word_embeddings": True,
    },
    vocabulary=_vocabulary(**_GEMMA3_TOKENS),
    processor="Gemma3Processor",
    options={"image_seq_length": 4},
    parts={"image_processor": ("Gemma3ImageProcessor", {**_TILE, "resample": 2})},
    template=templates.GEMMA3,
)
_GEMMA4_TOKENS = {
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
    "video_token": "<|video|>",
}
GEMMA4 = Recipe(
    family="gemma4",
    model="Gemma4ForConditionalGeneration",
    config={
        "text_config": llama(
            num_hidden_layers=4,
            pad_token_id=0,
            global_head_dim=32,
            vocab_size_per_layer_input=VOCABULARY,
            hidden_size_per_layer_input=8,
            num_kv_shared_layers=1,
            sliding_window=24,
            layer_types=["sliding_attention", "full_attention"] * 2,
            tie_word_embeddings=True,
        ),
        "vision_config": {
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
        "audio_config": None,
        "tie_word_embeddings": True,
        "vision_soft_tokens_per_image": 70,
        **{f"{name}_id": token(mark) for name, mark in _GEMMA4_TOKENS.items()},
    },
    vocabulary=_vocabulary(**_GEMMA4_TOKENS),
    processor="Gemma4Processor",
    options={"image_seq_length": 70},
    parts={
        "feature_extractor": ("Gemma4AudioFeatureExtractor", {}),
        "image_processor": (
            "Gemma4ImageProcessor",
            {"patch_size": 8, "max_soft_tokens": 70, "pooling_kernel_size": 3},
        ),
        "video_processor": ("Gemma4VideoProcessor", {"patch_size": 8}),
    },
    template=templates.GEMMA4,
    # With another one it writes image tokens itself, which no trained model does, and which transformers hides.
    seed=1,
)


def _paligemma(family, **text):
    return Recipe(
        family=family,
        model="PaliGemmaForConditionalGeneration",
        config={
            "text_config": llama(tie_word_embeddings=True, rope_parameters=rope(1e4), **text),
            "vision_config": {**_TOWER, "projection_dim": 64},
            "projection_dim": 64,
            "hidden_size": 64,
            "vocab_size": VOCABULARY,
            "image_token_index": token("<image>"),
        },
        vocabulary=_vocabulary(image_token="<image>", location="<loc0000>"),
        processor="PaliGemmaProcessor",
        parts={"image_processor": ("SiglipImageProcessor", {**_TILE, "resample": 3, "image_seq_length": 16})},
        # It takes a picture and a short task, nothing else.
        skips=("system", "text", "turns"),
    )


RECIPES = (
    GEMMA3,
    GEMMA4,
    _paligemma("paligemma", model_type="gemma"),
    _paligemma("paligemma2", model_type="gemma2", query_pre_attn_scalar=16, sliding_window=24, num_hidden_layers=3),
)
