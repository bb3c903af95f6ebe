"""The comparison itself runs, on few rows; with --rows as large as one likes it is a command."""

import sys

import pytest

from tests.benchmarks.store_speed import BATCHES, main, report


def check(store, runs, count):
    assert len(store) == len(BATCHES) + 2
    assert all(ours > 0 and bare > 0 for ours, bare in store.values())
    assert [runs[name]["from_store"] for name in ("first", "second")] == [0, count]
    assert runs["first"]["answers"] == runs["second"]["answers"]


def test_the_comparison_runs(capsys, tmp_path):
    """A second run is answered by the store alone, with the answers of the first; each row of the tables is there."""
    check(*main(["--rows", "40", "--directory", str(tmp_path)]), 40)
    printed = capsys.readouterr().out
    for part in ("| written, 1 a commit |", "| looked up, 4 threads |", "| bytes a row |", "| second run |"):
        assert part in printed
    assert not list(tmp_path.iterdir())


def test_the_tables_show_ratios():
    """Ours against bare SQLite; memory as what the run added."""
    run = {"seconds": 2.0, "cpu_s": 1.5, "peak_bytes": 250e6, "before_bytes": 200e6, "from_store": 7}
    lines = list(report({"written": (500.0, 1000.0)}, (600.0, 300.0), {"second": run}, 640.0, 100_000))
    assert lines[2] == "| written | 500 | 1,000 | 0.50 |"
    assert lines[3] == "| bytes a row | 600 | 300 | 2.00 |"
    assert lines[-2] == "| second run | 2.0 | 1.5 | 20 | 250 | 50 | 7 |"


@pytest.mark.benchmark
def test_a_hundred_thousand_rows(capsys):
    """The figures."""
    check(*main([]), 100_000)
    with capsys.disabled():
        sys.stdout.write(capsys.readouterr().out)
