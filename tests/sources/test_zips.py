"""Zip files that lie, or keep their content to themselves."""

from __future__ import annotations

import tracemalloc
import zipfile
from pathlib import Path

import pytest
from packing import load, pack

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.sources import archives, refer
from vlmkit.sources.zips import Zip


@pytest.fixture(autouse=True)
def closed_afterwards() -> object:
    """No archive of one test stays open for the next."""
    yield
    archives.close_all()


def test_a_zip_that_lies_about_a_size_is_damaged(tmp_path: Path) -> None:
    """No more than the declared bytes are ever inflated."""
    archive = pack(tmp_path / "a.zip", {"a.png": b"\0" * 5_000_000})
    data = archive.read_bytes()
    archive.write_bytes(data.replace((5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(UnreadableImage, match=r"a\.png: damaged \(BadZipFile"):
        load(refer(f"{archive}/a.png"))


def test_a_bomb_in_a_zip_is_not_inflated(tmp_path: Path) -> None:
    """A good picture with half a gigabyte of zeros behind it; a small file that shrinks as much is none."""
    picture = Path(__file__).parents[2] / "datasets" / "scenes"
    whole = next(picture.rglob("*.png")).read_bytes()
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", whole + b"\0" * 300_000_000)
        file.writestr("small.png", whole + b"\0" * 3_000_000)
    tracemalloc.start()
    with pytest.raises(ImageTooLarge, match="as no picture does; unpack the archive yourself"):
        load(refer(f"{archive}/bomb.png"))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert load(refer(f"{archive}/small.png"))


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    """The flag is enough; the content could not be read anyway."""
    archive = pack(tmp_path / "a.zip", {"a.png": b"x"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(UnreadableImage, match="encrypted; unpack the archive with its password"):
        load(refer(f"{archive}/a.png"))


def test_names_come_once_each_and_without_folders(tmp_path: Path) -> None:
    """Of two members of one name the later counts, as for every unpacker."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("sub")
        archive.writestr("sub/a.png", b"old")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("sub/a.png", b"new")
    opened = Zip(str(path))
    assert opened.names() == ["sub/a.png"]
    assert opened.read("sub/a.png", "x", 10) == b"new"
    with pytest.raises(KeyError):
        opened.read("sub", "x", 10)
    opened.close()


def test_a_file_that_is_no_zip_is_not_left_open(tmp_path: Path) -> None:
    """An open one would warn, and warnings are errors here."""
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(zipfile.BadZipFile):
        Zip(str(tmp_path / "a.zip"))
