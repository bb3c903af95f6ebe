"""Positions of the parts of a picture: those that transformers 5.24 was seen to take, and values of torch 2.13."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from tests.engines.repairs.building import build, mend, numbers
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

    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.positions")).positions


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
        assert mend("positions.IDEFICS", model, config(family, side)) is needed
        embeddings = model.vision_model.embeddings
        x = mx.zeros((1, 2 * side, 2 * side, 3))
        mask = mx.ones((1, side, side), mx.bool_)
        return np.array(embeddings(x, mask) - embeddings.patch_embedding(x).reshape(1, side * side, -1)), np.array(
            embeddings.position_embedding.weight
        )

    got, vectors = desk().call(added)
    assert np.allclose(got[0], vectors[positions(np.ones((1, side, side), bool), side)[0]], atol=1e-5)


MINICPM_WIDTH, PATCH = 4, 2


def tower(family, side):
    """Embeddings of a tower with `side` positions along each side."""
    import mlx.core as mx

    module = importlib.import_module(f"mlx_vlm.models.{family}.vision")
    settings = SimpleNamespace(hidden_size=MINICPM_WIDTH, image_size=PATCH * side, patch_size=PATCH, num_channels=3)
    embeddings = module.SiglipVisionEmbeddings(settings)
    embeddings.position_embedding.weight = numbers(side * side, MINICPM_WIDTH)
    mx.eval(embeddings.parameters())
    return SimpleNamespace(vision_tower=SimpleNamespace(embeddings=embeddings))


@pytest.mark.parametrize("family", ["minicpmo", "minicpmv4_6"])
@pytest.mark.parametrize(("side", "parts"), [(70, 70), (70, 33), (27, 20), (26, 9)])
def test_parts_get_their_own_position(repairs, family, side, parts):
    """Those that transformers was seen to take, in a row of parts and in a column."""

    def work():
        import mlx.core as mx

        model = tower(family, side)
        assert mend("positions.MINICPM", model, {})
        embeddings = model.vision_tower.embeddings
        x = numbers(1, PATCH, PATCH * parts, 3, seed=1)
        plain = embeddings.patch_embedding(x).reshape(1, parts, MINICPM_WIDTH)
        row, column = (embeddings(x, tgt_sizes=mx.array([sizes])) - plain for sizes in ([1, parts], [parts, 1]))
        return np.array(row)[0], np.array(column)[0], np.array(embeddings.position_embedding.weight)

    row, column, learned = desk().call(work)
    places = np.array(SEEN[side, parts])
    assert np.allclose(row, learned[places], atol=1e-4)
    assert np.allclose(column, learned[places * side], atol=1e-4)


@pytest.mark.parametrize("family", ["minicpmo", "minicpmv4_6"])
def test_a_grid_that_rounds_rightly_is_left_alone(repairs, family):
    """As 32 does."""
    assert not desk().call(lambda: mend("positions.MINICPM", tower(family, 32), {}))


SIDE, GLM4V_WIDTH = 5, 8
CONFIG = {
    "model_type": "glm4v",
    "eos_token_id": [0],
    "text_config": {
        "model_type": "glm4v_text",
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "vocab_size": 16,
        "rope_scaling": {"type": "default", "mrope_section": [1, 0, 1]},
    },
    "vision_config": {
        "model_type": "glm4v",
        "depth": 2,
        "hidden_size": GLM4V_WIDTH,
        "intermediate_size": 8,
        "out_hidden_size": 16,
        "num_heads": 2,
        "patch_size": 2,
        "image_size": 2 * SIDE,
        "rms_norm_eps": 1e-3,
    },
}
# 0, 1, 4, 9, 16 interpolated with the border repeated.
SQUARES = {
    3: [0.14814531803131104, 4.0, 14.074069023132324],
    5: [0.0, 1.0, 4.0, 9.0, 16.0],
    8: [-0.092834, 0.187561, 1.176514, 2.619385, 5.441650, 8.471435, 13.395081, 16.649841],
}


@pytest.fixture(scope="session")
def bicubic(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.positions")).bicubic


@pytest.mark.parametrize("length", SQUARES)
def test_lines_are_interpolated_as_in_torch(bicubic, length):
    """To fewer, as many and more values."""
    assert np.allclose(bicubic(length, SIDE) @ np.arange(SIDE) ** 2, SQUARES[length], atol=1e-5)


def test_each_part_gets_the_position_at_its_place(repairs, bicubic):
    """Two pictures, whose parts come in squares of 2 by 2."""

    def work():
        import mlx.core as mx

        model = build("glm4v", CONFIG)
        assert mend("positions.GLM4V", model, CONFIG)
        tower = model.vision_tower
        grids = mx.array([[1, 4, 2], [1, 2, 6]])
        _, places = tower.rot_pos_emb(grids)
        got = tower.embeddings(mx.zeros((20, GLM4V_WIDTH)), [8, 12], grids, places[:, 0], places[:, 1])
        return np.array(got), np.array(places), np.array(tower.embeddings.position_embedding.weight)

    got, places, learned = desk().call(work)
    grid = learned.reshape(SIDE, SIDE, GLM4V_WIDTH)
    for first, last, rows, columns in ((0, 8, 4, 2), (8, 20, 2, 6)):
        whole = np.einsum("rs,stw,ct->rcw", bicubic(rows, SIDE), grid, bicubic(columns, SIDE))
        assert np.allclose(got[first:last], [whole[row, column] for row, column in places[first:last]], atol=1e-5)


def test_each_picture_is_seen_as_alone(repairs):
    """Five of them: mlx_vlm tells three apart."""

    def work():
        import mlx.core as mx

        model = build("glm4v", CONFIG)
        grids = [[1, 2, 2], [1, 4, 2], [1, 2, 4], [1, 2, 2], [1, 4, 4]]
        pictures = [numbers(t * h * w, 3 * 2 * 2 * 2, seed=h + w + i) for i, (t, h, w) in enumerate(grids)]
        before = model.vision_tower(mx.concatenate(pictures), mx.array(grids))
        assert mend("positions.GLM4V", model, CONFIG)
        together = model.vision_tower(mx.concatenate(pictures), mx.array(grids))
        alone = [model.vision_tower(x, mx.array([grid])) for x, grid in zip(pictures, grids, strict=True)]
        return np.array(before), np.array(together), np.array(mx.concatenate(alone))

    before, together, alone = desk().call(work)
    assert np.allclose(together, alone, atol=1e-4)
    assert np.abs(before - alone).max() > 1e-2


def test_norms_have_the_epsilon_of_the_checkpoint(repairs):
    """mlx_vlm has one of its own in each block."""

    def work():
        model = build("glm4v", CONFIG)
        mend("positions.GLM4V", model, CONFIG)
        return {norm.eps for block in model.vision_tower.blocks for norm in (block.norm1, block.norm2)}

    assert desk().call(work) == {1e-3}
