"""GLM-4.1V, GLM-4.5V, which has experts, and GLM-OCR: pictures of any resolution, positions in three axes."""

from tests.families import templates
from tests.families.recipe import Recipe, Vocabulary, llama, rope, token

_VOCABULARY = Vocabulary(
    kind="bytes",
    special=(
        *("[gMASK]", "<sop>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>"),
        *("<|begin_of_image|>", "<|end_of_image|>", "<|image|>"),
        *("<|begin_of_video|>", "<|end_of_video|>", "<|video|>"),
    ),
    roles={"eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"},
)
_TOWER = {
    "depth": 2,
    "hidden_size": 32,
    "intermediate_size": 48,
    "out_hidden_size": 64,
    "num_heads": 2,
    "patch_size": 8,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "in_channels": 3,
    "image_size": 64,
}
_POSITIONS = rope(1e4, mrope_section=[1, 1, 2], partial_rotary_factor=0.5)


def _recipe(family, kind, text):
    return Recipe(
        family=family,
        model=f"{kind}ForConditionalGeneration",
        config={
            "text_config": text,
            "vision_config": _TOWER,
            "image_token_id": token("<|image|>"),
            "video_token_id": token("<|video|>"),
            "image_start_token_id": token("<|begin_of_image|>"),
            "image_end_token_id": token("<|end_of_image|>"),
            "video_start_token_id": token("<|begin_of_video|>"),
            "video_end_token_id": token("<|end_of_video|>"),
        },
        vocabulary=_VOCABULARY,
        processor="Glm4vProcessor",
        parts={
            "image_processor": (
                "Glm4vImageProcessor",
                {
                    "patch_size": 8,
                    "temporal_patch_size": 2,
                    "merge_size": 2,
                    "size": {"shortest_edge": 16 * 64 * 2, "longest_edge": 64 * 64 * 2},
                },
            ),
            "video_processor": ("Glm4vVideoProcessor", {"patch_size": 8}),
        },
        template=templates.GLM4V,
    )


RECIPES = (
    _recipe("glm4v", "Glm4v", llama(rope_parameters=_POSITIONS, pad_token_id=0)),
    _recipe(
        "glm4v_moe",
        "Glm4vMoe",
        llama(
            rope_parameters=_POSITIONS,
            pad_token_id=0,
            moe_intermediate_size=40,
            num_experts_per_tok=2,
            n_routed_experts=4,
            n_shared_experts=1,
            first_k_dense_replace=1,
        ),
    ),
    _recipe(
        "glm_ocr",
        "GlmOcr",
        {
            key: value
            for key, value in llama(rope_parameters=rope(1e4, mrope_section=[2, 3, 3]), pad_token_id=0).items()
            if key != "bos_token_id"
        },
    ),
)
