"""A described picture as a flat record."""

import pytest
from PIL import ExifTags, Image

from vlmkit.cli.facts import METADATA, record_of
from vlmkit.cli.results import FIELDS
from vlmkit.cli.text import dump
from vlmkit.frame import describe_iter
from vlmkit.sources import fingerprint, refer


@pytest.fixture
def photo(tmp_path):
    """A picture that says when and where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Acme"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "S", (10.0, 30.0, 0.0)
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (64, 48), "teal").save(path, exif=exif)
    return path


def record(path, *, metadata):
    (description,) = describe_iter(str(path), model="fake:A field.", store=False, metadata=metadata)
    return record_of(description, refer(str(path)), metadata=metadata)


def test_the_fields_of_a_result(photo):
    """Those that are promised, in their order."""
    found = record(photo, metadata=False)
    assert tuple(found) == FIELDS
    assert (found["path"], found["format"], found["width"], found["height"]) == (str(photo), "JPEG", 64, 48)
    assert (found["is_duplicate"], found["retries"]) == (False, 0)
    assert (found["error"], found["from_store"], found["size_bytes"]) == (None, False, photo.stat().st_size)


def test_metadata_when_asked(photo):
    """Everything the file says; moments as texts, so that it can be written as JSON."""
    found = record(photo, metadata=True)
    assert tuple(found) == (*FIELDS, *METADATA)
    assert (found["orientation"], found["frames"], found["camera_make"]) == (6, 1, "Acme")
    assert (found["taken_at"], found["gps_latitude_deg"]) == ("2024-05-06T07:08:09", -10.5)
    assert found["digest"] == fingerprint(refer(str(photo)))
    assert dump(found)


def test_a_file_that_says_nothing(tmp_path):
    """All fields are there, empty; the error is the row's."""
    path = tmp_path / "broken.jpg"
    path.write_text("no picture")
    found = record(path, metadata=True)
    assert {name: found[name] for name in METADATA} == dict.fromkeys(METADATA)
    assert found["error"].startswith("UnreadableImage: ")
