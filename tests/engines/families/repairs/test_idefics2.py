"""Idefics 2 sees each of several pictures as it sees it alone."""

import numpy as np

from tests.engines.families.repairs.building import build, mend, numbers
from tests.engines.families.repairs.test_patch_positions import config
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
        assert mend("patch_positions", model, SETTINGS)
        assert mend("idefics2", model, SETTINGS)
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
        mend("idefics2", model, SETTINGS)
        one = numbers(1, 1, 3, 12, 12)
        tokens = mx.array([[IMAGE, IMAGE]])
        filled = mx.concatenate([one, mx.zeros_like(one)], axis=1)
        return [np.array(model.get_input_embeddings(tokens, pixels).inputs_embeds) for pixels in (one, filled)]

    one, filled = desk().call(work)
    assert np.allclose(one, filled, atol=1e-6)
