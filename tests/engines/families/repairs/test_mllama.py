"""Llama 3.2 Vision: with and without a picture, and while an answer is written."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.engines.families.repairs.building import build, mend, numbers
from vlmkit.engines.desk import desk

WIDTH, TILES, PARTS = 16, 3, 5
CONFIG = {
    "model_type": "mllama",
    "image_token_index": 9,
    "text_config": {
        "model_type": "mllama_text_model",
        "hidden_size": WIDTH,
        "intermediate_size": 16,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 24,
        "cross_attention_layers": [1, 2],
    },
    "vision_config": {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_global_layers": 1,
        "num_attention_heads": 2,
        "intermediate_layers_indices": [0],
        "vision_output_dim": 32,
        "image_size": 4,
        "patch_size": 2,
    },
}


class Processor:
    """A processor that says what it was asked."""

    image_processor = SimpleNamespace(max_image_tiles=2)

    def __call__(self, text=None, **options):
        return text, options


def mended():
    model, processor = build("mllama", CONFIG), Processor()
    assert mend("mllama", model, CONFIG, processor)
    return model, processor


def masks(tokens, seen_from, tiles):
    """What a prompt may see, as the model gets it: nothing before the picture, then the tiles it has."""
    import mlx.core as mx

    open_ = np.zeros((1, tokens, 1, TILES), np.int32)
    open_[:, seen_from:, :, :tiles] = 1
    return mx.array(open_)


def test_layers_that_look_are_left_out_without_a_picture(repairs):
    """The logits are those of the other layers alone."""

    def work():
        import mlx.core as mx

        model, _ = mended()
        tokens = mx.array([[1, 2, 3, 4, 5]])
        got = model.language_model(tokens).logits
        text = model.language_model.model
        hidden = text.embed_tokens(tokens)
        for place in (0, 3):
            hidden = text.layers[place](hidden, mask="causal")
        return np.array(got), np.array(model.language_model.lm_head(text.norm(hidden)))

    got, right = desk().call(work)
    assert np.allclose(got, right, atol=1e-5)


@pytest.mark.parametrize("tiles", [1, 2, 3])
def test_an_answer_sees_what_the_prompt_saw(repairs, tiles):
    """Token after token gives the logits of the whole text at once, whose mask goes on as its last row."""

    def work():
        import mlx.core as mx
        from mlx_vlm.models.cache import make_prompt_cache

        model, _ = mended()
        text = model.language_model
        states = numbers(1, TILES * PARTS, WIDTH)
        tokens = mx.array([[1, 9, 3, 4, 5, 6, 7]])

        def asked(length):
            mask, rows = model._prepare_cross_attention_mask(masks(length, 1, tiles), num_vision_tokens=PARTS)
            return {"cross_attention_mask": mask, "full_text_row_masked_out_mask": rows}

        whole = text(tokens, cross_attention_states=states, **asked(7)).logits[0, 4:]
        cache = make_prompt_cache(text)
        output = text(tokens[:, :5], cross_attention_states=states, cache=cache, **asked(5))
        steps = [output.logits[0, -1]]
        for place in (5, 6):
            output = text(
                tokens[:, place : place + 1], cross_attention_states=output.cross_attention_states, cache=cache
            )
            steps.append(output.logits[0, -1])
        return np.array(whole), np.array(mx.stack(steps))

    whole, steps = desk().call(work)
    assert np.allclose(whole, steps, atol=1e-4)


def test_tiles_are_those_of_the_checkpoint(repairs):
    """The most of a picture, unless something else is asked for."""

    def work():
        _, processor = mended()
        return processor("x"), processor("x", max_image_tiles=1)

    assert desk().call(work) == (("x", {"max_image_tiles": 2}), ("x", {"max_image_tiles": 1}))
