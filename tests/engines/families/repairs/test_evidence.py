"""What repairs look at."""

import importlib

import pytest

from vlmkit.engines.desk import desk


@pytest.fixture(scope="session")
def evidence(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.evidence"))


def test_a_configuration_is_filled_in(evidence):
    """What config.json names stays; the rest is transformers'."""
    settings = evidence.complete(
        {"model_type": "smolvlm", "vision_config": {"patch_size": 4}, "torch_dtype": "float32"}
    )
    assert settings.vision_config.patch_size == 4
    assert settings.vision_config.hidden_act == "gelu_pytorch_tanh"


def test_families_that_transformers_lacks_are_an_error(evidence):
    """Nothing is made up."""
    with pytest.raises(ValueError, match="quince"):
        evidence.complete({"model_type": "quince"})


def test_a_function_reads_as_it_does(evidence):
    """Its source counts, not what it gives."""

    def function():
        return "medlar"

    assert evidence.reads(function, 'return "medlar"')
    assert not evidence.reads(function, "quince")
