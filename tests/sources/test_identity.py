"""Stamps and fingerprints: when a picture counts as the one seen before."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest
from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.sources import fingerprint, loaded, normalize, refer, stamp


def settled(path: Path, content: bytes = b"content", seconds_ago: float = 60) -> Path:
    """Write a file whose times of change lie in the past, both of them: the change time is the time of the link."""
    path.write_bytes(content)
    then = time.time() - seconds_ago
    os.utime(path, (then, then))
    return path


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the files from a minute ahead, because nobody can set a file's change time."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 60_000_000_000)


@pytest.mark.usefixtures("later")
def test_an_unchanged_file_keeps_its_stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is named from here or from the root."""
    path = settled(tmp_path / "a.jpg")
    first = stamp(refer(path))
    monkeypatch.chdir(tmp_path)
    assert first
    assert stamp(refer("a.jpg")) == stamp(refer(path)) == first


@pytest.mark.usefixtures("later")
def test_every_change_gives_another_stamp(tmp_path: Path) -> None:
    """Other content of the same size and time, a touch, another file of the same name."""
    path = settled(tmp_path / "a.jpg", b"one")
    stamps = [stamp(refer(path))]
    times = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    stamps.append(stamp(refer(path)))
    os.utime(path, (1, 1))
    stamps.append(stamp(refer(path)))
    path.unlink()
    stamps.append(stamp(refer(settled(path, b"two"))))
    assert None not in stamps
    assert len(set(stamps)) == 4


def test_a_file_that_was_just_changed_has_no_stamp_yet(tmp_path: Path) -> None:
    """A second change within the clock's resolution would go unseen; also with a time of change set back."""
    assert stamp(refer(settled(tmp_path / "a.jpg", seconds_ago=0))) is None
    assert stamp(refer(settled(tmp_path / "b.jpg", seconds_ago=60))) is None


def test_what_is_no_file_has_no_stamp(tmp_path: Path) -> None:
    """Nor does asking for one fail."""
    for item in (tmp_path, "gone.jpg", "nul\0.jpg", b"bytes", None, 7, "https://example.org/a.jpg", "~nobody/a.jpg"):
        assert stamp(refer(item)) is None


def test_a_copied_file_has_the_same_fingerprint(tmp_path: Path) -> None:
    """And so have its bytes; the algorithm is part of the contract with stored results."""
    path = settled(tmp_path / "a.jpg")
    copy = Path(shutil.copy(path, tmp_path / "b.dat"))
    expected = hashlib.blake2b(b"content", digest_size=16).hexdigest()
    assert fingerprint(refer(path)) == fingerprint(refer(copy)) == fingerprint(refer(b"content")) == expected
    assert fingerprint(refer(b"contents")) != expected


def test_the_fingerprint_of_a_picture_in_memory_is_that_of_its_look() -> None:
    """Equal pixels are equal; another pixel, mode, palette or orientation is another picture."""
    image = Image.new("RGB", (4, 4), "red")
    turned = image.copy()
    turned.getexif()[0x0112] = 6
    dotted = image.copy()
    dotted.putpixel((0, 0), (0, 0, 0))
    palette, other_palette = Image.new("P", (4, 4)), Image.new("P", (4, 4))
    palette.putpalette([1, 2, 3])
    other_palette.putpalette([4, 5, 6])
    assert fingerprint(refer(image)) == fingerprint(refer(image.copy()))
    several = [image, turned, dotted, image.convert("L"), palette, other_palette, Image.new("RGB", (2, 8), "red")]
    assert len({fingerprint(refer(each)) for each in several}) == len(several)


def test_what_cannot_be_read_is_a_typed_fault() -> None:
    """The same as when it is normalized."""
    with pytest.raises(UnreadableImage, match=r"gone\.jpg: no such file"):
        fingerprint(refer("gone.jpg"))


def test_a_loaded_picture_is_read_once(tmp_path: Path) -> None:
    """After it the file may be gone; label and result stay."""
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 6), "teal").save(path)
    expected = normalize(refer(path), 100)
    ref = loaded(refer(path))
    path.unlink()
    assert ref.label == str(path)
    assert normalize(ref, 100) == expected
    assert loaded(ref) is ref
    image = refer(Image.new("L", (1, 1)))
    assert loaded(image) is image
