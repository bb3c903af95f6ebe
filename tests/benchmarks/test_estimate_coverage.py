"""The measuring of estimates runs, and counts right."""

import pytest

from tests.benchmarks.estimate_coverage import main, report


@pytest.mark.benchmark
def test_a_server_is_measured(capsys):
    """One trial of each spread."""
    results = main(["--trials", "1", "--rows", "24", "--only", "server"])
    assert all(ratio > 0 for found in results.values() for _, ratio in found)
    assert "of 1" in capsys.readouterr().out


def test_what_held_is_counted():
    """And the ratio is a median."""
    assert report("x", [(True, 1.0), (False, 9.0), (True, 1.1)]).endswith("held 2 of 3; likely over true: median 1.10")
