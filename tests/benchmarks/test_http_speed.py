"""The comparison over HTTP itself runs, on a few pictures."""

import sys

import pytest

from tests.benchmarks.http_speed import SETTINGS, Setting, draw, main, measure, table


def test_a_small_round_is_measured(tmp_path):
    """Every picture is asked about once, within the server's places, and everything is counted."""
    setting = Setting(24, 0.01, 8, (320, 240))
    draw(tmp_path / "pictures", setting)
    found = measure("vlmkit", sys.executable, setting, tmp_path / "pictures", 8)
    assert found["busy"] >= 1
    assert found["whole"] > found["busy"]
    assert 0 < found["sent_kb"] < 50
    assert found["cpu_ms"] > 0
    assert found["peak_mb"] > 10


def test_pictures_are_distinct(tmp_path):
    """Equal ones would be asked about once, and the figures would lie."""
    draw(tmp_path, Setting(50, 0.01, 8, (320, 240)))
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 50


def test_the_table_shows_medians():
    """By setting and contestant."""
    rounds = [{"busy": b, "whole": 2.0, "cpu_ms": 1.5, "sent_kb": 40.4, "peak_mb": 99.6} for b in (1.2, 1.0, 9.0)]
    assert table({("small", "vlmkit"): rounds}).splitlines()[2:] == [
        "| small | vlmkit | 1.200 | 2.00 | 1.50 | 40 | 100 |"
    ]


@pytest.mark.benchmark
def test_the_settings_run(tmp_path):
    """With fewer pictures than they have."""
    results = main(["--settings", *SETTINGS, "--pictures", "64", "--rounds", "1", "--directory", str(tmp_path)])
    assert {setting for setting, _ in results} == set(SETTINGS)
