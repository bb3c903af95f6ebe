"""Packed weights are found wherever a configuration names them, and counted as the weights they stand for."""

import pytest

from vlmkit.engines.packing import count_weights, count_weights_by_type, estimate_weights, packing_of

FOUR = {"bits": 4, "group_size": 32}


@pytest.mark.parametrize("key", ["quantization", "quantization_config"])
@pytest.mark.parametrize("place", [None, "text_config", "llm_config"])
def test_packing_is_found(key, place):
    """Under either name, at the top or with the text model."""
    config = {key: FOUR} if place is None else {place: {key: FOUR}}
    found = packing_of(config)
    assert (found.bits, found.group, str(found), found.bits_in_words) == (4, 32, "mlx affine, 4-bit", "4-bit")


@pytest.mark.parametrize("config", [{}, {"quantization": None}, {"quantization": {}}, {"quantization_config": "4-bit"}])
def test_plain_weights_are_not_packed(config):
    """Nor are those of a table that says nothing."""
    assert packing_of(config) is None


def test_strange_numbers_are_passed_over():
    """What is no number of bits is not divided by."""
    found = packing_of({"quantization": {"bits": 0, "group_size": "many", "mode": "affine"}})
    assert (found.bits, found.group, found.bits_in_words) == (None, 64, None)
    assert count_weights_by_type({"U32": 8, "BF16": 2}, found) == 10


def test_modules_may_be_packed_otherwise():
    """By their own number of bits, and as usual where they name none."""
    packing = packing_of({"quantization": {**FOUR, "wide": {"bits": 8}, "odd": {"bits": None}, "plain": False}})
    assert [packing.bits_of(module) for module in ("any", "wide", "odd", "plain")] == [4, 8, 4, 4]


def test_words_are_counted_as_weights():
    """Scales and biases are not; words without scales are numbers of their own."""
    packed = {"dtype": "U32", "shape": [2, 4]}
    header = {"a.weight": packed, "a.scales": {"dtype": "F16", "shape": [2, 1]}, "b.weight": packed}
    assert count_weights(header, packing_of({"quantization": FOUR})) == 2 * 4 * 8 + 2 * 4


@pytest.mark.parametrize(
    ("config", "weights"), [({}, 50), ({"dtype": "float32"}, 25), ({"torch_dtype": "bfloat16"}, 50), ({"dtype": 3}, 50)]
)
def test_plain_weights_are_estimated_by_their_type(config, weights):
    """Half precision where none is named."""
    assert estimate_weights(100, config) == weights
