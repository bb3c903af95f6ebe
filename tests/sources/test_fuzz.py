"""Damaged files of every format: a picture within the budget or a typed fault comes out, and nothing else."""

from __future__ import annotations

import dataclasses
import io
import warnings

import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making_pictures import camera_exif, corners, encoded, jpeg_with_everything, noise, png_with_everything
from packing import load, pack
from PIL import Image

from vlmkit.errors import RunError, SetupError
from vlmkit.sources import Limits, archives, decode, normalize, read, read_header, refer
from vlmkit.sources.color import to_rgb
from vlmkit.sources.stripping import strip

SMALL = (48, 36)
LIMITS = dataclasses.replace(Limits.in_force(), largest_image_pixels=1_000_000)  # time is spent on parsing


def film(name: str) -> bytes:
    return encoded(corners(SMALL), name, save_all=True, append_images=[noise(SMALL), corners(SMALL)])


def heic() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(corners(SMALL)).save(buffer)
    return buffer.getvalue()


SEEDS = {
    "JPEG": jpeg_with_everything(corners(SMALL)),
    "JPEG noise": encoded(noise(SMALL), "JPEG", restart_marker_blocks=1),
    "JPEG progressive": encoded(corners(SMALL), "JPEG", progressive=True, exif=camera_exif(6)),
    "JPEG CMYK": encoded(corners(SMALL, "CMYK"), "JPEG"),
    "MPO": film("MPO"),
    "PNG": png_with_everything(corners(SMALL)),
    "PNG alpha": encoded(corners(SMALL, "RGBA"), "PNG"),
    "PNG palette": encoded(corners(SMALL).quantize(16), "PNG", transparency=1),
    "PNG film": film("PNG"),
    "GIF": film("GIF"),
    "WEBP": encoded(corners(SMALL), "WEBP", exif=camera_exif(3)),
    "WEBP film": film("WEBP"),
    "TIFF": encoded(corners(SMALL), "TIFF", exif=camera_exif()),
    "TIFF LZW": encoded(corners(SMALL), "TIFF", compression="tiff_lzw"),
    "TIFF JPEG": encoded(corners(SMALL), "TIFF", compression="jpeg"),
    "TIFF pages": film("TIFF"),
    "BMP": encoded(corners(SMALL), "BMP"),
    "ICO": encoded(corners(SMALL), "ICO", sizes=[SMALL]),
    "AVIF": encoded(corners(SMALL), "AVIF"),
    "HEIC": heic(),
    "JPEG2000": encoded(corners(SMALL), "JPEG2000"),
    "PPM": encoded(corners(SMALL), "PPM"),
    "QOI": encoded(corners(SMALL), "QOI"),
}


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of some format with bytes changed, cut, repeated, or spliced with another."""
    seed = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
    data = bytearray(seed)
    if draw(st.booleans()):
        data = data[: draw(st.integers(0, len(data)))]
    if draw(st.integers(0, 3)) == 0:
        other = SEEDS[draw(st.sampled_from(sorted(SEEDS)))]
        start, at = draw(st.integers(0, len(other))), draw(st.integers(0, len(data)))
        data[at:at] = other[start : start + draw(st.integers(0, 400))]
    # Headers are small beside the pixels, and most of what can go wrong is in them.
    reach = draw(st.sampled_from([24, 200, len(data)]))
    for _ in range(draw(st.integers(0, 8)) if data else 0):
        at = draw(st.integers(0, min(reach, len(data)) - 1))
        data[at] = draw(st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 127, 128, 255])))
    return bytes(data)


def check(data: bytes, budget_px: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's about damaged metadata
        try:
            header = read_header(refer(data), digest=True, limits=LIMITS)
        except RunError as fault:
            assert str(fault).startswith(f"<bytes {len(data)}>: ")  # noqa: PT017  either outcome is right
        else:
            assert header.width * header.height <= LIMITS.largest_image_pixels
        try:
            picture = normalize(refer(data), budget_px, limits=LIMITS)
        except RunError as fault:
            assert str(fault).startswith(f"<bytes {len(data)}>: ")  # noqa: PT017  as above
            return
    assert 0 < max(picture.width, picture.height) <= budget_px
    assert decode(picture).size == (picture.width, picture.height)


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(data=damaged(), budget_px=st.sampled_from([16, 100]))
def test_damaged_files(data: bytes, budget_px: int) -> None:
    """A few hundred, each time others."""
    check(data, budget_px)


@pytest.mark.slow_test
@settings(max_examples=20_000, suppress_health_check=list(HealthCheck))
@given(data=damaged(), budget_px=st.sampled_from([16, 100]))
def test_many_damaged_files(data: bytes, budget_px: int) -> None:
    """The same for minutes."""
    check(data, budget_px)


@pytest.mark.parametrize("name", sorted(SEEDS))
def test_files_cut_anywhere(name: str) -> None:
    """Every length of the first 300 bytes, then some."""
    data = SEEDS[name]
    for size in [*range(min(300, len(data))), *range(300, len(data), 1 + len(data) // 60)]:
        check(data[:size], 100)


@settings(max_examples=200)
@given(data=st.binary(max_size=400), name=st.sampled_from(["JPEG", "PNG"]))
def test_stripping_takes_anything(data: bytes, name: str) -> None:
    """What it gives back begins and ends as a file of its kind does."""
    head = {"JPEG": b"\xff\xd8", "PNG": b"\x89PNG\r\n\x1a\n"}[name]
    for each in (data, head + data):
        stripped = strip(each, name)
        assert stripped is None or stripped.startswith(head)


@settings(max_examples=100)
@given(icc=st.binary(max_size=300), mode=st.sampled_from(["RGB", "L", "CMYK", "RGBA", "LAB"]))
def test_profiles_may_be_anything(icc: bytes, mode: str) -> None:
    """A picture comes out in any case."""
    assert to_rgb(Image.new(mode, (2, 2)), icc).size == (2, 2)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz", "a.tar.bz2", "a.tar.xz"])
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_archives(tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject) -> None:
    """As a source they may be a setup fault; each of their rows gives bytes or a typed fault."""
    archive = pack(tmp_path_factory.mktemp("fuzz") / name, {f"{i}.png": SEEDS["PNG"][: 90 * i] for i in range(1, 4)})
    content = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(0, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    archive.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        refs = read(archive)
    except SetupError:
        refs = []
    for ref in [*refs, refer(archive / "2.png")]:
        try:
            load(ref, largest_image_bytes=10_000)
        except RunError as fault:
            assert name in str(fault)  # noqa: PT017  either outcome is right
    archives.close_all()
