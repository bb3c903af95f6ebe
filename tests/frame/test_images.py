"""One row per image, from headers alone."""

import base64
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from making_pictures import camera_exif, corners, encoded
from PIL import Image

from vlmkit.errors import BadSetting, SetupError, UnreadableImage
from vlmkit.frame import images, read_images
from vlmkit.frame.images import Headers, header_columns
from vlmkit.sources import Limits, fingerprint, loaded, read, refer

DTYPES = {
    "path": "string",
    "format": "string",
    "width": "Int64",
    "height": "Int64",
    "size_bytes": "Int64",
    "orientation": "Int64",
    "frames": "Int64",
    "taken_at": "datetime64[us]",
    "digest": "string",
    "error": "string",
}
EXIF_DTYPES = {
    "taken_at_utc": "datetime64[us, UTC]",
    "camera_make": "string",
    "camera_model": "string",
    "lens_model": "string",
    "focal_length_mm": "Float64",
    "f_number": "Float64",
    "exposure_time_s": "Float64",
    "iso": "Int64",
    "gps_latitude_deg": "Float64",
    "gps_longitude_deg": "Float64",
    "gps_altitude_m": "Float64",
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
    assert set(good["frames"]) == {1}
    assert good["taken_at"].isna().all()
    assert good["digest"].tolist() == [fingerprint(refer(path)) for path in good["path"]]
    assert good["error"].isna().all()
    assert frame.loc[3, "error"].startswith("UnreadableImage: photos/img3.png: not a picture")
    assert (
        frame.loc[3, ["format", "width", "height", "size_bytes", "orientation", "frames", "taken_at", "digest"]]
        .isna()
        .all()
    )


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


def test_what_the_camera_wrote():
    """On request; missing in pictures without it, and in those that cannot be read."""
    frame = read_images([encoded(corners(), "JPEG", exif=camera_exif()), encoded(corners(), "PNG"), b"x"], exif=True)
    columns = list(DTYPES)[1:]
    order = [*columns[: columns.index("taken_at") + 1], *EXIF_DTYPES, "digest", "error"]
    assert list(frame) == ["image", *order]
    assert frame[[*EXIF_DTYPES]].dtypes.astype(str).to_dict() == EXIF_DTYPES
    row = frame.iloc[0]
    assert row["taken_at"] == pd.Timestamp("2024-02-29 23:30:05.25")
    assert row["taken_at_utc"] == pd.Timestamp("2024-02-29 21:30:05.25+00:00")
    assert row["camera_model"] == "Phone 7"
    assert row["gps_latitude_deg"] == pytest.approx(-33.86875)
    assert frame.loc[1:, [*EXIF_DTYPES, "taken_at"]].isna().all(axis=None)


def test_without_a_digest(photos):
    """Only headers are read; of a file cut behind its header nobody notices."""
    paths = photos(1)
    frame = read_images(paths, digest=False, decode=False)
    assert list(frame) == [name for name in DTYPES if name != "digest"]


def test_every_kind_of_picture_in_one_column(photos, tmp_path):
    """Path, member of an archive, data URL, bytes, PIL image, array and nothing, each in its row."""
    paths = photos(1)
    data = Path(paths[0]).read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("sub/b.png", data)
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    array = np.zeros((20, 30, 3), np.uint8)
    items = [paths[0], f"{tmp_path}/a.zip/sub/b.png", url, data, Image.new("L", (7, 5)), array, None, 3.5]
    column = pd.Series(items, index=list("abcdefgh"), dtype=object)
    frame = read_images(column)
    assert frame["width"].tolist()[:6] == [10, 10, 10, 10, 7, 30]
    assert frame["digest"].tolist()[:4] == [frame["digest"].iloc[0]] * 4
    assert frame["digest"].isna().tolist() == [False] * 4 + [True] * 4
    assert frame["error"].isna().tolist() == [True] * 6 + [False] * 2
    assert frame["image"].iloc[5] is array
    again = read_images(pd.DataFrame({"image": column, "n": range(8)}))
    assert again.drop(columns=["image", "n"]).equals(frame.drop(columns="image"))


@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
def test_an_archive_is_a_folder(photos, tmp_path, name):
    """Its rows have paths that can be read again."""
    paths = photos(12)
    if name.endswith("zip"):
        with zipfile.ZipFile(name, "w") as archive:
            for path in paths:
                archive.write(path)
    else:
        with tarfile.open(name, "w:gz") as archive:
            for path in paths:
                archive.add(path)
    frame = read_images(name)
    assert frame["path"].tolist() == [f"{name}/{path}" for path in paths]
    assert frame["width"].tolist() == list(range(10, 22))
    assert read_images(frame[["path"]]).equals(frame)


def test_a_setting_that_cannot_be_used_is_no_row_fault(photos, monkeypatch):
    """It is found before the first picture."""
    photos(2)
    monkeypatch.setenv("VLMKIT_LARGEST_IMAGE_BYTES", "much")
    with pytest.raises(SetupError, match="VLMKIT_LARGEST_IMAGE_BYTES"):
        read_images("photos")


def test_few_are_read_ahead(photos, monkeypatch):
    """Of a million paths only a window is on its way at any time."""
    monkeypatch.setattr(images, "_WINDOW", 4)
    started = []
    monkeypatch.setattr(images, "_read_one", lambda ref, limits, **_: started.append(ref) or (None,) * 3)
    rows = images._headers([refer(str(i)) for i in range(1000)], Limits.in_force(), digest=False, decode=False)
    next(rows)
    assert len(started) <= 4 * images._CHUNK
    rows.close()
    assert len(started) <= 5 * images._CHUNK


def test_header_columns_of_nothing():
    """No thread is needed for it."""
    lengths = {name: len(array) for name, array in header_columns([], digest=True).items()}
    assert lengths == dict.fromkeys(list(DTYPES)[1:], 0)
    assert header_columns([refer(None)])["error"][0].startswith("UnreadableImage")


def test_decoding_finds_what_a_header_hides(tmp_path):
    """Half a file, a blank, a picture that is stretched: known before any model is asked; the header's facts stay."""
    whole = tmp_path / "whole.jpg"
    Image.effect_noise((300, 200), 90).save(whole)
    (tmp_path / "half.jpg").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    Image.new("RGB", (64, 48), "white").save(tmp_path / "white.png")
    Image.fromarray(np.linspace(0, 4095, 48 * 64).reshape(48, 64).astype(np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "page.jpg").write_text("<html>")
    table = read_images(tmp_path, decode=True).assign(name=lambda frame: frame["path"].str.rpartition("/")[2])
    table = table.set_index("name")
    assert table["error"].notna().to_dict() == {
        "deep.png": False,
        "half.jpg": True,
        "page.jpg": True,
        "white.png": False,
        "whole.jpg": False,
    }
    assert table.loc["half.jpg", "width"] == 300
    assert table["is_blank"].dropna().to_dict() == {"deep.png": False, "white.png": True, "whole.jpg": False}
    assert table.loc["deep.png", ["black_value", "white_value"]].tolist() == [0, 4095]
    assert table["white_value"].notna().sum() == 1
    assert table["is_blank"].dtype == "boolean"
    assert "is_blank" not in read_images(tmp_path)


def test_formats_are_narrowed_for_one_call(tmp_path):
    """Others keep their rows, with an error; a name that is none says which there are."""
    Image.new("RGB", (9, 8)).save(tmp_path / "a.png")
    Image.new("RGB", (9, 8)).save(tmp_path / "b.jpg", "TIFF")
    frame = read_images(tmp_path, formats=["jpeg", "png"], decode=True)
    assert frame["width"].tolist()[:1] == [9]
    assert frame["error"].isna().tolist() == [True, False]
    assert "UnsupportedFormat" in frame["error"][1]
    assert "tiff, which image_formats does not allow" in frame["error"][1]
    assert read_images(tmp_path)["error"].isna().all()
    with pytest.raises(BadSetting, match=r"image_formats: \['jpg'\] cannot be used .* jpeg2000"):
        read_images(tmp_path, formats=["jpg"])


def test_headers_are_read_from_what_is_in_memory(photos):
    """The same as from the file, and each once; what could not be loaded keeps its reason."""
    (path,) = photos(1)
    ref, gone = refer(path), refer("gone.png")
    headers = Headers()
    headers.take(ref, loaded(ref))
    headers.take(gone, UnreadableImage("gone.png: no such file."))
    Path(path).unlink()
    headers.read_rest([ref, gone])
    columns = headers.columns([ref, gone])
    assert columns["width"][0] == 10
    assert columns["error"][1] == "UnreadableImage: gone.png: no such file."
    assert tuple(columns) == headers.names
    assert headers.pop(ref).width == 10
    assert headers.pop(ref) is None  # forgotten, and the file is not there any more


OPENS = """
import os, sys
from collections import Counter
import pandas as pd
from PIL import Image
import vlmkit as vk
from vlmkit.cli.entry import run

os.mkdir("photos")
paths = [os.path.join("photos", f"{number}.png") for number in range(3)]
for path in paths:
    Image.new("RGB", (40, 30), "teal").save(path)
opened = Counter()

def note(event, arguments):
    if event == "open" and not isinstance(arguments[0], int) and os.fsdecode(arguments[0]).endswith(".png"):
        opened[os.path.basename(os.fsdecode(arguments[0]))] += 1

sys.addaudithook(note)

def count(call):
    opened.clear()
    call()
    return sorted(opened.values())

frame = pd.DataFrame({"path": paths})
for source in ("photos", frame, frame["path"]):
    for options in ({"store": False}, {"store": "s.sqlite", "overwrite": True}):
        for verb in (vk.describe, lambda *a, **o: list(vk.describe_iter(*a, **o, metadata=True))):
            found = count(lambda: verb(source, model="fake:A field.", progress=False, **options))
            assert found == [1, 1, 1], (source, options, verb, found)
assert count(lambda: vk.describe("photos", {"a": "?", "b": "Why?"}, model="fake:A field.", store=False)) == [1, 1, 1]
assert count(lambda: vk.describe_one(paths[0], model="fake:A field.", store=False)) == [1]
given = ["describe", "photos", "--model", "fake:A field.", "--metadata", "--format", "jsonl", "--quiet"]
assert count(lambda: run(given)) == [1, 1, 1], opened
"""


def test_each_picture_is_opened_once(fresh_python):
    """By a run of a folder, a table, a column, by records with all metadata, and by the command."""
    done = fresh_python(OPENS, VLMKIT_STORE="false")
    assert done.stdout.count('"digest"') == 3
