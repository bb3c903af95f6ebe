"""Of a TIFF with several pages the picture is opened, not its reduced copy, and no raw data."""

import struct
from io import BytesIO

import pytest
from PIL import Image, TiffImagePlugin

from vlmkit.errors import UnreadableImage, UnsupportedFormat
from vlmkit.sources import decode, normalize, read_header, refer
from vlmkit.sources.tiff_pages import picture_page

SMALL, LARGE = Image.new("RGB", (80, 60), "blue"), Image.new("RGB", (400, 300), "red")


def pages(*marked):
    """A TIFF of these pages: (picture, NewSubfileType)."""
    buffer = BytesIO()
    with TiffImagePlugin.AppendingTiffWriter(buffer) as file:
        for image, subfile in marked:
            image.save(file, "TIFF", tiffinfo={254: subfile})
            file.newFrame()
    return buffer.getvalue()


def test_a_reduced_copy_in_front_is_passed():
    """Its header and its pixels are those of the picture."""
    data = pages((SMALL, 1), (LARGE, 0))
    header = read_header(refer(data))
    assert (header.width, header.height, header.frames) == (400, 300, 2)
    assert decode(normalize(refer(data), 1000)).getpixel((9, 9))[0] > 200


def test_the_first_of_equal_pages_is_the_picture():
    """A scanned document; its second page is no better."""
    assert read_header(refer(pages((SMALL, 2), (LARGE, 2)))).width == 80
    assert read_header(refer(pages((LARGE, 0), (SMALL, 1)))).width == 400


def test_where_all_pages_are_marked_the_largest_is_the_picture():
    """Some programs mark every page that they write."""
    assert read_header(refer(pages((SMALL, 1), (LARGE, 1)))).width == 400


@pytest.mark.parametrize("tag", [273, 279, 324, 325])
@pytest.mark.parametrize("is_big", [False, True])
def test_a_tiff_of_millions_of_pieces_is_not_begun(tag, is_big):
    """Listing them would take seconds, before a pixel is decoded."""
    pieces = 2_000_000
    entries = [(256, 1, 1), (257, 1, pieces), (258, 1, 8), (259, 1, 1), (262, 1, 1), (278, 1, 1), (tag, pieces, 400)]
    if is_big:
        listed = b"".join(struct.pack("<HHQQ", number, 4, count, value) for number, count, value in entries)
        data = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, len(entries)) + listed
    else:
        listed = b"".join(struct.pack("<HHII", number, 4, count, value) for number, count, value in entries)
        data = b"II*\0" + struct.pack("<IH", 8, len(entries)) + listed
    data = data.ljust(400, b"\0") + b"\0" * 4 * pieces
    for read in (read_header, lambda ref: normalize(ref, 100)):
        with pytest.raises(UnreadableImage, match="2,000,000 pieces, made to keep its reader busy"):
            read(refer(data))


def test_a_tiff_of_many_strips_is_read():
    """One a row, as many programs write them."""
    buffer = BytesIO()
    Image.new("L", (3, 30_000), 7).save(buffer, "TIFF", tiffinfo={278: 1})
    assert read_header(refer(buffer.getvalue())).height == 30_000


def raw_below(photometric):
    """A TIFF as cameras write raw: a preview in front, the sensor's data in a directory below."""
    entries = [(254, 4, 1, 1), (256, 4, 1, 8), (257, 4, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2), (330, 4, 1, 200)]
    below = [(254, 4, 1, 0), (256, 4, 1, 6000), (257, 4, 1, 4000), (259, 3, 1, 1), (262, 3, 1, photometric)]

    def directory(listed):
        return struct.pack("<H", len(listed)) + b"".join(struct.pack("<HHII", *entry) for entry in listed) + b"\0\0\0\0"

    head = b"II*\0" + (8).to_bytes(4, "little")
    return (head + directory(entries)).ljust(200, b"\0") + directory(below)


@pytest.mark.parametrize("photometric", [32803, 34892])
def test_raw_data_of_a_sensor_is_not_taken_for_its_preview(photometric):
    """DNG, NEF, ARW and the like are TIFFs by their first bytes."""
    with pytest.raises(UnsupportedFormat, match="camera raw, which is not developed here; export it"):
        picture_page(BytesIO(raw_below(photometric)), "a.dng")


def test_a_picture_below_the_pages_is_said_to_be_there():
    """Rather than its reduced copy taken for it."""
    with pytest.raises(UnsupportedFormat, match="in a directory below them"):
        picture_page(BytesIO(raw_below(2)), "a.tif")


def test_canon_says_raw_behind_the_header():
    """CR2."""
    data = bytearray(pages((LARGE, 0)))
    with pytest.raises(UnsupportedFormat, match="camera raw"):
        picture_page(BytesIO(b"II*\0\x10\0\0\0CR\2\0" + bytes(data[12:])), "a.cr2")


@pytest.mark.parametrize("data", [b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0\1\0"])
def test_what_breaks_off_is_left_to_the_decoder(data):
    """No error of its own."""
    assert picture_page(BytesIO(data), "a.tif") == 0


def test_directories_in_a_circle_end():
    """The second leads back to the first."""
    data = bytearray(pages((SMALL, 1), (SMALL, 1)))
    assert picture_page(BytesIO(bytes(data)), "a.tif") == 0
