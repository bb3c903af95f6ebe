"""MiniCPM's parts get the position at their place, in the grid that the released models have and in others."""

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from tests.engines.families.repairs.building import mend, numbers
from tests.engines.families.repairs.test_patch_positions import SEEN
from vlmkit.engines.desk import desk

WIDTH, PATCH = 4, 2


def tower(family, side):
    """Embeddings of a tower with `side` positions along each side."""
    import mlx.core as mx

    module = importlib.import_module(f"mlx_vlm.models.{family}.vision")
    settings = SimpleNamespace(hidden_size=WIDTH, image_size=PATCH * side, patch_size=PATCH, num_channels=3)
    embeddings = module.SiglipVisionEmbeddings(settings)
    embeddings.position_embedding.weight = numbers(side * side, WIDTH)
    mx.eval(embeddings.parameters())
    return SimpleNamespace(vision_tower=SimpleNamespace(embeddings=embeddings))


@pytest.mark.parametrize("family", ["minicpmo", "minicpmv4_6"])
@pytest.mark.parametrize(("side", "parts"), [(70, 70), (70, 33), (27, 20), (26, 9)])
def test_parts_get_their_own_position(repairs, family, side, parts):
    """Those that transformers was seen to take, in a row of parts and in a column."""

    def work():
        import mlx.core as mx

        model = tower(family, side)
        assert mend("packed_positions", model, {})
        embeddings = model.vision_tower.embeddings
        x = numbers(1, PATCH, PATCH * parts, 3, seed=1)
        plain = embeddings.patch_embedding(x).reshape(1, parts, WIDTH)
        row, column = (embeddings(x, tgt_sizes=mx.array([sizes])) - plain for sizes in ([1, parts], [parts, 1]))
        return np.array(row)[0], np.array(column)[0], np.array(embeddings.position_embedding.weight)

    row, column, learned = desk().call(work)
    places = np.array(SEEN[side, parts])
    assert np.allclose(row, learned[places], atol=1e-4)
    assert np.allclose(column, learned[places * side], atol=1e-4)


@pytest.mark.parametrize("family", ["minicpmo", "minicpmv4_6"])
def test_a_grid_that_rounds_rightly_is_left_alone(repairs, family):
    """As 32 does."""
    assert not desk().call(lambda: mend("packed_positions", tower(family, 32), {}))
