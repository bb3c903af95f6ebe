"""Colors arrive as they were meant."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from making_pictures import corners, encoded
from PIL import Image, ImageCms, ImageDraw

from vlmkit.errors import UnsupportedFormat
from vlmkit.sources import decode, examine, normalize, refer
from vlmkit.sources.color import Tones, eight_bits, is_plain, stretched, to_rgb, tones_of


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


RAMP = np.linspace(0, 1, 48 * 64).reshape(48, 64)


def sent(image, name="TIFF"):
    return np.asarray(decode(normalize(refer(encoded(image, name)), 100)).convert("L")).astype(int)


@pytest.mark.parametrize("bits", [8, 10, 12, 14])
@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_a_part_of_sixteen_bits_is_stretched(bits, name):
    """Microscopes, depth, DICOM exports: black to white, not black to nearly black."""
    pixels = sent(Image.fromarray((RAMP * (2**bits - 1)).astype(np.uint16)), name)
    assert pixels.min() < 5
    assert pixels.max() > 250
    assert abs(int(np.median(pixels)) - 128) < 6


def test_a_band_far_from_zero_is_stretched_too():
    """A CT around 1,000, of which nothing is black."""
    pixels = sent(Image.fromarray((30_000 + RAMP * 300).astype(np.uint16)))
    assert pixels.min() < 5
    assert pixels.max() > 250


def test_a_photo_of_sixteen_bits_stays_as_dark_as_it_is():
    """It uses more than a quarter of the range."""
    image = Image.fromarray((RAMP * 30_000).astype(np.uint16))
    assert tones_of(image) is None
    assert abs(sent(image).max() - 30_000 // 256) <= 3


def test_a_dead_pixel_is_no_tone():
    """One value far away from all others does not make these black."""
    values = (RAMP * 4095).astype(np.uint16)
    values[3, 3] = 65535
    low, high = tones_of(Image.fromarray(values))
    assert low == 0
    assert 4000 < high <= 4095
    floats = RAMP.astype(np.float32)
    floats[0, 0] = -1e30
    assert sent(Image.fromarray(floats)).max() > 250


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_does_not_spoil_the_rest(strange):
    """A hole in a depth map."""
    floats = RAMP.astype(np.float32)
    floats[:2, :9] = strange
    pixels = sent(Image.fromarray(floats))
    assert pixels.max() > 250
    assert abs(int(np.median(pixels)) - 130) < 10


def test_nothing_but_holes_is_black():
    """There is nothing to show."""
    assert sent(Image.fromarray(np.full((8, 8), np.nan, np.float32))).max() == 0


def test_one_value_only_is_shown_as_it_is():
    """A constant has no range."""
    assert tones_of(Image.fromarray(np.full((8, 8), 3000, np.uint16))) is None


def test_whole_numbers_of_32_bits_with_signs():
    """They have no common range."""
    pixels = sent(Image.fromarray((RAMP * 2000 - 1000).astype(np.int32)))
    assert pixels.min() < 5
    assert pixels.max() > 250


def test_eight_bits_have_no_tones():
    """Dark is dark."""
    assert tones_of(Image.new("L", (8, 8), 3)) is None
    assert tones_of(Image.new("RGB", (8, 8))) is None


def test_values_beyond_the_tones_are_the_nearer_one():
    """Below black is black."""
    pixels = stretched(Image.fromarray(np.array([[-5.0, 0.0, 5.0, 10.0, 99.0]], np.float32)), Tones(0, 10))
    assert list(pixels.tobytes()) == [0, 0, 128, 255, 255]


def png_of_16_bit_colors(values):
    """A PNG as OpenCV writes it, which Pillow does not."""
    import struct
    import zlib

    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_colors_of_sixteen_bits_are_not_black():
    """Of 12 bits in 16 the upper ones are stretched; of 8 in 16 nothing is left, and that is said."""
    colors = np.stack([RAMP, RAMP[::-1], np.zeros_like(RAMP)], axis=2)
    pixels = np.asarray(decode(normalize(refer(png_of_16_bit_colors(colors * 4095)), 100)))
    assert pixels.max() > 240
    assert pixels[..., 2].max() < 16
    with pytest.raises(UnsupportedFormat, match="only the lowest are used; save it with 8 bits a color"):
        normalize(refer(png_of_16_bit_colors(colors * 255)), 100)
    whole = np.asarray(decode(normalize(refer(png_of_16_bit_colors(colors * 65535)), 100)))
    assert abs(int(whole[24, 32, 0]) - 130) < 8


def test_an_examination_tells_the_tones_and_blanks():
    """What would be sent, found out before a run."""
    stretched_picture = examine(refer(encoded(Image.fromarray((RAMP * 4095).astype(np.uint16)), "PNG")))
    assert stretched_picture == (False, Tones(0, 4095))
    buffer = BytesIO()
    Image.new("RGB", (64, 48), "white").save(buffer, "JPEG")
    assert examine(refer(buffer.getvalue())) == (True, None)
    assert examine(refer(encoded(Image.new("RGB", (64, 48), "red"), "PNG"))) == (False, None)
