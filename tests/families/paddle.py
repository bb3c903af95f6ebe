"""PaddleOCR-VL: pictures of any resolution, positions in three axes, made for one short task a picture."""

from tests.families.recipe import CLIP_COLORS, Recipe, Vocabulary, llama, rope, siglip, token
from tests.families.templates import turns

_MARKS = {"image_token": "<|IMAGE_PLACEHOLDER|>"}
PADDLEOCR_VL = Recipe(
    family="paddleocr_vl",
    model="PaddleOCRVLForConditionalGeneration",
    config={
        "text_config": llama(
            # As released: mlx_vlm has the width of what the tower gives fixed.
            hidden_size=1024,
            use_bias=False,
            pad_token_id=0,
            bos_token_id=token("<s>"),
            eos_token_id=token("</s>"),
            rope_parameters=rope(5e5, mrope_section=[2, 3, 3]),
        ),
        "vision_config": siglip(num_attention_heads=3, image_size=64),
        "image_token_id": token("<|IMAGE_PLACEHOLDER|>"),
        "video_token_id": token("<|video_pad|>"),
        "vision_start_token_id": token("<|IMAGE_START|>"),
        "vision_end_token_id": token("<|IMAGE_END|>"),
        "tie_word_embeddings": False,
    },
    vocabulary=Vocabulary(
        kind="spaces",
        special=(
            *("<s>", "</s>", "<pad>", "<|begin_of_sentence|>", "<|end_of_sentence|>"),
            *("<|IMAGE_PLACEHOLDER|>", "<|IMAGE_START|>", "<|IMAGE_END|>", "<|video_pad|>"),
        ),
        roles={
            "bos_token": "<s>",
            "eos_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "cls_token": "<|begin_of_sentence|>",
        },
        named=_MARKS,
    ),
    processor="PaddleOCRVLProcessor",
    parts={
        "image_processor": (
            "PaddleOCRVLImageProcessor",
            {
                "patch_size": 8,
                "merge_size": 2,
                "size": {"shortest_edge": 16 * 64, "longest_edge": 64 * 64},
                **CLIP_COLORS,
            },
        )
    },
    template=turns(
        "{{ {'user': 'User: ', 'assistant': 'Assistant:\n', 'system': ''}[message['role']] }}",
        "{{ cls_token if message['role'] == 'assistant' else '\n' }}",
        "<|IMAGE_START|><|IMAGE_PLACEHOLDER|><|IMAGE_END|>",
        reply="Assistant:\n",
        before="{{ cls_token }}",
    ),
)
RECIPES = (PADDLEOCR_VL,)
