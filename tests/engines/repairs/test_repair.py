"""A row of the table of repairs: what it looks at, and that it changes one object and not its class."""

import importlib

import pytest

from vlmkit.engines.desk import desk
from vlmkit.engines.repairs.repair import override


class Model:
    def __init__(self):
        self.width = 3

    def __call__(self, x):
        return x + self.width


def test_one_object_has_other_methods():
    """Calling it, too, which Python looks up on the class; the method before can be called."""
    mended, other = Model(), Model()

    def call(self, x):
        return 10 * Model.__call__(self, x)

    override(mended, __call__=call)
    assert mended(1) == 40
    assert isinstance(mended, Model)
    assert mended.width == 3
    assert other(1) == 4


def test_overriding_twice_keeps_the_first():
    """Two repairs may change different methods of one object."""
    model = Model()
    override(model, __call__=lambda _self, x: -x)
    override(model, describe=lambda self: f"width {self.width}")
    assert (model(2), model.describe()) == (-2, "width 3")


@pytest.fixture(scope="session")
def evidence(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.repair"))


def test_a_configuration_is_filled_in(evidence):
    """What config.json names stays; the rest is transformers'."""
    settings = evidence.complete_config(
        {"model_type": "smolvlm", "vision_config": {"patch_size": 4}, "torch_dtype": "float32"}
    )
    assert settings.vision_config.patch_size == 4
    assert settings.vision_config.hidden_act == "gelu_pytorch_tanh"


def test_families_that_transformers_lacks_are_an_error(evidence):
    """Nothing is made up."""
    with pytest.raises(ValueError, match="quince"):
        evidence.complete_config({"model_type": "quince"})


def test_a_function_reads_as_it_does(evidence):
    """Its source counts, not what it gives."""

    def function():
        return "medlar"

    assert evidence.reads(function, 'return "medlar"')
    assert not evidence.reads(function, "quince")
