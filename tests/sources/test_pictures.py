"""One normalizer: upright, RGB, within budget, untouched where nothing had to change, typed faults otherwise."""

from __future__ import annotations

import hashlib
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageOps

from vlmkit.errors import UnreadableImage
from vlmkit.records import Picture
from vlmkit.sources import decode, normalize, pictures, refer
from vlmkit.sources.pictures import JPEG_QUALITY


def corners(size: tuple[int, int] = (80, 60), mode: str = "RGB") -> Image.Image:
    """Four corners of four colors, so that every turn and flip shows."""
    image = Image.new("RGB", size, "red")
    width, height = size[0] // 2, size[1] // 2
    image.paste("lime", (width, 0, size[0], height))
    image.paste("blue", (0, height, width, size[1]))
    image.paste("yellow", (width, height, size[0], size[1]))
    return image.convert(mode)


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def shown(picture: Picture) -> Image.Image:
    return decode(picture)


def distance(left: Image.Image, right: Image.Image) -> float:
    assert left.size == right.size
    return float(np.asarray(ImageChops.difference(left.convert("RGB"), right.convert("RGB"))).mean())


@pytest.mark.parametrize(("name", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("PNG", "RGB"), ("PNG", "L")])
def test_own_bytes_pass_when_nothing_had_to_change(name: str, mode: str) -> None:
    """Upright JPEG and PNG within the budget are sent as they are, bit by bit."""
    data = encoded(corners(mode=mode), name)
    picture = normalize(refer(data), 80)
    assert picture.data == data
    assert picture.media_type == f"image/{name.lower()}"
    assert (picture.width, picture.height) == (80, 60)
    assert picture.digest == hashlib.blake2b(data, digest_size=16).hexdigest()


