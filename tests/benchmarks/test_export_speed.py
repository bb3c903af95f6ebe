"""The measurement itself runs, on few rows; with --rows as large as one likes it is a command."""

import sys

import pytest
from PIL import Image

from tests.benchmarks.export_speed import main, make_photos


def test_the_measurement_runs(capsys, tmp_path):
    """Every row is written, and a line of the table says how fast."""
    figures = main(["--rows", "60", "--formats", "webdataset", "--directory", str(tmp_path)])
    assert figures["webdataset"]["rows"] == 60
    assert "| webdataset | 60 |" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_no_two_pictures_have_the_same_bytes(tmp_path):
    """Each is still a picture."""
    make_photos(tmp_path, 300)
    files = sorted(tmp_path.rglob("*.jpg"))
    assert len({file.read_bytes() for file in files}) == 300
    for number in (0, 299):
        with Image.open(files[number]) as picture:
            picture.load()
            assert picture.info["comment"] == f"{number:06}".encode()


@pytest.mark.benchmark
def test_a_hundred_thousand_rows(capsys):
    """The figures."""
    assert all(each["rows"] >= 100_000 for each in main([]).values())
    with capsys.disabled():
        sys.stdout.write(capsys.readouterr().out)
