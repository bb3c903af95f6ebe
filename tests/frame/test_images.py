"""One row per image, from headers alone."""

from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from vlmkit.errors import SetupError
from vlmkit.frame import read_images
from vlmkit.frame.images import header_columns
from vlmkit.sources import read, refer

DTYPES = {
    "path": "string",
    "format": "string",
    "width": "Int64",
    "height": "Int64",
    "size_bytes": "Int64",
    "orientation": "Int64",
    "error": "string",
}


def test_a_folder(photos):
    """In natural order, with nullable types, and a bad file as a row with its error."""
    paths = photos(12, bad={3})
    frame = read_images("photos")
    assert frame.dtypes.astype(str).to_dict() == DTYPES
    assert frame["path"].tolist() == paths
    assert isinstance(frame.index, pd.RangeIndex)
    good = frame.drop(index=3)
    assert good["width"].tolist() == [10 + i for i in range(12) if i != 3]
    assert good["size_bytes"].tolist() == [Path(path).stat().st_size for path in good["path"]]
    assert set(good["format"]) == {"PNG"}
    assert set(good["orientation"]) == {1}
    assert good["error"].isna().all()
    assert frame.loc[3, "error"].startswith("UnreadableImage: photos/img3.png: not a picture")
    assert frame.loc[3, ["format", "width", "height", "size_bytes", "orientation"]].isna().all()


def test_more_rows_than_one_chunk(photos):
    """Work in parallel keeps the order."""
    paths = photos(150)
    frame = read_images("photos")
    assert frame["path"].tolist() == paths
    assert frame["width"].tolist() == list(range(10, 160))


def test_subfolders(photos):
    """On request only; a folder that has pictures only deeper says so."""
    photos(2)
    assert len(read_images(".", recursive=True)) == 2
    with pytest.raises(SetupError, match="recursive=True"):
        read_images(".")


def test_a_list_keeps_its_order_and_its_gaps(photos):
    """A missing path is a row with an error."""
    paths = photos(3)
    frame = read_images([paths[2], None, Path(paths[0]), "gone.png"])
    assert frame["path"].isna().tolist() == [False, True, False, False]
    assert frame["width"].tolist()[0::2] == [12, 10]
    assert frame["error"].tolist()[1] == "UnreadableImage: the row names no picture; fill in its path or drop the row."
    assert "gone.png: no such file" in frame["error"].tolist()[3]


def test_pictures_that_are_no_files_keep_their_objects(photos):
    """Their table can be described again, which a label in place of the picture could not."""
    paths = photos(1)
    image = Image.new("RGB", (33, 22))
    data = Path(paths[0]).read_bytes()
    frame = read_images([image, data, paths[0]])
    assert list(frame) == ["image", *list(DTYPES)[1:]]
    assert frame["image"].tolist() == [image, data, paths[0]]
    assert frame["width"].tolist() == [33, 10, 10]
    assert frame["format"].isna().tolist() == [True, False, False]


def test_equal_pil_images_stay_separate_cells():
    """Numpy would make one array of pictures of the same size."""
    frame = read_images([Image.new("RGB", (5, 4)), Image.new("RGB", (5, 4))])
    assert all(isinstance(cell, Image.Image) for cell in frame["image"])


@pytest.mark.parametrize("empty", [[], pd.Series([], dtype="string")])
def test_nothing_is_a_table_without_rows(empty):
    """With all columns and their types."""
    frame = read_images(empty)
    assert frame.dtypes.astype(str).to_dict() == DTYPES
    assert len(frame) == 0


def test_a_series_keeps_its_index(photos):
    """Duplicates included."""
    paths = photos(2)
    frame = read_images(pd.Series(paths, index=["a", "a"], name="file"))
    assert frame.index.tolist() == ["a", "a"]
    assert frame["width"].tolist() == [10, 11]


def test_a_frame_gets_the_facts_beside_its_own_columns(photos):
    """From the column it names, and never over a column that is there."""
    paths = photos(2)
    frame = pd.DataFrame({"file": paths[::-1], "brand": ["x", "y"]}, index=[5, 5])
    wider = read_images(frame, image="file")
    assert list(wider) == ["file", "brand", *list(DTYPES)[1:]]
    assert wider["width"].tolist() == [11, 10]
    with pytest.raises(SetupError, match="overwrite=True"):
        read_images(wider, image="file")
    assert read_images(wider, image="file", overwrite=True).equals(wider)


def test_rotated_photos_show_their_tag_and_their_stored_size():
    """Both together say how the picture looks."""
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = BytesIO()
    Image.new("RGB", (40, 20)).save(buffer, "JPEG", exif=exif)
    frame = read_images([buffer.getvalue()])
    assert frame[["width", "height", "orientation"]].iloc[0].tolist() == [40, 20, 6]


def test_references_may_be_joined(photos):
    """Several folders and files become one table."""
    paths = photos(2)
    frame = read_images([*read("photos"), *read(paths[1])])
    assert frame["path"].tolist() == [*paths, paths[1]]


def test_header_columns_of_nothing():
    """No thread is needed for it."""
    assert {name: len(array) for name, array in header_columns([]).items()} == dict.fromkeys(list(DTYPES)[1:], 0)
    assert header_columns([refer(None)])["error"][0].startswith("UnreadableImage")
