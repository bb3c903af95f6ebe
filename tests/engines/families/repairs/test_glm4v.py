"""GLM-4V: interpolated positions, against values that torch 2.13 computed, and pictures that do not see each other."""

import importlib

import numpy as np
import pytest

from tests.engines.families.repairs.building import build, mend, numbers
from vlmkit.engines.desk import desk

SIDE, WIDTH = 5, 8
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
        "hidden_size": WIDTH,
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
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.glm4v")).bicubic


@pytest.mark.parametrize("length", SQUARES)
def test_lines_are_interpolated_as_in_torch(bicubic, length):
    """To fewer, as many and more values."""
    assert np.allclose(bicubic(length, SIDE) @ np.arange(SIDE) ** 2, SQUARES[length], atol=1e-5)


def test_each_part_gets_the_position_at_its_place(repairs, bicubic):
    """Two pictures, whose parts come in squares of 2 by 2."""

    def work():
        import mlx.core as mx

        model = build("glm4v", CONFIG)
        assert mend("glm4v", model, CONFIG)
        tower = model.vision_tower
        grids = mx.array([[1, 4, 2], [1, 2, 6]])
        _, places = tower.rot_pos_emb(grids)
        got = tower.embeddings(mx.zeros((20, WIDTH)), [8, 12], grids, places[:, 0], places[:, 1])
        return np.array(got), np.array(places), np.array(tower.embeddings.position_embedding.weight)

    got, places, learned = desk().call(work)
    grid = learned.reshape(SIDE, SIDE, WIDTH)
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
        assert mend("glm4v", model, CONFIG)
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
        mend("glm4v", model, CONFIG)
        return {norm.eps for block in model.vision_tower.blocks for norm in (block.norm1, block.norm2)}

    assert desk().call(work) == {1e-3}
