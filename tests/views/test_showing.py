"""Tables with pictures: everything in one small piece of HTML, for any columns and any kind of picture."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import vlmkit as vk
from vlmkit.errors import SetupError
from vlmkit.views.showing import Shown


@pytest.fixture
def table(photos):
    """Thirty pictures, of which the second cannot be read."""
    return pd.DataFrame({"path": photos(30, bad={1}), "n": range(30), "tags": [["a", "b"]] * 30}, index=range(5, 35))


def cells_of(html):
    rows = re.findall(r"<tr>(.*?)</tr>", html)[1:]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]


def test_rows_have_their_pictures(table):
    """The first rows, index and columns beside; what cannot be read says why; the rest is counted."""
    shown = table.vlm.show("n", "tags", rows=3)
    cells = cells_of(shown.html)
    assert [(row[0], *row[2:]) for row in cells] == [("5", "0", "a, b"), ("6", "1", "a, b"), ("7", "2", "a, b")]
    assert 'src="data:image/png;base64,' in cells[0][1]
    assert 'alt="photos/img0.png" width="10" height="8"' in cells[0][1]
    assert "UnreadableImage: photos/img1.png" in cells[1][1]
    assert "3 of 30 rows" in shown.html
    assert shown._repr_html_() == shown.html
    assert repr(shown) == repr(table[["n", "tags"]].head(3))


def test_saved_it_is_small(tmp_path):
    """Twenty large noisy photographs stay far below what a notebook may have."""
    pixels = np.random.default_rng(1).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    for n in range(20):
        Image.fromarray(np.roll(pixels, n)).save(tmp_path / f"{n}.jpg", quality=95)
    html = vk.read_images(tmp_path).vlm.show("path").html
    assert len(cells_of(html)) == 20
    assert len(html) < 20 * 6000
    assert "http" not in html


def test_pictures_in_memory_and_series_are_shown():
    """Objects have no place beside their own thumbnails; a Series is a column of pictures."""
    images = np.empty(2, dtype=object)
    images[:] = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frame = pd.DataFrame({"image": images, "raw": [b"x", b"y"], "name": ["r", "b"]})
    cells = cells_of(frame.vlm.show().html)
    assert [row[2:] for row in cells] == [["r"], ["b"]]
    alone = frame["image"].vlm.show()
    assert isinstance(alone, Shown)
    assert all(len(row) == 2 and row[1].startswith("<img ") for row in cells_of(alone.html))


def test_columns_of_the_same_name_are_both_shown(table):
    """A frame after a join is not an error."""
    twice = pd.concat([table, table[["n"]] * 10], axis=1)
    assert cells_of(twice.vlm.show(rows=2).html)[1][2:] == ["photos/img1.png", "1", "a, b", "10"]


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (("m",), {}, "no column 'm'; the columns are 'path', 'n', 'tags'"),
        ((), {"rows": 0}, "rows is at least 1"),
        ((), {"longest_side_px": 5000}, "from 16 to 512"),
        ((), {"image": "picture"}, "no column 'picture'"),
    ],
)
def test_a_wrong_call_says_what_is_right(table, columns, options, message):
    """Before a picture is opened."""
    with pytest.raises(SetupError, match=message):
        table.vlm.show(*columns, **options)


def test_an_empty_table_is_shown():
    """No rows, no error."""
    assert cells_of(pd.DataFrame({"path": pd.array([], dtype="string")}).vlm.show().html) == []
