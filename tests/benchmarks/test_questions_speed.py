"""The comparison itself runs, on a shape of seconds."""

import pytest

from tests.benchmarks.questions_speed import main, report


@pytest.mark.benchmark
def test_all_four_are_timed(tmp_path, capsys):
    """On a small checkpoint."""
    small = ["--shape", "small", "--rounds", "1", "--rows", "2", "--tokens", "8", "--pictures", "1"]
    seconds = main([*small, "--directory", str(tmp_path)])
    assert all(value > 0 for values in seconds.values() for value in values)
    assert "of one" in capsys.readouterr().out


def test_the_ratios_are_of_medians():
    """One slow round changes nothing."""
    lines = report(
        {
            "free": [0.01, 0.5, 0.01],
            "constrained": [0.011, 0.011, 0.4],
            "one question": [2.0],
            "four questions": [3.0, 3.0, 9.0],
        }
    )
    assert lines[1].endswith("1.10 of free")
    assert lines[3].endswith("1.50 of one")
