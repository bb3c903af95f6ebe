"""The comparison itself runs, on small pictures."""

import statistics

import pytest

from tests.benchmarks.normalizer_speed import SIDES, main, table


def test_every_side_makes_every_picture(capsys):
    """Each is timed each time, and sends about as many bytes as the others."""
    arguments = ["--pictures", "2", "--rounds", "2", "--size", "600", "450", "--longest-side-px", "200", "100"]
    results = main(arguments)
    assert set(results) == {200, 100}
    for seconds, sent_bytes in results.values():
        assert set(seconds) == set(SIDES)
        assert all(len(values) == 4 for values in seconds.values())
        sizes = [statistics.mean(values) for values in sent_bytes.values()]
        assert max(sizes) < 1.5 * min(sizes)
    assert capsys.readouterr().out.count("| vlmkit |") == 2


def test_the_table_compares_medians():
    """Against plain Pillow."""
    seconds = {"plain Pillow": [0.2, 0.1, 0.9], "vlmkit": [0.05]}
    assert table(seconds, {"plain Pillow": [1000, 3000], "vlmkit": [1500]}).splitlines()[2:] == [
        "| plain Pillow | 200.0 | 5.0 | 1.00 | 2 |",
        "| vlmkit | 50.0 | 20.0 | 0.25 | 2 |",
    ]


@pytest.mark.benchmark
def test_far_less_than_plain_pillow():
    """A twelve-megapixel photo costs less than half of the CPU, whatever else the machine does."""
    seconds, _ = main(["--pictures", "2", "--rounds", "3"])[768]
    assert statistics.median(seconds["vlmkit"]) < 0.5 * statistics.median(seconds["plain Pillow"])
