"""Tokens and answers see what they were trained to see of pictures, and nothing else."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.engines.repairs.building import build, mend, numbers
from tests.engines.repairs.test_positions import config
from vlmkit.engines.desk import desk

IMAGE = 5
SETTINGS = config("idefics2", 6) | {"image_token_id": IMAGE}


def features(model, pixels, mask):
    """What stands at the image tokens of a prompt."""
    import mlx.core as mx

    tokens = mx.array([[1] + [IMAGE] * 2 * len(pixels[0]) + [2]])
    made = model.get_input_embeddings(tokens, pixels, pixel_attention_mask=mask).inputs_embeds
    return np.array(made[0, 1:-1])


def test_padding_is_not_seen(repairs):
    """A small picture beside a large one: padded to its size, with other things than zeros in the padding, too."""

    def work():
        import mlx.core as mx

        model = build("idefics2", SETTINGS)
        large, small = numbers(1, 1, 3, 12, 12), numbers(1, 1, 3, 9, 5, seed=1)
        pixels = mx.concatenate([large, mx.pad(small, [(0, 0)] * 3 + [(0, 3), (0, 7)], constant_values=0.5)], axis=1)
        mask = np.zeros((1, 2, 12, 12), np.int32)
        mask[0, 0], mask[0, 1, :9, :5] = 1, 1
        before = features(model, pixels, mx.array(mask))
        assert mend("positions.IDEFICS", model, SETTINGS)
        assert mend("attention.IDEFICS2", model, SETTINGS)
        together = features(model, pixels, mx.array(mask))
        alone = [features(model, one, mx.ones((1, 1, *one.shape[3:]))) for one in (large, small)]
        return before, together, np.concatenate(alone)

    before, together, alone = desk().call(work)
    assert np.allclose(together, alone, atol=1e-5)
    assert np.abs(before[2:] - alone[2:]).max() > 1e-2


def test_pictures_of_zeros_are_none(repairs):
    """They fill up the shorter of two prompts."""

    def work():
        import mlx.core as mx

        model = build("idefics2", SETTINGS)
        mend("attention.IDEFICS2", model, SETTINGS)
        one = numbers(1, 1, 3, 12, 12)
        tokens = mx.array([[IMAGE, IMAGE]])
        filled = mx.concatenate([one, mx.zeros_like(one)], axis=1)
        return [np.array(model.get_input_embeddings(tokens, pixels).inputs_embeds) for pixels in (one, filled)]

    one, filled = desk().call(work)
    assert np.allclose(one, filled, atol=1e-6)


MLLAMA_WIDTH, TILES, PARTS = 16, 3, 5
CONFIG = {
    "model_type": "mllama",
    "image_token_index": 9,
    "text_config": {
        "model_type": "mllama_text_model",
        "hidden_size": MLLAMA_WIDTH,
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
    assert mend("attention.MLLAMA", model, CONFIG, processor)
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
        states = numbers(1, TILES * PARTS, MLLAMA_WIDTH)
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


MOLMO2_WIDTH, START, PATCH, END = 8, 5, 6, 7
TWO = [1, START, PATCH, END, 2, START, PATCH, PATCH, END, 3]
TEXT = {
    "hidden_size": MOLMO2_WIDTH,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "head_dim": MOLMO2_WIDTH,
    "vocab_size": 8,
    "additional_vocab_size": 2,
}
NUMBERS = {"<im_start>": START, "<im_patch>": PATCH, "<im_end>": END}


def build_molmo2():
    """What a repair needs of a model, and a processor that knows three of the marks."""
    from mlx import nn
    from mlx_vlm.models.molmo2 import LanguageModel, TextConfig

    model = nn.Module()
    model.language_model = LanguageModel(TextConfig.from_dict(TEXT))
    tokenizer = SimpleNamespace(convert_tokens_to_ids=lambda names: [NUMBERS.get(name) for name in names])
    return model, SimpleNamespace(tokenizer=tokenizer)


def seen(model, ids, before=0):
    """Which tokens change what is made of each: one of each pair at a time, with some read before."""
    import mlx.core as mx
    from mlx_vlm.models.cache import KVCache

    def read(embeddings):
        decoder, cache = model.language_model.model, [KVCache()]
        given = [1] * before + ids
        parts = [(0, before), (before, len(given))] if before else [(0, len(given))]
        for first, last in parts:
            made = decoder(mx.array([given[first:last]]), embeddings[:, first:last], cache=cache)
        return np.array(made)[0]

    length = before + len(ids)
    embeddings = numbers(1, length, MOLMO2_WIDTH)
    plain = read(embeddings)
    changed = [
        read(mx.where(mx.arange(length)[None, :, None] == at, embeddings + 1, embeddings)) for at in range(length)
    ]
    return np.stack([np.abs(one - plain).max(axis=-1) > 1e-5 for one in changed], axis=1)[:, before:]


def expected(ids):
    pictures = np.array(ids) >= START
    return np.tril(np.ones((len(ids), len(ids)), bool)) | (pictures[:, None] & pictures)


@pytest.mark.parametrize("ids", [TWO, TWO[:5], [1, 2, 3]], ids=["two", "one", "none"])
@pytest.mark.parametrize("before", [0, 2])
def test_tokens_of_pictures_see_each_other(repairs, ids, before):
    """Those of another picture, and marks and rows' ends, too; in one go or behind what was read before."""

    def work():
        model, processor = build_molmo2()
        assert mend("attention.MOLMO2", model, {}, processor)
        return seen(model, ids, before)

    assert (desk().call(work) == expected(ids)).all()


def test_a_long_prompt_with_pictures_is_read_whole(repairs):
    """One without may be cut."""

    def work():
        import mlx.core as mx

        model, processor = build_molmo2()
        mend("attention.MOLMO2", model, {}, processor)
        policy = model.language_model.chunked_prefill_policy
        words = mx.ones((1, 100_000), mx.int32)
        return policy(words), policy(mx.concatenate([words, mx.array([[PATCH]])], axis=1)), policy(mx.array([[PATCH]]))

    assert desk().call(work) == (True, False, True)


def test_what_sees_right_is_left_alone(repairs):
    """A decoder that does not make its masks itself is another version of mlx_vlm."""

    def work():
        model, processor = build_molmo2()

        class Mended(type(model.language_model.model)):
            def __call__(self, *given):
                return given

        model.language_model.model.__class__ = Mended
        return mend("attention.MOLMO2", model, {}, processor), type(model.language_model.model) is Mended

    assert desk().call(work) == (False, True)
