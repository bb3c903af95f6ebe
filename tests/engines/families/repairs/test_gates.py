"""Layers with a gate use the function that the checkpoint names."""

import importlib
import math

import numpy as np
import pytest

from tests.engines.families.repairs import test_llava_next
from vlmkit.engines.desk import desk

FUNCTIONS = {
    "gelu": lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_pytorch_tanh": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "quick_gelu": lambda x: x / (1 + math.exp(-1.702 * x)),
    "relu": lambda x: max(x, 0.0),
    "silu": lambda x: x / (1 + math.exp(-x)),
}


def mend(model, **text):
    settings = {"model_type": "llava_next", "text_config": {**test_llava_next.TEXT, **text}}
    settings["vision_config"] = test_llava_next.VISION
    return importlib.import_module("vlmkit.engines.families.repairs.gates").REPAIR.after_load(model, None, settings)


def gate(model):
    return model.language_model.model.layers[0].mlp


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.usefixtures("repairs")
def test_the_gate_is_the_one_named(name):
    """And that of another model of the process stays silu."""

    def work():
        import mlx.core as mx

        model, other = test_llava_next.build(), test_llava_next.build()
        changed = mend(model, hidden_act=name)
        x = mx.array(np.random.default_rng(1).normal(size=(1, 2, test_llava_next.TEXT["hidden_size"])))
        weights = {key: np.array(getattr(gate(model), f"{key}_proj").weight) for key in ("gate", "up", "down")}
        return changed, np.array(x), weights, np.array(gate(model)(x)), np.array(gate(other)(x))

    changed, x, w, mended, other = desk().call(work)
    for named, made in ((name, mended), ("silu", other)):
        right = (np.vectorize(FUNCTIONS[named])(x @ w["gate"].T) * (x @ w["up"].T)) @ w["down"].T
        assert np.abs(made - right).max() < 1e-5
    assert changed is (name != "silu")


@pytest.mark.usefixtures("repairs")
def test_a_function_that_is_not_known_is_refused():
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="'tanh', an activation function that is not known here"):
        desk().call(lambda: mend(test_llava_next.build(), hidden_act="tanh"))


@pytest.mark.usefixtures("repairs")
def test_a_tower_has_its_own():
    """Pixtral's has GELU where nothing is named, and layers without a gate are left alone."""

    def work():
        from mlx_vlm.models.pixtral.vision import MLP, VisionConfig

        model = test_llava_next.build()
        model.vision_tower.gated = MLP(VisionConfig(hidden_size=4, intermediate_size=4))
        repair = importlib.import_module("vlmkit.engines.families.repairs.gates").REPAIR
        settings = {"model_type": "pixtral", "text_config": {"model_type": "mistral"}}
        changed = repair.after_load(model, None, settings | {"vision_config": {"model_type": "pixtral"}})
        return changed, type(model.vision_tower.gated) is MLP

    assert desk().call(work) == (True, False)
