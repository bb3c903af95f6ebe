"""Positions of the parts of a picture, against those that transformers 5.24 was seen to take."""

import numpy as np
import pytest

from tests.engines.families.repairs.building import build, mend
from vlmkit.engines.desk import desk

TEXT = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "rms_norm_eps": 1e-5,
    "vocab_size": 8,
}
VISION = {"hidden_size": 4, "intermediate_size": 4, "num_hidden_layers": 1, "num_attention_heads": 1, "patch_size": 2}
PERCEIVER = {
    "model_type": "idefics2_perceiver",
    "resampler_n_latents": 2,
    "resampler_depth": 1,
    "resampler_n_heads": 1,
    "num_key_value_heads": 1,
    "resampler_head_dim": 8,
}
# Of 20 parts among 27 positions, 9 among 26, 33 among 70.
SEEN = {
    (27, 20): [0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25],
    (26, 9): [0, 2, 5, 8, 11, 14, 17, 20, 23],
    (70, 33): [*range(0, 18, 2), *range(19, 35, 2), *range(36, 52, 2), *range(53, 68, 2)],
    (4, 7): [0, 0, 1, 1, 2, 2, 3],
    (26, 26): list(range(26)),
    (27, 27): list(range(27)),
    (32, 32): list(range(32)),
    (70, 70): list(range(70)),
}


def config(family, side):
    towers = {"idefics2": "idefics2", "idefics3": "idefics3_vision", "smolvlm": "smolvlm_vision"}
    return {
        "model_type": family,
        "text_config": {"model_type": "mistral", **TEXT},
        "vision_config": {"model_type": towers[family], "image_size": 2 * side, **VISION},
        "perceiver_config": PERCEIVER,
    }


@pytest.fixture(scope="session")
def positions(repairs):
    import importlib

    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.patch_positions")).positions


@pytest.mark.parametrize(("side", "parts"), SEEN)
def test_positions_are_those_of_transformers(positions, side, parts):
    """Whatever the picture's size; where it fills the grid, each part has its own position."""
    row = np.array(SEEN[side, parts])
    got = positions(np.ones((1, 3, parts), bool), side)[0].reshape(3, parts)
    down = positions(np.ones((1, parts, 3), bool), side)[0].reshape(parts, 3)
    assert np.array_equal(got - got[:, :1], np.tile(row, (3, 1)))
    assert np.array_equal(down[:, 0], row * side)


def test_padding_does_not_stretch_a_picture(positions):
    """A picture of 2 by 3 parts in a batch of 3 by 4 has the positions it would have alone."""
    mask = np.zeros((2, 3, 4), bool)
    mask[0] = True
    mask[1, :2, :3] = True
    padded = positions(mask, 8)[1].reshape(3, 4)
    assert np.array_equal(padded[:2, :3].ravel(), positions(np.ones((1, 2, 3), bool), 8)[0])
    assert not padded[2].any()
    assert not padded[:, 3].any()


@pytest.mark.parametrize(
    ("family", "side", "needed"),
    [("idefics2", 4, True), ("idefics3", 27, True), ("smolvlm", 26, True), ("smolvlm", 32, False)],
)
def test_the_tower_takes_them(repairs, positions, family, side, needed):
    """What it adds to a part is the vector of its position; where mlx_vlm does already, nothing is changed."""

    def added():
        import mlx.core as mx

        model = build(family, config(family, side))
        assert mend("patch_positions", model, config(family, side)) is needed
        embeddings = model.vision_model.embeddings
        x = mx.zeros((1, 2 * side, 2 * side, 3))
        mask = mx.ones((1, side, side), mx.bool_)
        return np.array(embeddings(x, mask) - embeddings.patch_embedding(x).reshape(1, side * side, -1)), np.array(
            embeddings.position_embedding.weight
        )

    got, vectors = desk().call(added)
    assert np.allclose(got[0], vectors[positions(np.ones((1, side, side), bool), side)[0]], atol=1e-5)
