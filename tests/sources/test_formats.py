"""Which formats are opened, and what is said of the others."""

from __future__ import annotations

from io import BytesIO

import pillow_heif
import pytest
from making_pictures import corners, encoded
from PIL import Image, ImageOps

from vlmkit import settings
from vlmkit.errors import UnreadableImage, UnsupportedFormat
from vlmkit.settings_checks import FORMATS
from vlmkit.sources import decode, normalize, opening, read_header, refer
from vlmkit.sources.formats import PICTURE_SUFFIXES, allowed_formats, foreign_format, readers


def test_everyday_formats_are_allowed_and_dangerous_ones_are_not() -> None:
    """PostScript would start Ghostscript; it is not even tried."""
    assert {"JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"} <= set(allowed_formats())
    assert not {"EPS", "WMF", "PDF", "FITS"} & set(allowed_formats())


def test_every_format_has_its_reader_and_no_others_are_loaded(fresh_python) -> None:
    """In a process that has written no picture yet, as writing one may load all that Pillow has."""
    code = (
        "import sys\nfrom vlmkit.sources.formats import allowed_formats\nfound = allowed_formats()\n"
        "assert 'PIL.PdfImagePlugin' not in sys.modules and 'PIL.EpsImagePlugin' not in sys.modules\n"
        "from PIL import Image\nImage.init()\nallowed_formats.__wrapped__.__globals__['readers'].cache_clear()\n"
        "assert found == allowed_formats.__wrapped__()"
    )
    fresh_python(code)


