"""The measurement itself runs, on few rows; with --rows as large as one likes it is a command."""

import sys

import pytest

from tests.benchmarks.export_speed import main


def test_the_measurement_runs(capsys, tmp_path):
    """Every row is written, and a line of the table says how fast."""
    figures = main(["--rows", "60", "--formats", "webdataset", "--directory", str(tmp_path)])
    assert figures["webdataset"]["rows"] == 60
    assert "| webdataset | 60 |" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.benchmark
def test_a_hundred_thousand_rows(capsys):
    """The figures."""
    assert all(each["rows"] >= 100_000 for each in main([]).values())
    with capsys.disabled():
        sys.stdout.write(capsys.readouterr().out)
