"""Pixels pass, everything else stays behind."""

from __future__ import annotations

from io import BytesIO

import pytest
from making_pictures import corners, encoded, jpeg_with_everything, noise, png_with_everything
from PIL import Image

from vlmkit.sources import normalize, refer
from vlmkit.sources.stripping import MOST_SCANS, count_scans, strip


def pixels(data: bytes) -> bytes:
    return Image.open(BytesIO(data)).convert("RGB").tobytes()


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0, "restart_marker_blocks": 2}, {"optimize": True}]
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_nothing_of_a_jpeg_but_its_pixels(options: dict[str, object], mode: str) -> None:
    """Position, camera, comments, thumbnails and what hides behind the end are gone; not one pixel changes."""
    image = noise((160, 120)).convert(mode)
    data = jpeg_with_everything(image, **options)
    assert data.count(b"SECRET") == 8
    assert b"Acme" in data
    stripped = strip(data, "JPEG")
    assert stripped == strip(encoded(image, "JPEG", **options), "JPEG")
    assert b"SECRET" not in stripped
    assert b"Exif" not in stripped
    assert pixels(stripped) == pixels(data)


def test_nothing_of_a_png_but_its_pixels() -> None:
    """Text, XMP, EXIF, private chunks and what hides behind the end are gone."""
    data = png_with_everything(noise())
    assert data.count(b"SECRET") >= 4
    assert b"Acme" in data
    stripped = strip(data, "PNG")
    assert stripped == encoded(noise(), "PNG")
    assert pixels(stripped) == pixels(data)


@pytest.mark.parametrize("make", [jpeg_with_everything, png_with_everything])
@pytest.mark.parametrize("budget_px", [80, 40])
def test_no_metadata_is_ever_sent(make: object, budget_px: int) -> None:
    """Neither where the compressed pixels pass nor where they are encoded anew."""
    sent = normalize(refer(make(corners())), budget_px).data
    assert not any(word in sent for word in (b"SECRET", b"Acme", b"Exif", b"xmpmeta"))
    assert not Image.open(BytesIO(sent)).getexif()


def test_a_thumbnail_in_the_first_segment_is_dropped() -> None:
    """JFIF has a place for one, uncompressed."""
    plain = encoded(corners(), "JPEG")
    thumbnail = bytes((1, 1)) + b"RGB"
    data = plain[:2] + b"\xff\xe0\x00\x13" + plain[6:18] + thumbnail + plain[20:]
    assert pixels(data) == pixels(plain)
    assert strip(data, "JPEG") == plain


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_filling_between_segments_does_no_harm(options: dict[str, object]) -> None:
    """Any number of FF may stand before a marker."""
    data = encoded(noise((160, 120)), "JPEG", **options)
    filled = data[:-2] + b"\xff\xff\xff\xd9"
    at = data.rindex(b"\xff\xda")
    filled = filled[:at] + b"\xff\xff" + filled[at:]
    stripped = strip(filled, "JPEG")
    assert pixels(stripped) == pixels(data)
    assert len(stripped) <= len(filled)


def test_adobe_colors_keep_their_marker() -> None:
    """Without it a reader would take RGB for YCbCr."""
    data = encoded(corners(), "JPEG", keep_rgb=True)
    assert b"Adobe" in strip(data, "JPEG")
    assert pixels(strip(data, "JPEG")) == pixels(data)


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_what_is_not_built_as_it_should_be_is_left_to_the_decoder(name: str) -> None:
    """Cut anywhere, or with a wrong length or check sum, there is no copy; nothing raises."""
    data = encoded(noise((30, 20)), name)
    assert all(strip(data[:size], name) is None for size in range(len(data)))
    assert strip(b"\0" + data, name) is None
    at = data.index(b"IDAT") + 8 if name == "PNG" else data.index(b"\xff\xdb") + 2
    assert strip(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :], name) is None


def test_a_picture_within_a_picture_is_left_to_the_decoder() -> None:
    """A marker without a length, taken for one with a length, would carry along whatever follows."""
    data = encoded(noise((160, 120)), "JPEG")
    at = len(data) - 40
    spliced = data[:at] + b"\xff\xd8\xff\xe1\0\x10Exif\0\0SECRET.." + data[at:]
    assert strip(data, "JPEG") == data
    assert strip(spliced, "JPEG") is None


def test_scans_are_counted() -> None:
    """An ordinary progressive JPEG stays far below the limit."""
    assert count_scans(encoded(noise(), "JPEG")) == 1
    assert 5 < count_scans(encoded(noise(), "JPEG", progressive=True)) < MOST_SCANS / 10
