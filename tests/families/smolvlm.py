"""SmolVLM (arXiv:2504.05299) and Idefics 2 and 3 (arXiv:2408.12637): a SigLIP tower, pixel shuffle or a resampler."""

from tests.families import templates
from tests.families.recipe import HALVES, Recipe, Vocabulary, llama, rope, siglip, token

_GRID = tuple(f"<row_{row}_col_{column}>" for row in (1, 2) for column in (1, 2))
_VOCABULARY = Vocabulary(
    kind="bytes",
    special=(
        "<|endoftext|>",
        "<|im_start|>",
        "<end_of_utterance>",
        "<image>",
        "<fake_token_around_image>",
        "<global-img>",
        *_GRID,
    ),
    roles={
        "bos_token": "<|im_start|>",
        "eos_token": "<end_of_utterance>",
        "pad_token": "<|im_start|>",
        "unk_token": "<|endoftext|>",
    },
)
_IMAGES = {
    "size": {"longest_edge": 64},
    "max_image_size": {"longest_edge": 32},
    "do_image_splitting": True,
    "do_resize": True,
    "do_pad": True,
    "do_normalize": True,
    "do_rescale": True,
    "do_convert_rgb": True,
    **HALVES,
}


def _recipe(family, kind, positions):
    parts = {"image_processor": (f"{kind}ImageProcessor", _IMAGES)}
    if kind == "SmolVLM":
        parts["video_processor"] = ("SmolVLMVideoProcessor", {"size": {"longest_edge": 64}})
    return Recipe(
        family=family,
        model=f"{kind}ForConditionalGeneration",
        config={
            "text_config": llama(model_type="llama", rope_parameters=positions),
            "vision_config": siglip(model_type=f"{kind.lower()}_vision"),
            "scale_factor": 2,
            "image_token_id": token("<image>"),
            "tie_word_embeddings": False,
            "pad_token_id": token("<|im_start|>"),
        },
        vocabulary=_VOCABULARY,
        processor=f"{kind}Processor",
        options={"image_seq_len": 4},
        parts=parts,
        template=templates.smolvlm("<|im_start|>"),
    )


SMOLVLM = _recipe("smolvlm", "SmolVLM", rope(1e5))
IDEFICS3 = _recipe("idefics3", "Idefics3", rope(5e5))
# The released one stands on Llama 3.1, whose positions are scaled.
IDEFICS3_LLAMA31 = _recipe(
    "idefics3_llama31",
    "Idefics3",
    rope(
        5e5,
        rope_type="llama3",
        factor=8.0,
        high_freq_factor=4.0,
        low_freq_factor=1.0,
        original_max_position_embeddings=64,
    ),
)
IDEFICS2 = Recipe(
    family="idefics2",
    model="Idefics2ForConditionalGeneration",
    config={
        "text_config": llama(model_type="mistral", sliding_window=None, rope_parameters=rope(1e4)),
        "vision_config": siglip(model_type="idefics2_vision", image_size=64),
        "perceiver_config": {
            "hidden_size": 64,
            "resampler_n_latents": 4,
            "resampler_depth": 2,
            "resampler_n_heads": 4,
            "num_key_value_heads": 2,
            "resampler_head_dim": 16,
        },
        "image_token_id": token("<image>"),
        "tie_word_embeddings": False,
    },
    vocabulary=Vocabulary(
        kind="spaces",
        special=("<s>", "</s>", "<pad>", "<image>", "<fake_token_around_image>", "<end_of_utterance>"),
        roles={"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"},
        begins_itself=True,
        leads_with_space=True,
    ),
    processor="Idefics2Processor",
    options={"image_seq_len": 4},
    parts={
        "image_processor": (
            "Idefics2ImageProcessor",
            {"size": {"shortest_edge": 24, "longest_edge": 64}, "do_image_splitting": False, **HALVES},
        )
    },
    template=templates.smolvlm(""),
)
RECIPES = (SMOLVLM, IDEFICS3, IDEFICS3_LLAMA31, IDEFICS2)
