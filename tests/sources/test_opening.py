"""Opening heeds our limits and nobody else's switches."""

from __future__ import annotations

import dataclasses
import struct
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from making_pictures import encoded, noise
from PIL import Image, ImageFile, TiffImagePlugin

from vlmkit.errors import ImageTooLarge, UnreadableImage, UnsupportedFormat
from vlmkit.sources import decode, normalize, read_header, refer
from vlmkit.sources.opening import open_image, orientation_of, picture_page, strictly


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
@pytest.mark.parametrize("budget_px", [400, 50])
def test_half_a_picture_is_refused_whatever_others_set(
    monkeypatch: pytest.MonkeyPatch, name: str, budget_px: int
) -> None:
    """Many training libraries tell Pillow to take half pictures for whole ones, for the whole process."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(noise((300, 200)), name)
    assert normalize(refer(data), budget_px).width == min(300, budget_px)
    for share in (0.5, 0.95):
        with pytest.raises(UnreadableImage, match="fetch or copy the file again"):
            normalize(refer(data[: int(len(data) * share)]), budget_px)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_the_switch_is_put_back_by_the_last_of_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is off as long as any of them decodes."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)

    def look(_: int) -> bool:
        with strictly():
            return ImageFile.LOAD_TRUNCATED_IMAGES

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(look, range(500)))
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True
    with pytest.raises(KeyError), strictly():
        raise KeyError
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


@pytest.mark.parametrize("head", [b"", b"P", b"\0", b"\xff", b"BM"])
def test_a_few_bytes_are_no_picture(head: bytes) -> None:
    """The readers' own recognition never fails over them."""
    with pytest.raises(UnreadableImage, match="x: "):
        open_image(BytesIO(head), "x", 100)


def test_what_normalize_makes_can_be_decoded() -> None:
    """By the same door."""
    assert decode(normalize(refer(encoded(noise(), "PNG")), 40)).size == (40, 30)


def test_orientation_needs_no_exif() -> None:
    """A picture without a tag is upright."""
    assert orientation_of(Image.new("L", (1, 1))) == 1


def test_a_picture_that_is_larger_than_it_says_is_not_decoded() -> None:
    """Pictures may come from elsewhere, such as over a server's HTTP face."""
    made = normalize(refer(encoded(noise(), "PNG")), 80)
    with pytest.raises(ImageTooLarge, match="80 × 60"):
        decode(dataclasses.replace(made, width=10))


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
