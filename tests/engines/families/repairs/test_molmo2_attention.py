"""Molmo 2: tokens of all pictures see each other, words see what comes before."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.engines.families.repairs.building import mend, numbers
from vlmkit.engines.desk import desk

WIDTH, START, PATCH, END = 8, 5, 6, 7
TWO = [1, START, PATCH, END, 2, START, PATCH, PATCH, END, 3]
TEXT = {
    "hidden_size": WIDTH,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "head_dim": WIDTH,
    "vocab_size": 8,
    "additional_vocab_size": 2,
}
NUMBERS = {"<im_start>": START, "<im_patch>": PATCH, "<im_end>": END}


def build():
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
    embeddings = numbers(1, length, WIDTH)
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
        model, processor = build()
        assert mend("molmo2_attention", model, {}, processor)
        return seen(model, ids, before)

    assert (desk().call(work) == expected(ids)).all()


def test_a_long_prompt_with_pictures_is_read_whole(repairs):
    """One without may be cut."""

    def work():
        import mlx.core as mx

        model, processor = build()
        mend("molmo2_attention", model, {}, processor)
        policy = model.language_model.chunked_prefill_policy
        words = mx.ones((1, 100_000), mx.int32)
        return policy(words), policy(mx.concatenate([words, mx.array([[PATCH]])], axis=1)), policy(mx.array([[PATCH]]))

    assert desk().call(work) == (True, False, True)


def test_what_sees_right_is_left_alone(repairs):
    """A decoder that does not make its masks itself is another version of mlx_vlm."""

    def work():
        model, processor = build()

        class Mended(type(model.language_model.model)):
            def __call__(self, *given):
                return given

        model.language_model.model.__class__ = Mended
        return mend("molmo2_attention", model, {}, processor), type(model.language_model.model) is Mended

    assert desk().call(work) == (False, True)
