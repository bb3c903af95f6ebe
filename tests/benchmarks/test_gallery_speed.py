"""The measurement itself runs, on small pictures; what travels does not grow with the table."""

import pytest

from tests.benchmarks.gallery_speed import main

SMALL = ["--files", "3", "--size", "320", "240", "--pages", "2"]


def test_what_travels_does_not_grow_with_the_table(capsys):
    """Ten thousand rows send no more than fifty do, and save no more."""
    few = main(["--pictures", "50", *SMALL])
    many = main(["--pictures", "10000", *SMALL])
    for name in ("sent for the first page, kB", "sent per further page, kB", "saved in the notebook, kB"):
        assert many[name] < 1.05 * few[name] + 1
    assert capsys.readouterr().out.count("| until the first thumbnail, s |") == 2


@pytest.mark.benchmark
def test_ten_thousand_photographs_open_at_once():
    """In far less time than it takes to look for them, and within a small part of a notebook."""
    results = main(["--pictures", "10000", "--pages", "20"])
    assert results["until the first thumbnail, s"] < 2
    assert results["sent for the first page, kB"] < 200
    assert results["saved in the notebook, kB"] < 200
