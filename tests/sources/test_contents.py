"""The bytes behind a reference: what is refused, and in which words."""

from __future__ import annotations

import base64
import dataclasses
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest
from privileges import nobody

from vlmkit.errors import ImageTooLarge, RunError, UnreadableImage
from vlmkit.records import ImageRef
from vlmkit.sources import Limits, contents, refer


def load_bytes(ref: ImageRef, **limits: int) -> bytes:
    return contents.load_bytes(ref, dataclasses.replace(Limits.in_force(), **limits))


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
        (7, "a value of type int is not a picture"),
        (b"", "<bytes 0>: empty"),
        ("ftp://example.org/a.jpg", "only http and https are fetched"),
        ("file://elsewhere/a.jpg", "kind 'file'; only http and https"),
        ("file:///no/such/a.jpg", "no such file"),
        ("", "the row names no picture"),
        ("  ", "the row names no picture"),
        (float("nan"), "the row names no picture"),
        ("data:image/png;base64", "no comma"),
        ("data:image/png;base64,####", r"<data URL 26>: not base64"),
        ("data:text/html,hello", "content type is 'text/html'"),
        ("data:image/png,", "empty, 0 bytes"),
    ],
)
def test_values_that_are_no_picture(item: object, message: str) -> None:
    """A cell that cannot be a picture is a row fault."""
    with pytest.raises(UnreadableImage, match=message):
        load_bytes(refer(item))


@pytest.mark.parametrize("form", ["file", "bytes", "data", "archive"])
def test_too_many_bytes_are_refused(tmp_path: Path, form: str) -> None:
    """The limit holds wherever the bytes are, and the message says how to raise it."""
    path = tmp_path / "big.png"
    path.write_bytes(b"x" * 30)
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(path, "big.png")
    data = "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
    item = {"file": path, "bytes": path.read_bytes(), "data": data, "archive": archive / "big.png"}[form]
    assert load_bytes(refer(item), largest_image_bytes=31) == b"x" * 30
    with pytest.raises(ImageTooLarge, match=r"3[01] bytes, more than the 10 that largest_image_bytes allows"):
        load_bytes(refer(item), largest_image_bytes=10)


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,aGVs\nbG8=", "DATA:;BASE64,aGVsbG8=", "data:image/png,hel%6co", "data:,hello"],
)
def test_data_urls_are_their_own_content(url: str) -> None:
    """With base64 or percent signs, in any case, broken into lines or not."""
    assert load_bytes(refer(url)) == b"hello"


def test_a_file_may_be_called_like_half_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a scheme at the very beginning makes a URL."""
    monkeypatch.chdir(tmp_path)
    Path("a folder:").mkdir()
    Path("a folder:/x.png").write_bytes(b"x")
    assert load_bytes(refer("a folder://x.png")) == b"x"


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no such permissions")
def test_a_file_without_permission(tmp_path: Path) -> None:
    """The message says what to do."""
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")
    path.chmod(0)
    limits = Limits.in_force()
    with pytest.raises(UnreadableImage, match="no such file"):  # so that everything is imported
        contents.load_bytes(refer("gone.jpg"), limits)
    with nobody(), pytest.raises(RunError, match=r"secret\.jpg: permission denied; make the file readable"):
        contents.load_bytes(refer(path), limits)


def test_a_path_that_only_begins_with_a_tilde_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Office programs leave files called ~$name."""
    monkeypatch.chdir(tmp_path)
    Path("~$draft.jpg").write_bytes(b"x")
    assert load_bytes(refer("~$draft.jpg")) == b"x"


def test_a_text_that_is_no_path_does_not_fill_the_message() -> None:
    """A column of pictures in base64, without the head of a data URL, is a common mistake."""
    with pytest.raises(UnreadableImage, match="is it text, or base64") as caught:
        load_bytes(refer("iVBORw0KGgo" * 100_000))
    assert len(str(caught.value)) < 200
    assert "(1,100,000 characters)" in str(caught.value)


@pytest.mark.parametrize(("stored", "named"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_name_is_found_in_either_unicode_form(tmp_path: Path, stored: str, named: str) -> None:
    """A table made on Linux, files unpacked from a Mac's archive; folders, too."""
    path = tmp_path / unicodedata.normalize(stored, "Äpfel") / unicodedata.normalize(stored, "Müller.jpg")
    path.parent.mkdir()
    path.write_bytes(b"123")
    asked = tmp_path / unicodedata.normalize(named, "Äpfel") / unicodedata.normalize(named, "Müller.jpg")
    assert load_bytes(refer(asked)) == b"123"
    missing = tmp_path / "Müller2.jpg"
    with pytest.raises(UnreadableImage, match="no such file"):
        load_bytes(refer(missing))
