"""Colors arrive as they were meant."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from making_pictures import corners, encoded
from PIL import Image, ImageCms, ImageDraw

from vlmkit.sources import decode, normalize, refer
from vlmkit.sources.color import eight_bits, is_plain, to_rgb


def profile(gamma: float = 2.2, primaries: tuple[tuple[float, float], ...] | None = None) -> bytes:
    """An ICC profile written from scratch: gray with a gamma, or RGB with D50-adapted primaries."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        for name, (x, y, z) in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
            tags[name] = _xyz(x, y, z)
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 81
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data.ljust((len(data) + 3) // 4 * 4, b"\0")
    content = struct.pack(">I", len(tags)) + table + body
    space = b"GRAY" if primaries is None else b"RGB "
    head = struct.pack(">I4sI4s4s4s", 128 + len(content), b"lcms", 0x02100000, b"mntr", space, b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061).ljust(60, b"\0") + content


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


NOISE = Image.effect_noise((90, 60), 90).convert("RGB")
DISPLAY_P3 = profile(2.2, ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)))
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_wide_colors_become_srgb(name: str) -> None:
    """Phones write Display P3; its red is redder than a reader without profiles shows it."""
    image = Image.new("RGB", (32, 32), (200, 100, 100))
    sent = normalize(refer(encoded(image, name, icc_profile=DISPLAY_P3)), 100)
    red, green, blue = decode(sent).getpixel((16, 16))
    assert sent.media_type == "image/jpeg"
    assert 210 < red < 222
    assert green < 98
    assert blue < 100
    assert b"ICC_PROFILE" not in sent.data


def test_a_profile_that_changes_nothing_lets_the_pixels_pass_without_it() -> None:
    """Most cameras write that of sRGB itself."""
    plain = encoded(corners(), "JPEG")
    assert normalize(refer(encoded(corners(), "JPEG", icc_profile=SRGB)), 100).data == plain


@pytest.mark.parametrize("icc", [b"", b"nothing", SRGB[:200], b"\0" * 4000, profile(1.0)])
def test_a_profile_that_cannot_be_used_is_passed_over(icc: bytes) -> None:
    """Damaged, or of gray for a picture in color."""
    sent = normalize(refer(encoded(corners(), "JPEG", icc_profile=icc)), 100)
    assert sent.data == encoded(corners(), "JPEG")


def test_gray_with_a_gamma_of_its_own() -> None:
    """Linear middle gray is a light gray on a screen."""
    sent = normalize(refer(encoded(Image.new("L", (16, 16), 128), "PNG", icc_profile=profile(1.0))), 100)
    assert 180 < decode(sent).getpixel((8, 8))[0] < 195


def test_the_profile_of_a_transparent_picture_counts_too() -> None:
    """White stays white, what shows through is converted."""
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((16, 0, 31, 31), (200, 100, 100, 255))
    shown = decode(normalize(refer(encoded(image, "PNG", icc_profile=DISPLAY_P3)), 100))
    assert min(shown.getpixel((4, 16))) > 250
    assert 210 < shown.getpixel((24, 16))[0] < 222


def test_print_colors_by_adobe_are_inverted() -> None:
    """CMYK in a JPEG with Adobe's marker counts light, not ink, also when it is scaled while decoding."""
    data = encoded(corners((800, 600), mode="CMYK"), "JPEG", quality=95)
    assert b"Adobe" in data
    for budget_px in (800, 80):
        shown = decode(normalize(refer(data), budget_px))
        red, green, blue = shown.getpixel((shown.width // 8, shown.height // 8))
        assert red > 230
        assert green < 25
        assert blue < 25


def test_plain_are_srgb_and_gray_without_transparency() -> None:
    """Everything else has to be encoded anew."""
    plain = {"RGB": True, "L": True, "RGBA": False, "P": False, "CMYK": False, "I;16": False, "1": False}
    assert {mode: is_plain(Image.new(mode, (2, 2))) for mode in plain} == plain
    assert not is_plain(Image.open(BytesIO(encoded(corners(), "PNG", icc_profile=DISPLAY_P3))))
    assert not is_plain(Image.open(BytesIO(encoded(corners(), "PNG", transparency=(255, 0, 0)))))


def test_every_mode_becomes_rgb() -> None:
    """With a profile of no use to most of them."""
    for mode in (
        "1",
        "L",
        "LA",
        "P",
        "PA",
        "RGB",
        "RGBA",
        "RGBX",
        "CMYK",
        "YCbCr",
        "HSV",
        "I",
        "F",
        "I;16",
        "La",
        "RGBa",
    ):
        image = eight_bits(Image.new(mode, (3, 2)))
        assert image.mode in {"L", "RGB", "RGBA", "CMYK"}
        assert image.resize((2, 1)).size == (2, 1)
        assert to_rgb(image, DISPLAY_P3).mode == "RGB", mode


def test_sixteen_bits_with_a_transparent_value() -> None:
    """The transparent shade lies on white, the others keep their upper byte."""
    values = np.full((8, 8), 0x8000, dtype=np.uint16)
    values[:, :4] = 0x1234
    data = encoded(Image.fromarray(values), "PNG", transparency=0x1234)
    shown = decode(normalize(refer(data), 100))
    assert shown.getpixel((1, 4))[0] > 250
    assert abs(shown.getpixel((6, 4))[0] - 128) < 4


def test_what_has_one_channel_keeps_one_until_it_is_small() -> None:
    """A scanned page of a hundred megapixels, one bit each, shall not need four bytes for each."""
    assert eight_bits(Image.new("1", (2, 2))).mode == "L"
    assert eight_bits(Image.new("I;16", (2, 2))).mode == "L"
    line = Image.new("1", (4000, 40), 1)
    line.paste(0, (0, 0, 4000, 20))
    shown = decode(normalize(refer(encoded(line, "PNG")), 100))
    assert shown.size == (100, 1)
    assert 100 < shown.getpixel((50, 0))[0] < 155


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_a_profile_goes_with_pixels_that_are_not_compressed_again(name: str) -> None:
    """It is applied where they are decoded, with the same result as to pixels in memory."""
    data = encoded(NOISE, name, icc_profile=DISPLAY_P3)
    own = normalize(refer(data), 100, lossless=True)
    assert own.media_type == f"image/{name.lower()}"
    shown = decode(own)
    assert shown.tobytes() == decode(normalize(refer(Image.open(BytesIO(data))), 100, lossless=True)).tobytes()
    assert shown.tobytes() != Image.open(BytesIO(data)).convert("RGB").tobytes()
    plain = normalize(refer(encoded(NOISE, name, icc_profile=SRGB)), 100, lossless=True)
    assert plain.data == encoded(NOISE, name)
