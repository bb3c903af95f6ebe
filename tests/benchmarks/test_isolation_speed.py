"""The comparison itself runs, on a few asks."""

import pytest

from tests.benchmarks.isolation_speed import KINDS, main


@pytest.mark.benchmark
def test_both_are_measured_on_the_same_asks(capsys):
    """Each at each number of asks, with answers that are the same; memory of all processes."""
    found = main(["--rounds", "1", "--asks", "1", "3"])
    assert [(count, kind) for count, kind, *_ in found] == [(count, kind) for count in (1, 3) for kind in KINDS]
    assert all(clock > 0 and cpu > 0 for *_, clock, cpu in found)
    printed = capsys.readouterr().out
    assert printed.count("memory_mb") == 2
