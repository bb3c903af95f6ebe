"""Rope scaling, against what transformers 5.24 computed for heads of 16 and a base of 10000."""

import importlib

import numpy as np
import pytest

from tests.engines.families.repairs.building import build, mend, numbers
from tests.engines.families.repairs.test_patch_positions import config
from vlmkit.engines.desk import desk

LLAMA = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
OWN_YARN = YARN | {
    "factor": 8.0,
    "mscale": 0.7,
    "mscale_all_dim": 1.2,
    "beta_fast": 8,
    "beta_slow": 2,
    "truncate": False,
}
PLAIN = [1.0, 3.1623, 10.0, 31.6228, 100.0, 316.2278, 1000.0, 3162.2777]
SEEN = [
    (LLAMA, [1.0, 4.0919, 76.6739, 252.9822, 800.0, 2529.822, 7999.9995, 25298.2188], 1.0),
    (YARN, [1.0, 4.2164, 20.0, 126.4911, 400.0, 1264.911, 3999.9998, 12649.1094], 1.138629),
    (OWN_YARN, [1.0, 7.4267, 80.0, 252.9822, 800.0, 2529.822, 7999.9995, 25298.2188], 0.916791),
    ({"type": "linear", "factor": 4.0}, [4 * length for length in PLAIN], 1.0),
    ({"rope_type": "dynamic", "factor": 4.0}, PLAIN, 1.0),
    ({}, PLAIN, 1.0),
]


@pytest.fixture(scope="session")
def wavelengths(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.rope_scaling")).wavelengths


@pytest.mark.parametrize(("scaling", "lengths", "strength"), SEEN)
def test_lengths_are_those_of_transformers(wavelengths, scaling, lengths, strength):
    """Of every kind that changes them once for all."""
    got = wavelengths(16, 1e4, scaling)
    assert np.allclose(got[0], lengths, rtol=1e-4)
    assert got[1] == pytest.approx(strength, abs=1e-6)


def test_unknown_kinds_are_refused(wavelengths):
    """Positions without a sign that they are wrong are worse than none."""
    with pytest.raises(ValueError, match="longrope"):
        wavelengths(16, 1e4, {"rope_type": "longrope", "factor": 4.0})


def turned(x, lengths, strength, offset):
    """Rope by its definition, on halves."""
    angles = (np.arange(x.shape[-2]) + offset)[:, None] / np.array(lengths)
    one, two = np.split(x, 2, axis=-1)
    cos, sin = np.cos(angles), np.sin(angles)
    return strength * np.concatenate([one * cos - two * sin, two * cos + one * sin], axis=-1)


@pytest.mark.parametrize("family", ["idefics2", "idefics3", "smolvlm"])
@pytest.mark.parametrize("where", ["rope_scaling", "rope_parameters"])
def test_layers_turn_so(repairs, family, where):
    """Under either name; heads at any place of a text."""
    settings = config(family, 4)
    settings["text_config"] |= {"hidden_size": 16, "rope_theta": 1e4, where: OWN_YARN, "num_hidden_layers": 2}

    def work():
        model = build(family, settings)
        assert mend("rope_scaling", model, settings)
        x = numbers(1, 2, 3, 16)
        return [np.array(layer.self_attn.rope(x, offset=90)) for layer in model.language_model.layers], np.array(x)

    got, x = desk().call(work)
    right = turned(x, *SEEN[2][1:], 90)
    assert np.allclose(got, [right] * 2, atol=1e-3)


@pytest.mark.parametrize("scaling", [None, {"rope_type": "default"}, {"type": "dynamic", "factor": 2.0}])
def test_nothing_is_changed_without_need(repairs, scaling):
    """No scaling, or one that begins where asks end."""
    settings = config("smolvlm", 4)
    settings["text_config"] |= {"rope_scaling": scaling}
    assert not desk().call(lambda: mend("rope_scaling", build("smolvlm", settings), settings))
