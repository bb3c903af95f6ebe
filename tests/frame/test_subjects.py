"""Whatever a verb was given is one thing afterwards."""

import pandas as pd
import pytest
from PIL import Image

from vlmkit.errors import BadSetting, SetupError
from vlmkit.frame.columns import Columns
from vlmkit.frame.subjects import subject_of
from vlmkit.prompts import compose_description
from vlmkit.records import Outcome


def filled(*values):
    columns = Columns([compose_description("?", into="text")], len(values))
    for index, value in enumerate(values):
        columns.take(index, Outcome(index=index, values={"text": value}))
    return columns


def test_a_frame_stays_itself_and_gets_columns(photos):
    """Its rows, its index, its own columns for prompts."""
    frame = pd.DataFrame({"path": photos(2), "brand": ["x", None]}, index=["r", "r"])
    subject = subject_of(frame)
    assert len(subject) == 2
    assert [ref.source for (ref,) in subject.refs()] == frame["path"].tolist()
    assert list(subject.rows(["brand"])) == [{"brand": "x"}, {"brand": None}]
    result = subject.result(filled("a", "b"))
    assert list(result) == ["path", "brand", "text", "text_error"]
    assert result.index.tolist() == ["r", "r"]


def test_a_series_becomes_a_series(photos):
    """Named like the column, of the column's type, on the same index."""
    subject = subject_of(pd.Series(photos(2), index=[3, 1], name="file"))
    result = subject.result(filled("a", "b"))
    pd.testing.assert_series_equal(result, pd.Series(["a", "b"], index=[3, 1], name="text", dtype="string"))
    assert list(subject.table) == []


@pytest.mark.parametrize("headers", [True, False])
def test_anything_else_becomes_a_table(photos, headers):
    """With the columns of read_images, unless nobody needs them."""
    paths = photos(2)
    subject = subject_of("photos", headers=headers)
    assert [ref.source for (ref,) in subject.refs()] == paths == [ref.source for (ref,) in subject.refs()]
    assert list(subject.table) == (
        ["path", "format", "width", "height", "size_bytes", "orientation", "frames", "taken_at", "error"]
        if headers
        else []
    )
    assert len(subject) == 2


def test_pictures_in_memory():
    """A single one and a list of them."""
    image = Image.new("RGB", (5, 4))
    assert next(subject_of(image).refs())[0].source is image
    assert len(subject_of([image, image])) == 2


@pytest.mark.parametrize("source", [["a.png"], pd.Series(["a.png"])])
def test_a_column_of_what_has_none(source):
    """An argument that would be ignored is an error."""
    with pytest.raises(BadSetting, match="image='front' names a column"):
        subject_of(source, image="front")


def test_what_is_not_there_fails_at_once():
    """Before any model is opened."""
    with pytest.raises(SetupError, match="no such folder or file"):
        subject_of("no/such/folder")


def test_room_is_checked_for_every_new_column(photos):
    """The error column counts, too."""
    subject = subject_of(pd.DataFrame({"path": photos(1), "text_error": [1]}))
    with pytest.raises(SetupError, match="'text_error' is there already"):
        subject.check_room_for(filled("a"), overwrite=False)
    subject.check_room_for(filled("a"), overwrite=True)
