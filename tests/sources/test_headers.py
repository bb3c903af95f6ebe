"""Headers are read without decoding, and never past the limits."""

from __future__ import annotations

import dataclasses
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from vlmkit.errors import ImageTooLarge, RunError, UnreadableImage
from vlmkit.sources import Header, Limits, fingerprint, normalize, read_header, refer


def encoded(name: str, size: tuple[int, int] = (60, 40), orientation: int | None = None, mode: str = "RGB") -> bytes:
    buffer = BytesIO()
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.new(mode, size).save(buffer, name, exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_stored_size_and_orientation(tmp_path: Path, name: str, orientation: int) -> None:
    """Width and height are those of the stored pixels in every format, from a file and from bytes."""
    data = encoded(name, orientation=orientation)
    path = tmp_path / "p"
    path.write_bytes(data)
    expected = Header(format=name, width=60, height=40, size_bytes=len(data), orientation=orientation)
    assert read_header(refer(path)) == read_header(refer(data)) == expected


def test_a_picture_in_memory_has_no_file_facts() -> None:
    """Neither format nor bytes are made up."""
    header = read_header(refer(Image.new("RGB", (7, 5))))
    assert header == Header(format=None, width=7, height=5, size_bytes=None, orientation=1)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(orientation: int) -> None:
    """Cameras write zeros."""
    assert read_header(refer(encoded("JPEG", orientation=orientation))).orientation == 1


def test_damaged_exif_leaves_the_picture_readable() -> None:
    """Only the orientation is lost."""
    data = encoded("JPEG", orientation=6)
    at = data.index(b"Exif\0\0") + 6
    damaged = data[:at] + b"\xff" * 8 + data[at + 8 :]
    assert read_header(refer(damaged)) == Header(
        format="JPEG", width=60, height=40, size_bytes=len(data), orientation=1
    )


def test_pixels_are_not_decoded() -> None:
    """A file cut right after its header still tells its size; only `normalize` needs the rest."""
    buffer = BytesIO()
    Image.effect_noise((900, 700), 50).save(buffer, "PNG")
    assert read_header(refer(buffer.getvalue()[:2000])).width == 900


def test_more_pixels_than_allowed() -> None:
    """A decompression bomb is refused by its header, and the message has both figures and the setting."""
    limits = dataclasses.replace(Limits.in_force(), largest_image_pixels=3_000_000)
    bomb = refer(encoded("PNG", (2000, 2000), mode="1"))
    message = r"<bytes \d+>: 2000 × 2000 = 4,000,000 pixels, more than the 3,000,000 that largest_image_pixels allows"
    with pytest.raises(ImageTooLarge, match=message):
        read_header(bomb, limits=limits)
    with pytest.raises(ImageTooLarge, match=message):
        normalize(bomb, 100, limits=limits)
    with pytest.raises(ImageTooLarge, match="2000 × 2000"):
        normalize(refer(Image.new("1", (2000, 2000))), 100, limits=limits)


def test_pillows_own_limit_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a lower one, nor its warning, nor one that somebody switched off."""
    picture = refer(encoded("PNG", (300, 300), mode="1"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60_000)
    assert read_header(picture).width == 300
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert normalize(picture, 100).width == 100
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    bomb = encoded("PNG", (64, 64), mode="1").replace(b"\0\0\0\x40\0\0\0\x40", b"\0\1\0\0\0\1\0\0")
    with pytest.raises(ImageTooLarge, match="65536 × 65536 = 4,294,967,296 pixels"):
        read_header(refer(_with_crc(bomb)))


@pytest.mark.parametrize("item", ["missing.jpg", b"", b"hello", None, 3.5])
def test_what_has_no_header(item: object) -> None:
    """Each is a typed fault."""
    with pytest.raises(UnreadableImage):
        read_header(refer(item))


def test_a_closed_picture_is_a_typed_fault(tmp_path: Path) -> None:
    """A PIL image whose file was closed cannot be loaded any more."""
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG"))
    image = Image.open(path)
    image.close()
    with pytest.raises(RunError, match="<image 60x40>"):
        normalize(refer(image), 100)


@pytest.mark.parametrize(
    ("name", "frames"), [("GIF", 3), ("WEBP", 3), ("PNG", 3), ("TIFF", 3), ("MPO", 3), ("AVIF", 3), ("JPEG", 1)]
)
def test_frames_are_counted(tmp_path: Path, name: str, frames: int) -> None:
    """Animations, pages and further photos, from a file and from bytes."""
    path = tmp_path / "film"
    several = [Image.new("RGB", (60, 40), (i * 80, 0, 0)) for i in range(frames)]
    several[0].save(path, name, save_all=frames > 1, append_images=several[1:])
    assert read_header(refer(path)).frames == read_header(refer(path.read_bytes())).frames == frames


def test_the_digest_is_the_fingerprint(tmp_path: Path) -> None:
    """Only where it is asked for, because it needs the whole file."""
    path = tmp_path / "a.png"
    path.write_bytes(encoded("PNG"))
    assert read_header(refer(path)).digest is None
    assert read_header(refer(path), digest=True).digest == fingerprint(refer(path))
    assert read_header(refer(path.read_bytes()), digest=True).digest == fingerprint(refer(path))


def _with_crc(png: bytes) -> bytes:
    end = 8 + 8 + 13
    return png[:end] + zlib.crc32(png[12:end]).to_bytes(4, "big") + png[end + 4 :]