@pytest.mark.parametrize(
    "name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO", "QOI", "HEIF"]
)
def test_a_format_that_is_not_allowed_is_not_opened(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its name: told by its first bytes, before any decoder sees it; allowed, it is read."""
    buffer = BytesIO()
    original = Image.new("RGB", (40, 30), (200, 30, 30))
    if name == "HEIF":
        pillow_heif.from_pillow(original).save(buffer)
    else:
        original.save(buffer, name, **({"sizes": [(40, 30)]} if name == "ICO" else {}))
    data, called = buffer.getvalue(), []
    own = {"DIB": "bmp"}.get(name, name.lower())
    settings.use(image_formats=[own])
    assert read_header(refer(data)).width == 40
    settings.use(image_formats=FORMATS - {own})
    watched = tuple((each, lambda *_: called.append(1), accept) for each, _, accept in readers())
    monkeypatch.setattr(opening, "readers", lambda: watched)
    for look in (read_header, lambda ref: normalize(ref, 100)):
        with pytest.raises(UnsupportedFormat, match=f"{own}, which image_formats does not allow"):
            look(refer(data))
    assert not called


def test_the_names_that_a_user_may_give_are_those_that_are_opened() -> None:
    """One name for each, and none that opens nothing."""
    assert {name.lower() for name in allowed_formats()} - {"dib"} == FORMATS


@pytest.mark.parametrize(
    "name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO", "QOI", "HEIF"]
)
def test_every_allowed_format_is_really_decoded(name: str) -> None:
    """A picture written in the format comes out with its size and, roughly, its color."""
    buffer = BytesIO()
    original = Image.new("RGB", (40, 30), (200, 30, 30))
    if name == "HEIF":
        pillow_heif.from_pillow(original).save(buffer)
    else:
        original.save(buffer, name, **({"sizes": [(40, 30)]} if name == "ICO" else {}))
    image = Image.open(BytesIO(normalize(refer(buffer.getvalue()), 100).data))
    assert image.size == (40, 30)
    assert all(abs(a - b) < 12 for a, b in zip(image.convert("RGB").getpixel((20, 15)), (200, 30, 30), strict=True))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"8BPS\0\1", "Photoshop"),
        (b"<svg xmlns=", "SVG"),
        (b"\0\0\0\x18ftypisom\0\0\2\0", "MP4 video"),
    ],
)
def test_a_picture_nobody_here_can_decode_is_named(head: bytes, name: str) -> None:
    """The way out is in the message."""
    with pytest.raises(UnsupportedFormat, match=rf"<bytes \d+>: {name} cannot be decoded here; save it as JPEG or PNG"):
        normalize(refer(head.ljust(64, b"\0")), 100)


def test_text_is_no_picture() -> None:
    """A web page saved as .jpg is the commonest case."""
    fault = foreign_format(b"dear diary", "a.jpg")
    assert type(fault) is UnreadableImage
    assert str(fault).startswith("a.jpg: not a picture, whatever its name says")


@pytest.mark.parametrize("label", ["notes.txt", "folder/table.csv", "a.docx"])
def test_what_is_a_picture_by_neither_name_nor_content_is_of_another_kind(label: str) -> None:
    """There is nothing to mend in it."""
    assert type(foreign_format(b"dear diary", label)) is UnsupportedFormat


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"<!DOCTYPE html><title>404</title>", "an HTML page"),
        (b"\n  <HTML><head>", "an HTML page"),
        (b"\xef\xbb\xbf<!doctype HTML>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "a Git LFS pointer.*git lfs pull"),
        (b'{"error": "not found"}', "a JSON text"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code>", "an XML text"),
    ],
)
def test_what_stands_in_a_pictures_place_is_named(head: bytes, what: str) -> None:
    """What downloads and checkouts leave behind; the message says what to do."""
    with pytest.raises(UnreadableImage, match=what):
        normalize(refer(head), 100)


@pytest.mark.parametrize(
    "head",
    [b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0", b"FUJIFILMCCD-RAW 0201", b"\0\0\0\x18ftypcrx \0\0\0\1crx ", b"FOVb\0\0"],
)
def test_raw_data_of_cameras_is_named(head: bytes) -> None:
    """By its content; it would have to be developed first."""
    with pytest.raises(UnsupportedFormat, match=r"camera raw \(\w+\) cannot be decoded here"):
        normalize(refer(head.ljust(64, b"\0")), 100)


@pytest.mark.parametrize(
    "head", [b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"\0\0\0\x20ftypavif", b"\0\0\0\x18ftypheic\0\0\0\0"]
)
def test_the_stump_of_a_known_format_is_damaged_rather_than_unknown(head: bytes) -> None:
    """A download that stopped at once still tells what it was going to be."""
    with pytest.raises(UnreadableImage, match=r"(PNG|JPEG|AVIF|HEIF) data that is damaged at its beginning"):
        normalize(refer(head), 100)


def test_a_photo_with_further_pictures_behind_it_is_its_first() -> None:
    """Phones store depth maps and gain maps as MPO."""
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "blue")]
    buffer = BytesIO()
    frames[0].save(buffer, "MPO", save_all=True, append_images=frames[1:])
    image = Image.open(BytesIO(normalize(refer(buffer.getvalue()), 100).data))
    assert image.format == "JPEG"
    assert image.getpixel((20, 15))[0] > 240


def test_suffixes_are_compared_in_lower_case() -> None:
    """Membership is tested with a lowered suffix, so an upper-case entry would never match."""
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in PICTURE_SUFFIXES)
    assert {".jpg", ".jpeg", ".png", ".webp", ".heic", ".tiff"} <= PICTURE_SUFFIXES


def test_pillow_itself_stays_as_it_was() -> None:
    """Whoever uses Pillow beside vlmkit gets no opener that they did not register."""
    buffer = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (8, 6))).save(buffer)
    assert normalize(refer(buffer.getvalue()), 100).width == 8
    assert "HEIF" not in Image.OPEN


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_phone_s_heic_is_upright(orientation: int) -> None:
    """HEIC has a turn of its own, beside the tag in its EXIF; applying both would undo it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = corners((80, 60))
    heif = pillow_heif.from_pillow(stored)
    buffer = BytesIO()
    heif.save(buffer, exif=exif.tobytes(), quality=95, chroma=444)
    shown = decode(normalize(refer(buffer.getvalue()), 100))
    expected = ImageOps.exif_transpose(Image.open(BytesIO(encoded(stored, "PNG", exif=exif))))
    header = read_header(refer(buffer.getvalue()))
    assert (header.width, header.height, header.orientation) == (*expected.size, 1)
    assert shown.size == expected.size
    for at in ((10, 10), (expected.width - 10, 10), (10, expected.height - 10)):
        assert all(abs(a - b) < 12 for a, b in zip(shown.getpixel(at), expected.getpixel(at), strict=True))
