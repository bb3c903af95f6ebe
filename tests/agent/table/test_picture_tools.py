"""Looking at pictures: whole ones, parts as sharp as they are, and rows whose picture cannot be read."""

import pandas as pd
import pytest
from PIL import Image
from scene_tables import Called, scene_table

from vlmkit.errors import ToolError
from vlmkit.sources import decode


@pytest.fixture
def called(tmp_path):
    """A scene, half a file, a picture of four colored quarters in memory, and nothing."""
    quarters = Image.new("RGB", (400, 200), "red")
    quarters.paste("blue", (200, 100, 400, 200))
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 half a file")
    return Called(pd.DataFrame({"image": [scene_table(1)["path"].iloc[0], str(broken), quarters, None]}))


def test_pictures_are_shown_by_row(called):
    """Within the pixels asked for; the text says which is which."""
    result = called.look(rows=[2, 0], longest_side_px=100)
    assert result.text.splitlines()[0] == "row 2: picture 1 of this result, 100 × 50 pixels"
    assert result.rows == (2, 0)
    assert [max(picture.width, picture.height) for picture in result.pictures] == [100, 100]


def test_a_picture_that_cannot_be_read_is_the_fault_of_its_row(called, tmp_path):
    """The others are shown; no folder is told."""
    result = called.look(rows=[1, 0, 3])
    assert [sorted(each) for each in result.data["rows"]] == [
        ["error", "row"],
        ["height_px", "picture", "row", "width_px"],
        ["error", "row"],
    ]
    assert result.data["rows"][0]["error"].startswith("UnreadableImage: ")
    assert str(tmp_path) not in result.text
    assert not result.failed
    assert called.look(rows=[1]).failed


def test_a_part_is_as_sharp_as_the_picture(called):
    """Its own pixels, not those of a smaller picture."""
    result = called.crop(row=2, left=0.5, top=0.5, right=1, bottom=1)
    (part,) = result.pictures
    assert (part.width, part.height) == (200, 100)
    red, _, blue = decode(part).getpixel((100, 50))
    assert red < 50
    assert blue > 200


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": [900]}, "row 900: the table has rows 0 to 3"),
        ({"rows": [0, 1, 2, 3, 0]}, "at most 4 items"),
        ({"rows": []}, "at least 1 item"),
        ({"rows": [0], "longest_side_px": 9000}, "longest_side_px: Input should be less than or equal to 1024"),
        ({"rows": ["/etc/passwd"]}, "rows.0: Input should be a valid integer"),
    ],
)
def test_what_cannot_be_looked_at_says_why(called, arguments, message):
    """A row that is not there, too many, a path."""
    with pytest.raises(ToolError, match=message):
        called.look(**arguments)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((0.5, 0, 0.5, 1), "nothing is in there. Give left < right"),
        ((0, 0, 120, 80), "right: Input should be less than or equal to 1, not '120'"),
    ],
)
def test_a_part_that_is_none_says_why(called, box, message):
    """Empty, or in pixels."""
    with pytest.raises(ToolError, match=message):
        called.crop(row=2, **dict(zip(("left", "top", "right", "bottom"), box, strict=True)))
    with pytest.raises(ToolError, match="row 1: UnreadableImage"):
        called.crop(row=1, left=0, top=0, right=1, bottom=1)
