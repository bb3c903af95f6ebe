"""LLaVA 1.5 (arXiv:2310.03744), NeXT, OneVision (arXiv:2408.03326), Pixtral, Mistral 3: a tower before a Llama."""

from tests.families import templates
from tests.families.recipe import CLIP_COLORS, HALVES, Recipe, Vocabulary, clip, llama, rope, siglip, token

_SPACES = Vocabulary(
    kind="spaces",
    special=("<s>", "</s>", "<pad>", "<image>"),
    roles={"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
    begins_itself=True,
    leads_with_space=True,
    named={"image_token": "<image>"},
)
_CLIP_TILE = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}, **CLIP_COLORS}
_CLIP_PATCHES = {
    "patch_size": 8,
    "vision_feature_select_strategy": "default",
    "image_token": "<image>",
    "num_additional_image_tokens": 1,
}
_SECOND_LAST = {
    "image_token_index": token("<image>"),
    "vision_feature_layer": -2,
    "vision_feature_select_strategy": "default",
    "image_seq_length": 16,
}
LLAVA = Recipe(
    family="llava",
    model="LlavaForConditionalGeneration",
    config={
        "text_config": llama(model_type="llama", rope_parameters=rope(1e4)),
        "vision_config": clip(),
        **_SECOND_LAST,
    },
    vocabulary=_SPACES,
    processor="LlavaProcessor",
    options=_CLIP_PATCHES,
    parts={"image_processor": ("CLIPImageProcessor", _CLIP_TILE)},
    template=templates.LLAVA,
)
_NEXT_PINPOINTS = [[32, 64], [64, 32], [64, 64], [96, 32], [32, 96]]
LLAVA_NEXT = Recipe(
    family="llava_next",
    model="LlavaNextForConditionalGeneration",
    config={
        "text_config": llama(model_type="mistral", sliding_window=None, rope_parameters=rope(1e6)),
        "vision_config": clip(),
        "image_grid_pinpoints": _NEXT_PINPOINTS,
        **_SECOND_LAST,
    },
    vocabulary=_SPACES,
    processor="LlavaNextProcessor",
    options=_CLIP_PATCHES,
    parts={"image_processor": ("LlavaNextImageProcessor", {**_CLIP_TILE, "image_grid_pinpoints": _NEXT_PINPOINTS})},
    template=templates.LLAVA_NEXT,
)
_ONEVISION_TILE = {"size": {"height": 32, "width": 32}}
_ONEVISION_PINPOINTS = [[32 * rows, 32 * columns] for rows in range(1, 7) for columns in range(1, 7)]
LLAVA_ONEVISION = Recipe(
    family="llava_onevision",
    model="LlavaOnevisionForConditionalGeneration",
    config={
        "text_config": llama(model_type="qwen2", rope_parameters=rope(1e6)),
        "vision_config": siglip(model_type="siglip_vision_model", vision_use_head=False),
        "image_token_index": token("<image>"),
        "video_token_index": token("<video>"),
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "full",
        "vision_aspect_ratio": "anyres_max_9",
        "image_grid_pinpoints": _ONEVISION_PINPOINTS,
    },
    vocabulary=Vocabulary(
        kind="bytes",
        special=("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"),
        roles={"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"},
        named={"image_token": "<image>", "video_token": "<video>"},
    ),
    processor="LlavaOnevisionProcessor",
    options={"num_image_tokens": 16, "vision_feature_select_strategy": "full"},
    parts={
        "image_processor": (
            "LlavaOnevisionImageProcessor",
            {**_ONEVISION_TILE, "image_grid_pinpoints": _ONEVISION_PINPOINTS, **HALVES},
        ),
        "video_processor": ("LlavaOnevisionVideoProcessor", _ONEVISION_TILE),
    },
    template=templates.LLAVA_ONEVISION,
)


def _pixtral(family, kind, merge_size, skips=(), **config):
    marks = {"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}
    return Recipe(
        family=family,
        model=f"{kind}ForConditionalGeneration",
        config={
            "text_config": llama(model_type="mistral", sliding_window=None, rope_parameters=rope(1e9)),
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
                "hidden_act": "silu",
                "rope_parameters": rope(1e4),
            },
            "image_token_index": token("[IMG]"),
            "vision_feature_layer": -1,
            **config,
        },
        vocabulary=Vocabulary(
            kind="bytes",
            special=(
                *("<unk>", "<s>", "</s>", "<pad>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
                *marks.values(),
            ),
            roles={"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
            begins_itself=True,
            named=marks,
        ),
        processor="PixtralProcessor",
        options={"patch_size": 8, "spatial_merge_size": merge_size, **marks},
        parts={
            "image_processor": (
                "PixtralImageProcessor",
                {"size": {"longest_edge": 64}, "patch_size": {"height": 8, "width": 8}, **CLIP_COLORS},
            )
        },
        template=templates.PIXTRAL,
        skips=skips,
    )


MISTRAL3 = _pixtral(
    "mistral3",
    "Mistral3",
    2,
    # Smaller than two patches a side, which transformers cannot merge.
    skips=("tiny",),
    spatial_merge_size=2,
    multimodal_projector_bias=False,
    tie_word_embeddings=False,
)
PIXTRAL = _pixtral("pixtral", "Llava", 1, vision_feature_select_strategy="full", image_seq_length=1)
RECIPES = (LLAVA, LLAVA_NEXT, LLAVA_ONEVISION, MISTRAL3, PIXTRAL)
