"""Deep pictures are shown with the range they use, and as they are where they use it."""

from io import BytesIO

import numpy as np
import pytest
from making_pictures import encoded
from PIL import Image

from vlmkit.errors import UnsupportedFormat
from vlmkit.sources import decode, examine, normalize, refer
from vlmkit.sources.ranges import Tones, stretched, tones_of

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
