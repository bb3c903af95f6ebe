"""Opening heeds our limits and nobody else's switches."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from making_pictures import encoded, noise
from PIL import Image, ImageFile

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.sources import decode, normalize, refer
from vlmkit.sources.opening import open_image, orientation_of, strictly


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
