"""The figures of the house can be had."""

from tests import house


def test_every_figure_has_a_value():
    """All but those for which a model would have to be run."""
    found = dict(house.figures(still=True))
    assert 0 < found["modules over 250 lines"] < found["modules"] < found["lines"]
    assert "exporters.kohya" in found["files that name one export format (kohya)"]


def test_prose_names_nothing():
    """A docstring that tells of a host is not one more file to change."""
    assert "vlmkit.providers.hosts" in house.named_in("vllm")
    assert house.named_in("Hosts:") == []
