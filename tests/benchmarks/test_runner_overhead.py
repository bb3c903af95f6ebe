"""The comparison itself runs, on few rows; with --rows as large as one likes it is a command."""

import sys

import pytest

from tests.benchmarks.runner_overhead import main, report


def test_the_comparison_runs(capsys):
    """Stored rows are not asked (the measurement checks it itself); each line is there."""
    found = main(["--rows", "30"])
    assert len(found) == 8
    assert all(wall_s > 0 and cpu_s > 0 for wall_s, cpu_s in found.values())
    assert "| small picture, runner, stored |" in capsys.readouterr().out


def test_the_table_shows_what_is_added():
    """In microseconds a row, over the bare loop of the same kind."""
    lines = list(report({"no picture, bare loop": (1.0, 1.0), "no picture, runner": (3.0, 2.5)}, 1000))
    assert lines[-1] == "| no picture, runner | 3000 | 2500 | 1500 |"


@pytest.mark.benchmark
def test_twenty_thousand_rows(capsys):
    """The figures."""
    main([])
    with capsys.disabled():
        sys.stdout.write(capsys.readouterr().out)
