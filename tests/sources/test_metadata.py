"""What cameras write, and what they write wrongly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO

import pillow_heif
import pytest
from making_pictures import camera_exif, corners, encoded
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from vlmkit.sources import read_header, refer
from vlmkit.sources.metadata import Metadata


def metadata(data: bytes) -> Metadata:
    return read_header(refer(data)).metadata


def of(**tags: object) -> Metadata:
    """Metadata of a JPEG with the camera's EXIF, some of it replaced: ``photo_9003``, ``gps_2``, ``base_110``."""
    exif = camera_exif()
    folders = {"base": exif, "photo": exif.get_ifd(0x8769), "gps": exif.get_ifd(0x8825)}
    for name, value in tags.items():
        folder, _, tag = name.partition("_")
        if value is None:
            folders[folder].pop(int(tag, 16))
        else:
            folders[folder][int(tag, 16)] = value
    exif[0x8769], exif[0x8825] = dict(folders["photo"]), dict(folders["gps"])
    return metadata(encoded(corners(), "JPEG", exif=exif))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_camera_s_words(name: str) -> None:
    """Time by the camera's clock and in UTC, names without padding, position in degrees with its sign."""
    found = metadata(encoded(corners(), name, exif=camera_exif()))
    assert found.taken_at == datetime(2024, 2, 29, 23, 30, 5, 250_000)  # noqa: DTZ001  a clock without a zone
    assert found.taken_at_utc == datetime(2024, 2, 29, 21, 30, 5, 250_000, tzinfo=UTC)
    assert (found.camera_make, found.camera_model, found.lens_model) == ("Acme", "Phone 7", "Acme 4.2 mm")
    assert found.focal_length_mm == pytest.approx(4.2)
    assert found.f_number == pytest.approx(1.8)
    assert found.exposure_time_s == pytest.approx(0.004)
    assert found.iso == 100
    assert found.gps_latitude_deg == pytest.approx(-33.868750)
    assert found.gps_longitude_deg == pytest.approx(151.21)
    assert found.gps_altitude_m == pytest.approx(19.5)


def test_a_phone_s_heic_says_as_much() -> None:
    """Beside a turn of its own."""
    buffer = BytesIO()
    pillow_heif.from_pillow(corners()).save(buffer, exif=camera_exif(6).tobytes())
    assert metadata(buffer.getvalue()) == metadata(encoded(corners(), "JPEG", exif=camera_exif()))


def test_a_picture_without_exif_says_nothing() -> None:
    """All facts are missing, none is made up."""
    assert metadata(encoded(corners(), "JPEG")) == Metadata()
    assert read_header(refer(Image.new("L", (1, 1)))).metadata == Metadata()


@pytest.mark.parametrize(
    "time",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 00:00:00", "yesterday", "", "2024:02:30 10:00:00"],
)
def test_impossible_times(time: str) -> None:
    """A camera without a set clock writes zeros."""
    found = of(photo_9003=time)
    assert found.taken_at is None
    assert found.taken_at_utc is None


def test_a_clock_without_a_zone() -> None:
    """The time stands, the moment in UTC is unknown; fractions of a second may be nonsense."""
    found = of(photo_9011=None, photo_9291="x")
    assert found.taken_at == datetime(2024, 2, 29, 23, 30, 5)  # noqa: DTZ001  as above
    assert found.taken_at_utc is None
    assert of(photo_9011="somewhere").taken_at_utc is None
    assert of(photo_9011="+99:00").taken_at_utc is None


@pytest.mark.parametrize("place", [(200.0, 0.0, 0.0), (1.0, 2.0), (0.0, IFDRational(0, 0), 0.0)])
def test_impossible_places(place: object) -> None:
    """No latitude is better than a wrong one."""
    found = of(gps_2=place)
    assert found.gps_latitude_deg is None
    assert found.gps_longitude_deg == pytest.approx(151.21)


def test_below_the_sea_and_north_west() -> None:
    """Signs come from the reference tags."""
    found = of(gps_5=b"\x01", gps_1="N", gps_3="W")
    assert found.gps_altitude_m == pytest.approx(-19.5)
    assert found.gps_latitude_deg > 0 > found.gps_longitude_deg


def test_names_are_text_of_one_line() -> None:
    """What a file says may be hostile: control characters go, length is bounded."""
    found = of(base_110="\x1b[31mred\n\nalert\u202e" + "x" * 1000)
    assert found.camera_model.startswith("[31mred alert")
    assert found.camera_model.isprintable()
    assert len(found.camera_model) <= 200


def test_damaged_exif_says_nothing() -> None:
    """The picture is still good."""
    data = encoded(corners(), "JPEG", exif=camera_exif())
    at = data.index(b"Exif\0\0") + 6
    assert metadata(data[:at] + b"\xff" * 40 + data[at + 40 :]) == Metadata()


def test_all_of_exif_when_asked_for() -> None:
    """By EXIF's names, as values of JSON; nothing unless asked, and an empty mapping where there is none."""
    exif = camera_exif()
    exif.get_ifd(0x8769)[0x927C] = bytes(range(256)) * 20  # a maker's own notes
    exif.get_ifd(0x8769)[0xA302] = b"\x02\x00\xff"
    exif[0x8769], exif[0x8825] = dict(exif.get_ifd(0x8769)), dict(exif.get_ifd(0x8825))
    data = encoded(corners(), "JPEG", exif=exif)
    found = read_header(refer(data), exif=True).exif
    assert found is not None
    assert json.loads(json.dumps(found)) == found
    assert isinstance(found["Make"], str)
    assert found["Exif"]["MakerNote"] == "<5120 bytes>"
    assert found["Exif"]["CFAPattern"] == "0x0200ff"
    assert found["GPSInfo"]["GPSLatitudeRef"] in {"N", "S"}
    assert read_header(refer(data)).exif is None
    assert read_header(refer(encoded(corners(), "PNG")), exif=True).exif == {}