def test_the_orientation_tag_one_needs_no_change() -> None:
    """Most cameras write it."""
    exif = Image.Exif()
    exif[0x0112] = 1
    picture = normalize(refer(encoded(corners(), "JPEG", exif=exif)), 80)
    assert picture.data == encoded(corners(), "JPEG")


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_every_orientation_is_turned_upright(name: str, orientation: int) -> None:
    """The result equals Pillow's own transposition, in every format that carries EXIF, also when shrunk."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(name, {})
    data = encoded(corners(), name, exif=exif, **options)
    expected = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    assert distance(shown(normalize(refer(data), 80)), expected) < 3
    half = normalize(refer(data), 40)
    assert max(half.width, half.height) == 40
    # JPEG blurs the color edges of so small a picture by 6 or 7; a wrong turn makes 60 and more.
    assert distance(shown(half), expected.resize((half.width, half.height))) < 10


def test_a_pil_image_is_turned_upright_too_and_stays_as_it_was() -> None:
    """A lazily opened photo keeps its tag; the caller's object is not changed."""
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(BytesIO(encoded(corners(), "JPEG", exif=exif)))
    picture = normalize(refer(image), 80)
    assert (picture.width, picture.height) == (60, 80)
    assert image.size == (80, 60)
    assert distance(shown(picture), ImageOps.exif_transpose(image)) < 4


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("size_px", [64, 32])
def test_transparency_lies_on_white(mode: str, size_px: int) -> None:
    """Hidden colors under transparent pixels never show, and edges do not darken when shrunk."""
    image = Image.new(mode, (64, 64), (0, 0, 0, 0) if mode == "RGBA" else (0, 0))
    image.paste(Image.new(mode, (32, 64), (255, 0, 0, 255) if mode == "RGBA" else (128, 255)), (32, 0))
    result = shown(normalize(refer(encoded(image, "PNG")), size_px))
    assert min(result.getpixel((size_px // 8, size_px // 2))) > 245
    right = result.getpixel((size_px * 7 // 8, size_px // 2))
    expected = (255, 0, 0) if mode == "RGBA" else (128, 128, 128)
    assert all(abs(a - b) < 8 for a, b in zip(right, expected, strict=True))


def test_a_palette_with_a_transparent_color() -> None:
    """GIF and palette PNG mark transparency by one entry."""
    image = Image.new("P", (20, 20), 0)
    image.putpalette([0, 0, 0, 0, 0, 255] + [0] * 750)
    image.paste(1, (10, 0, 20, 20))
    for name in ("PNG", "GIF"):
        result = shown(normalize(refer(encoded(image, name, transparency=0)), 20))
        assert min(result.getpixel((3, 10))) > 240
        assert result.getpixel((16, 10))[2] > 240
        assert result.getpixel((16, 10))[0] < 15


def test_sixteen_bits_keep_their_upper_byte() -> None:
    """Half of 65535 is middle gray, not white as plain conversion gives."""
    values = np.linspace(0, 65535, 64, dtype=np.uint16)[None, :].repeat(16, axis=0)
    for name in ("PNG", "TIFF"):
        result = np.asarray(shown(normalize(refer(encoded(Image.fromarray(values), name)), 64)))
        assert abs(int(result[8, 32, 0]) - 129) < 6
        assert result[8, 1, 0] < 12
        assert result[8, 62, 0] > 243


def test_sixteen_bit_color_is_not_passed_through() -> None:
    """Its mode reads RGB, but not every reader downstream takes 16 bits per channel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\0" + struct.pack(">HHH", 0x8000, 0x1000, 0xF000) * 8) * 8
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    picture = normalize(refer(data), 64)
    assert picture.media_type == "image/jpeg"
    assert all(abs(a - b) < 10 for a, b in zip(shown(picture).getpixel((4, 4)), (0x80, 0x10, 0xF0), strict=True))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_values_without_a_common_range_are_stretched(mode: str) -> None:
    """Depth maps and measurements show their darkest as black and their lightest as white."""
    dtype = {"I": np.int32, "F": np.float32}[mode]
    values = np.linspace(-5, 20, 32).astype(dtype)[None, :].repeat(8, axis=0)
    result = np.asarray(shown(normalize(refer(encoded(Image.fromarray(values), "TIFF")), 64)))
    assert result[4, 1, 0] < 30
    assert result[4, -1, 0] > 240


def test_a_flat_measurement_does_not_divide_by_zero() -> None:
    """One value everywhere has no range."""
    flat = Image.fromarray(np.full((8, 8), 7.0, dtype=np.float32))
    assert normalize(refer(encoded(flat, "TIFF")), 8).width == 8


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "1", "P", "LAB", "HSV"])
def test_other_color_spaces_become_rgb(mode: str) -> None:
    """Every mode Pillow has arrives as an ordinary JPEG."""
    picture = normalize(refer(corners(mode=mode)), 80)
    assert Image.open(BytesIO(picture.data)).mode == "RGB"
    if mode in {"CMYK", "YCbCr"}:
        assert distance(shown(picture), corners()) < 5


def test_a_cmyk_jpeg_keeps_its_colors() -> None:
    """Print files are common in archives, and viewers that ignore the mode invert them."""
    picture = normalize(refer(encoded(corners(mode="CMYK"), "JPEG", quality=95)), 80)
    assert distance(shown(picture), corners()) < 6


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame(name: str) -> None:
    """One row is one picture."""
    frames = [Image.new("RGB", (30, 20), color) for color in ("red", "lime", "blue")]
    data = encoded(frames[0], name, save_all=True, append_images=frames[1:])
    picture = normalize(refer(data), 64)
    assert picture.media_type == "image/jpeg"
    assert distance(shown(picture), frames[0]) < 4


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (2000, 10), (1, 3000), (100, 100)])
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_the_longer_side_meets_the_budget(size: tuple[int, int], name: str) -> None:
    """Large pictures shrink in proportion, small ones are not enlarged, thin ones keep a pixel."""
    picture = normalize(refer(encoded(Image.new("RGB", size, "teal"), name)), 512)
    scale = min(1, 512 / max(size))
    assert picture.width == max(1, round(size[0] * scale))
    assert picture.height == max(1, round(size[1] * scale))


def test_shrinking_is_as_good_as_without_the_jpeg_shortcut() -> None:
    """DCT scaling is a matter of speed: the difference stays below what the re-encoding itself makes."""
    rng = np.random.default_rng(7)
    noise = Image.fromarray(rng.integers(0, 256, (40, 60, 3), dtype=np.uint8))
    data = encoded(noise.resize((2400, 1600), Image.Resampling.BICUBIC), "JPEG", quality=95)
    full = Image.open(BytesIO(data)).resize((512, 341), Image.Resampling.LANCZOS)
    by_encoding = distance(Image.open(BytesIO(encoded(full, "JPEG", quality=JPEG_QUALITY))), full)
    assert distance(shown(normalize(refer(data), 512)), full) < 2 * by_encoding


def test_a_large_photo_is_not_decoded_at_full_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A twelve-megapixel JPEG is scaled while it is decoded."""
    decoded = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image, "resize", lambda self, *args, **kw: decoded.append(self.size) or resize(self, *args, **kw)
    )
    assert normalize(refer(encoded(Image.new("RGB", (4000, 3000), "teal"), "JPEG")), 768).width == 768
    assert decoded == [(1000, 750)]


def test_what_is_re_encoded_is_jpeg_of_the_stated_quality() -> None:
    """The tables of the file are those of quality 90."""
    picture = normalize(refer(corners((300, 200))), 100)
    expected = encoded(Image.new("RGB", (8, 8)), "JPEG", quality=JPEG_QUALITY)
    assert JPEG_QUALITY == 90
    assert Image.open(BytesIO(picture.data)).quantization == Image.open(BytesIO(expected)).quantization


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("budget_px", [2000, 100])
def test_half_a_jpeg_is_not_accepted(options: dict[str, bool], budget_px: int) -> None:
    """Neither when its bytes would pass untouched nor when it is shrunk."""
    rng = np.random.default_rng(1)
    data = encoded(Image.fromarray(rng.integers(0, 256, (500, 800, 3), dtype=np.uint8)), "JPEG", **options)
    for part in (0.5, 0.9, 0.999):
        with pytest.raises(UnreadableImage, match="the data ends too early"):
            normalize(refer(data[: int(len(data) * part)]), budget_px)


@pytest.mark.parametrize("name", ["PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF"])
def test_half_a_file_of_any_format_is_a_typed_fault(name: str) -> None:
    """Whatever the decoder raises, the row says which picture and what to do."""
    rng = np.random.default_rng(2)
    data = encoded(Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)), name)
    with pytest.raises(UnreadableImage, match=r"^<bytes \d+>: .*fetch or copy the file again"):
        normalize(refer(data[: len(data) // 2]), 200)


def test_faults_name_the_file(tmp_path: Path) -> None:
    """In a table of ten thousand rows the path is what one needs."""
    path = tmp_path / "not really.jpg"
    path.write_text("404")
    with pytest.raises(UnreadableImage, match=r"not really\.jpg: not a picture"):
        normalize(refer(path), 100)


def test_equal_pictures_have_equal_digests_whatever_their_name(tmp_path: Path) -> None:
    """The digest is of what is sent, so a renamed file is the same picture."""
    data = encoded(corners((300, 200)), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    (tmp_path / "b.dat").write_bytes(data)
    digests = {normalize(refer(item), 100).digest for item in (tmp_path / "a.png", tmp_path / "b.dat", data)}
    assert len(digests) == 1


def test_many_threads_give_what_one_gives() -> None:
    """Files, bytes and one PIL object shared by many rows, opened lazily, at once."""
    rng = np.random.default_rng(3)
    data = encoded(Image.fromarray(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)), "PNG")
    lazy = Image.open(BytesIO(data))
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda ref: normalize(ref, 128).digest, [refer(lazy), refer(data)] * 24))
    assert digests == {normalize(refer(data), 128).digest}


def test_decoding_gives_a_loaded_rgb_picture_of_its_own() -> None:
    """Gray pictures passed through are RGB from here on; engines may change what they got."""
    picture = normalize(refer(encoded(corners(mode="L"), "PNG")), 80)
    first, second = decode(picture), decode(picture)
    assert first.mode == "RGB"
    first.paste("black", (0, 0, 80, 60))
    assert second.getbbox() is not None


def test_a_picture_made_elsewhere_and_damaged_is_a_typed_fault() -> None:
    """`decode` does not trust its bytes either."""
    with pytest.raises(UnreadableImage):
        decode(Picture(data=b"nothing", media_type="image/png", width=1, height=1, digest="00" * 16))


NOISE = Image.effect_noise((90, 60), 90).convert("RGB")


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def as_pillow_has_it(data: bytes) -> Image.Image:
    return ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")


def assert_lossless(data: bytes, expected: Image.Image, budget_px: int = 16) -> Picture:
    picture = normalize(refer(data), budget_px, lossless=True)
    assert (picture.width, picture.height) == expected.size
    assert picture.digest == hashlib.blake2b(picture.data, digest_size=16).hexdigest()
    image = decode(picture)
    assert (image.mode, image.tobytes()) == ("RGB", expected.tobytes())
    assert ImageOps.exif_transpose(image).size == image.size  # nobody turns it again
    return picture


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_lossless_pictures_are_what_pillow_decodes_upright(name: str, orientation: int) -> None:
    """However they are turned, and larger than the model's side: its processor shrinks them."""
    data = encoded(NOISE, name, exif=turned(orientation))
    assert_lossless(data, as_pillow_has_it(data))


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "RGB", {"subsampling": 0}),
        ("JPEG", "L", {"exif": turned(6)}),
        ("JPEG", "CMYK", {}),
        ("PNG", "P", {}),
        ("PNG", "1", {}),
        ("PNG", "L", {"bits": 4}),
        ("BMP", "RGB", {}),
        ("GIF", "P", {}),
        ("TIFF", "L", {}),
        ("PPM", "RGB", {}),
        ("WEBP", "RGB", {"lossless": True}),
    ],
)
def test_lossless_pictures_of_any_kind_keep_their_pixels(name: str, mode: str, options: dict[str, object]) -> None:
    """Nothing is lost to a second compression."""
    image = NOISE.quantize(40) if mode == "P" else NOISE.convert(mode)
    data = encoded(image, name, **options)
    assert_lossless(data, as_pillow_has_it(data))


