"""The bytes behind a reference: what is refused, and in which words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vlmkit.errors import ImageTooLarge, RunError, UnreadableImage
from vlmkit.sources import contents, refer
from vlmkit.sources.contents import load_bytes


def test_bytes_of_a_file_and_of_bytes_are_the_same(tmp_path: Path) -> None:
    """A path and the file's content lead to equal bytes."""
    path = tmp_path / "с пробелом [1]\n.png"
    path.write_bytes(b"\x89PNG-like")
    assert load_bytes(refer(path)) == load_bytes(refer(b"\x89PNG-like")) == b"\x89PNG-like"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.jpg", "missing.jpg: no such file; check the path"),
        ("folder.png", "folder.png: a directory, not a picture"),
        ("file.txt/x.jpg", "a part of the path is a file"),
        ("broken.jpg", "broken.jpg: no such file"),
        ("loop.jpg", "a symbolic link that leads to itself"),
        ("pipe.jpg", "a device or a pipe"),
        ("empty.jpg", "empty.jpg: empty, 0 bytes"),
        ("x" * 300, "longer than a path may be"),
        ("nul\0.jpg", "null"),
    ],
)
def test_what_is_no_readable_file(tmp_path: Path, name: str, message: str) -> None:
    """Every way not to be a file has its own sentence, and none of them hangs."""
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "file.txt").write_bytes(b"x")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(UnreadableImage, match=message):
        load_bytes(refer(f"{tmp_path}/{name}"))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (None, "the row names no picture"),
        (7, "a value of type int is no picture"),
        (b"", "<bytes 0>: empty"),
        ("https://example.org/a.jpg", "a URL, not a file"),
    ],
)
def test_values_that_are_no_picture(item: object, message: str) -> None:
    """A cell that cannot be a picture is a row fault."""
    with pytest.raises(UnreadableImage, match=message):
        load_bytes(refer(item))


@pytest.mark.parametrize("as_file", [True, False])
def test_too_many_bytes_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, as_file: bool) -> None:
    """The limit holds for files, by their size, and for bytes."""
    monkeypatch.setattr(contents, "LARGEST_FILE_BYTES", 10)
    path = tmp_path / "big.png"
    path.write_bytes(b"x" * 11)
    with pytest.raises(ImageTooLarge, match="11 bytes, more than"):
        load_bytes(refer(path if as_file else path.read_bytes()))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    """The message says whose right is missing."""
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(RunError, match=r"secret\.jpg: permission denied"):
        load_bytes(refer(path))


def test_a_path_that_only_begins_with_a_tilde_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Office programs leave files called ~$name."""
    monkeypatch.chdir(tmp_path)
    Path("~$draft.jpg").write_bytes(b"x")
    assert load_bytes(refer("~$draft.jpg")) == b"x"
