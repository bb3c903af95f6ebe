"""Files that are cut into too many parts are told before anybody goes through them."""

import struct
from io import BytesIO

import pytest
from hostile_pictures import chunk, icon, many_parts, png, saved, segment
from PIL import Image

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.sources import normalize, read_header, refer
from vlmkit.sources.limits import MOST_EXIF_PARTS, MOST_PARTS, MOST_PLAIN_BYTES
from vlmkit.sources.parts import check_icon

JPEG = saved(Image.new("RGB", (64, 48), "teal"), "JPEG")
BUSY = "made to keep its reader busy"


@pytest.mark.parametrize("name", many_parts(1))
def test_millions_of_parts_are_not_begun(name):
    """Where Pillow would be busy for seconds or, joining EXIF, for hours."""
    data = many_parts(300_000)[name]
    for look in (read_header, lambda ref: normalize(ref, 100)):
        with pytest.raises(UnreadableImage, match=BUSY):
            look(refer(data))


@pytest.mark.parametrize("name", many_parts(1))
def test_some_are_usual(name):
    """As many as a photo with its depth map has."""
    data = many_parts(50)[name]
    assert read_header(refer(data)).width == 64
    if name != "JPEG 2000 boxes":  # OpenJPEG wants none there
        assert normalize(refer(data), 100).width == 64


def test_exif_has_few_parts_however_large():
    """Pillow joins them."""
    part = segment(0xE1, b"Exif\0\0" + b"a" * 1000)
    assert read_header(refer(JPEG[:2] + part * MOST_EXIF_PARTS + JPEG[2:])).width == 64
    with pytest.raises(UnreadableImage, match=f"EXIF in {MOST_EXIF_PARTS + 1} parts"):
        read_header(refer(JPEG[:2] + part * (MOST_EXIF_PARTS + 1) + JPEG[2:]))


def test_empty_chunks_between_the_pixels():
    """The header is read; decoding would go through them all."""
    tile = png(64)
    data = tile[:33] + chunk(b"IDAT") * (MOST_PARTS + 1) + tile[33:]
    assert read_header(refer(data)).width == 64
    with pytest.raises(UnreadableImage, match="chunks of hardly a byte"):
        normalize(refer(data), 100)


def test_many_chunks_of_a_large_picture_are_usual():
    """Some encoders write 8 KiB at a time, of 100 MB and more."""
    tile = png(64)
    data = tile[:33] + chunk(b"prVt", b"\0" * 2000) * 500 + tile[33:]
    pixels = data[:-12] + chunk(b"prVt", b"\0" * 2000) * (MOST_PARTS + 100) + data[-12:]
    assert normalize(refer(pixels), 100).width == 64


def test_pixels_as_text_are_few():
    """They are read in Python, a few megabytes a second."""
    small = b"P3 2 1 255\n9 9 9 8 8 8 "
    assert read_header(refer(small)).width == 2
    with pytest.raises(UnreadableImage, match="pixels written as text"):
        read_header(refer(small + b"0 " * MOST_PLAIN_BYTES))


def test_an_icon_with_a_large_picture_in_it_is_not_decoded():
    """Its own list says 64 × 64."""
    for look in (read_header, lambda ref: normalize(ref, 100)):
        with pytest.raises(ImageTooLarge, match="an icon with a picture of 3000 × 3000 pixels"):
            look(refer(icon(3000)))


@pytest.mark.parametrize("layout", ["png", "bmp"])
@pytest.mark.parametrize("side", [16, 256])
def test_icons_are_read(layout, side):
    """With PNGs or bitmaps in them."""
    buffer = BytesIO()
    Image.new("RGBA", (side, side), "red").save(buffer, "ICO", sizes=[(side, side)], bitmap_format=layout)
    assert read_header(refer(buffer.getvalue())).width == side


@pytest.mark.parametrize(
    "head", [struct.pack("<Iiiii", 40, 5000, -10000, 0, 0), struct.pack("<IHHHH", 12, 5000, 10000, 1, 8)]
)
def test_bitmaps_are_measured_too(head):
    """With the long header, upside down, and with the old short one."""
    data = struct.pack("<HHHBBBBHHII", 0, 1, 1, 64, 64, 0, 0, 1, 32, 100, 22) + head.ljust(100, b"\0")
    with pytest.raises(ImageTooLarge, match="5000 × 5000"):
        check_icon(BytesIO(data), "a.ico")


def test_segments_are_found_wherever_they_are():
    """Also behind, and across the end of, what is read of a file at once."""
    part = segment(0xE1, b"Exif\0\0" + b"a" * 1000)
    for size in (4060, 4070, 4075, 4080, 9000, 60_000):
        data = JPEG[:2] + segment(0xE2, b"b" * size) + part * (MOST_EXIF_PARTS + 1) + JPEG[2:]
        with pytest.raises(UnreadableImage, match=f"EXIF in {MOST_EXIF_PARTS + 1} parts"):
            read_header(refer(data))
