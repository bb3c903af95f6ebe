"""Whether answers of a family share a batch, said before it is opened."""

from vlmkit.engines.families import serving as module
from vlmkit.engines.families.serving import serving


def test_the_table_speaks_two_words():
    """Those that an open model says of itself."""
    assert set(module._table().values()) == {"batched", "one by one"}


def test_a_family_is_found_however_it_is_spelled():
    """One that was not tried is not known."""
    assert serving("SmolVLM") == serving("smolvlm") == "batched"
    assert serving("lfm2-vl") == "batched"
    assert serving("mllama") == "one by one"
    assert serving("nope") is None