@pytest.mark.parametrize(
    ("mode", "options"), [("RGBA", {}), ("LA", {}), ("RGB", {"transparency": (9, 9, 9)}), ("P", {"transparency": 3})]
)
def test_lossless_transparency_is_white(mode: str, options: dict[str, object]) -> None:
    """As for every other backend, and every other pixel as it is."""
    image = NOISE.quantize(40) if mode == "P" else NOISE.convert(mode)
    if mode in {"RGBA", "LA"}:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = encoded(image, "PNG", **options)
    opened = Image.open(BytesIO(data)).convert("RGBA")
    expected = Image.new("RGB", opened.size, "white")
    expected.paste(opened, mask=opened.getchannel("A"))
    assert_lossless(data, expected)


def test_own_pixels_stay_compressed_where_they_can() -> None:
    """A turned photo takes the memory of its file, without the metadata in it."""
    exif = turned(6)
    exif[0x010F] = "Acme"
    data = encoded(NOISE, "JPEG", exif=exif)
    picture = normalize(refer(data), 90, lossless=True)
    assert len(picture.data) <= len(data)
    assert b"Acme" not in picture.data
    assert normalize(refer(encoded(NOISE, "JPEG")), 90, lossless=True) == normalize(refer(encoded(NOISE, "JPEG")), 90)


def test_what_would_take_too_much_memory_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the side the model can use, and to no more pixels than the budget has; not compressed again either."""
    monkeypatch.setattr(pictures, "MOST_PIXELS", 90 * 60)
    larger = Image.effect_noise((200, 100), 50).convert("RGB")
    for budget_px, size in ((40, (40, 20)), (1000, (103, 52))):
        for data in (encoded(larger, "JPEG"), encoded(larger, "PNG"), encoded(larger, "TIFF")):
            picture = normalize(refer(data), budget_px, lossless=True)
            assert (picture.width, picture.height) == size
            assert picture.media_type == "image/x-portable-pixmap"
    data = encoded(NOISE, "JPEG", exif=turned(8))
    assert_lossless(data, as_pillow_has_it(data))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_half_a_picture_is_no_lossless_one(name: str) -> None:
    """Its own bytes pass only after they were read to the end."""
    data = encoded(NOISE, name, exif=turned(6))
    with pytest.raises(UnreadableImage):
        normalize(refer(data[: len(data) * 2 // 3]), 90, lossless=True)
