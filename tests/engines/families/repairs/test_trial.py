"""A small model stands for a large one: same class, same settings, its own weights."""

import importlib

import pytest

from tests.engines.families.repairs import test_gemma3
from vlmkit.engines.desk import desk


@pytest.mark.usefixtures("repairs")
def test_it_is_small_and_always_the_same():
    """Whatever the size of the loaded one; what is not a size stays."""

    def work():
        import numpy as np
        from mlx.utils import tree_flatten

        trial = importlib.import_module("vlmkit.engines.families.repairs.trial")
        model = test_gemma3.build(hidden_size=64, rope_local_base_freq=123.0)
        made = [trial.small(model, text={"mm_tokens_per_image": trial.PICTURE_TOKENS}) for _ in range(2)]
        weights = [[np.array(weight) for _, weight in tree_flatten(one.parameters())] for one in made]
        assert type(made[0]) is type(model)
        assert sum(weight.size for weight in weights[0]) < 5000
        assert made[0].config.text_config.rope_local_base_freq == 123.0
        assert model.config.text_config.hidden_size == 64
        assert trial.pixels(2).shape == (2, 3, 4, 4)
        return all((one == other).all() for one, other in zip(*weights, strict=True))

    assert desk().call(work)
