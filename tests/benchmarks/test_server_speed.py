"""The comparison of servers itself runs."""

import pytest

from tests.benchmarks.server_speed import main, table


def test_the_table_shows_the_best_round_and_how_many_times():
    """By way, number at once and server."""
    rounds = [{"per_s": value, "first_s": 1 / value, "answer_s": 0.2} for value in (10.0, 30.0, 20.0)]
    slower = [{"per_s": 10.0, "first_s": 0.1, "answer_s": 0.2}]
    found = table({("whole", 8, "vlmkit"): rounds, ("whole", 8, "mlx_vlm.server"): slower}).splitlines()
    assert found[2:] == [
        "| whole | 8 | vlmkit | 30.0 | 0.033 | 0.200 | 3.0 |",
        "| whole | 8 | mlx_vlm.server | 10.0 | 0.100 | 0.200 |  |",
    ]


@pytest.mark.benchmark
def test_a_small_round_is_measured():
    """Both servers answer, streamed and whole."""
    results = main(["--rounds", "1", "--requests", "4", "--at-once", "1", "2"])
    assert len(results) == 2 * 2 * 2
