"""A table as tools see it: rows by number, columns by a name that is safe, pictures without the user's folders."""

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from vlmkit.agent.table.picture_table import MOST_COLUMNS, PictureTable
from vlmkit.errors import SetupError, ToolError


def names_of(paths):
    table = PictureTable(pd.DataFrame({"path": paths}))
    return table.values("path")


def test_pictures_are_called_by_their_place_below_the_common_folder():
    """Whatever they are; the folders above are nobody's business."""
    assert names_of(["/home/ann/shops/a.jpg", "/home/ann/shops/old/b.jpg"]) == ["a.jpg", "old/b.jpg"]
    assert names_of(["photos/a.jpg", "photos/b.jpg"]) == ["a.jpg", "b.jpg"]
    assert names_of(["/x/only.jpg"]) == ["only.jpg"]
    assert names_of(["/home/ann/shops/a.jpg", "/mnt/b.jpg"]) == ["shops/a.jpg", "mnt/b.jpg"]
    mixed = [b"12", None, Image.new("RGB", (4, 3)), "https://me:key@host/a.jpg?token=1", Path("/x/y/c.jpg")]
    assert names_of(mixed) == ["<bytes 2>", None, "<image 4x3>", "https://host/a.jpg?…", "c.jpg"]


def test_folders_are_left_out_of_texts_too():
    """Errors and other columns tell of paths."""
    table = PictureTable(
        pd.DataFrame(
            {"path": ["/home/ann/a.jpg", "/home/ann/b.jpg"], "error": [None, "UnreadableImage: /home/ann/b.jpg: half"]}
        )
    )
    assert table.cells(1, ["path", "error"]) == {"path": "b.jpg", "error": "UnreadableImage: b.jpg: half"}
    assert table.fault(ValueError("/home/ann/a.jpg")) == "ValueError: a.jpg"
    apart = PictureTable(pd.DataFrame({"path": ["/home/ann/a.jpg", "/mnt/b.jpg"]}))
    assert apart.fault(ValueError("/home/ann/a.jpg"), 0) == "ValueError: a.jpg"


def test_columns_have_names_that_can_be_said():
    """Each another one, on one line, short; numbers and pairs as texts."""
    frame = pd.DataFrame([["a.jpg", 1, 2, 3, 4]], columns=["path", "n", "n", 7, "x" * 500 + "\u202e"])
    table = PictureTable(frame)
    assert table.names[:4] == ["path", "n", "n (2)", "7"]
    assert len(table.names[4]) == 80
    assert table.cells(0, ["n (2)", "7"]) == {"n (2)": 2, "7": 3}
    assert PictureTable(frame.rename(columns={7: "a\nb\x1b"})).names[3] == r"a\x0ab\x1b"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Captoin", r"no column 'Captoin'. Did you mean 'caption'\?"),
        ("zzz", r"no column 'zzz'. There are: path, caption."),
    ],
)
def test_a_column_that_is_not_there_names_others(name, message):
    """A near one, or all; another case is no mistake."""
    table = PictureTable(pd.DataFrame({"path": ["a.jpg"], "caption": ["x"]}))
    with pytest.raises(ToolError, match=message):
        table.column(name)
    assert table.column("CAPTION").tolist() == ["x"]


def test_rows_are_counted_from_zero():
    """Whatever the index is; once each, in order."""
    table = PictureTable(pd.DataFrame({"path": ["a", "b", "c"]}, index=[5, 5, 5]))
    assert table.check_rows([2, 0, 2]) == [2, 0]
    with pytest.raises(ToolError, match="row 3: the table has rows 0 to 2"):
        table.check_rows([0, 3])
    with pytest.raises(ToolError, match="row 0: the table has no rows"):
        PictureTable(pd.DataFrame({"path": []})).check_rows([0])


def test_a_page_is_short_whatever_the_table_is():
    """Rows that do not fit come on the next page; columns that do not fit are counted; one row alone has more room."""
    wide = {f"c{number}": ["y" * 5000] * 60 for number in range(100)}
    table = PictureTable(pd.DataFrame({"path": [f"{row}.jpg" for row in range(60)], **wide}))
    page = table.page(range(60), table.check_columns(None), total=60, count=50)
    assert (len(page["rows"]), page["next_row"], page["columns_left_out"]) == (1, 1, 101 - MOST_COLUMNS)
    assert len(json.dumps(page)) < 18_000
    alone = table.page([3], ["c1"], total=1, count=1)
    assert len(alone["rows"][0]["cells"]["c1"]) > 4000
    assert "next_row" not in alone
    with pytest.raises(ToolError, match="101 columns are too many; name at most 30"):
        table.check_columns(table.names)


def test_a_series_is_a_table_of_pictures():
    """So is a column of any name that is named; one that is not there is the caller's mistake."""
    assert PictureTable(pd.Series(["a.jpg"], name="foto")).picture_column == "image"
    frame = pd.DataFrame({"foto": ["a.jpg"], "n": [1]})
    assert PictureTable(frame, image="foto").kind("foto") == "picture"
    with pytest.raises(SetupError, match="the columns are 'foto', 'n'"):
        PictureTable(frame)
