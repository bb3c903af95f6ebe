"""Whatever a verb was given is one thing afterwards."""

import pandas as pd
import pytest
from PIL import Image

from vlmkit.errors import BadSetting, SetupError
from vlmkit.frame.given import chosen_rows, given_of
from vlmkit.frame.options import TableOptions, check_options

FACTS = ["format", "width", "height", "size_bytes", "orientation", "frames", "taken_at", "error"]


def given(source, **options):
    return given_of(source, check_options(options, TableOptions))


def test_a_frame_stays_itself(photos):
    """Its rows, its index, its own columns for prompts."""
    frame = pd.DataFrame({"path": photos(2), "brand": ["x", None]}, index=["r", "r"])
    rows = given(frame)
    assert len(rows) == 2
    assert [ref.source for (ref,) in rows.refs()] == frame["path"].tolist()
    assert list(rows.rows(["brand"])) == [{"brand": "x"}, {"brand": None}]
    assert rows.column_names == ["path", "brand"]
    assert rows.whole_table() is frame


def test_a_series_has_pictures_and_nothing_else(photos):
    """Its index is kept, and there are no columns to read."""
    rows = given(pd.Series(photos(2), index=[3, 1], name="file"))
    assert rows.is_series
    assert rows.table.index.tolist() == [3, 1]
    assert rows.column_names == []


def test_anything_else_becomes_a_table(photos):
    """With the columns of read_images, which are read when somebody needs them."""
    paths = photos(2)
    rows = given("photos")
    assert [ref.source for (ref,) in rows.refs()] == paths == [ref.source for (ref,) in rows.refs()]
    assert list(rows.table) == ["path"]
    assert list(rows.table_with(["path", "description"])) == ["path"]
    assert rows.column_names == list(rows.table_with(["width"])) == list(rows.whole_table()) == ["path", *FACTS]
    assert list(rows.rows(["path", "width"])) == [{"path": paths[0], "width": 10}, {"path": paths[1], "width": 11}]
    assert len(rows) == 2


def test_what_nobody_opened_is_missing_where_it_need_not_be_read(photos):
    """As it is of rows whose turn had not come; all columns are there, of their types."""
    photos(2)
    rows = given("photos")
    before = rows.whole_table()
    assert before["width"].isna().all()
    rows.read_headers()
    assert rows.whole_table()["width"].tolist() == [10, 11]
    assert rows.whole_table().dtypes.equals(before.dtypes)


def test_pictures_in_memory():
    """A single one and a list of them."""
    image = Image.new("RGB", (5, 4))
    assert next(given(image).refs())[0].source is image
    assert len(given([image, image])) == 2
    assert list(given(image).whole_table()) == ["image", *FACTS]


@pytest.mark.parametrize("source", [["a.png"], pd.Series(["a.png"])])
def test_a_column_of_what_has_none(source):
    """An argument that would be ignored is an error."""
    with pytest.raises(BadSetting, match="image='front' names a column"):
        given(source, image="front")


def test_what_is_not_there_fails_at_once():
    """Before any model is opened."""
    with pytest.raises(SetupError, match="no such folder or file"):
        given("no/such/folder")


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        ({}, None),
        ({"limit": 3}, [0, 1, 2]),
        ({"limit": 10}, None),
        ({"limit": 99}, None),
        ({"sample": 99}, None),
    ],
)
def test_limit_takes_the_first_rows(options, positions):
    """As many as there are; None is all of them."""
    chosen = chosen_rows(10, check_options(options, TableOptions))
    assert (None if chosen is None else list(chosen)) == positions


def test_a_sample_is_drawn_by_the_seed_and_keeps_the_order():
    """The same each time; other rows with another seed."""
    draws = [chosen_rows(1000, check_options({"sample": 20, "seed": seed}, TableOptions)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] == sorted(draws[0])
    assert len(set(draws[0])) == 20
    assert draws[2] != draws[0]
    assert chosen_rows(1000, check_options({"sample": 20, "limit": 5}, TableOptions)) == draws[0][:5]
