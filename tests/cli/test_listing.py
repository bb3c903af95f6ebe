"""Paths of mixed kinds, and lists of them from a pipe."""

import io
import os
import sys
import zipfile

import pytest
from PIL import Image

from vlmkit.cli.listing import refs_of
from vlmkit.errors import SetupError


@pytest.fixture
def stdin(monkeypatch):
    """Put bytes into the pipe."""

    def fill(content):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))

    return fill


def labels(*paths, recursive=False):
    return [ref.label for ref in refs_of(paths, recursive=recursive)]


def test_kinds_may_be_mixed(pictures, monkeypatch, tmp_path):
    """A folder, a pattern, a file, an archive and an address, each in its place."""
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("more.zip", "w") as archive:
        archive.write(pictures / "red.png", "inside.png")
    found = labels("pictures/red.png", "pictures/b*.png", "more.zip", "https://example.org/x.jpg", "pictures")
    assert found[:4] == ["pictures/red.png", "pictures/blue.png", "more.zip/inside.png", "https://example.org/x.jpg"]
    assert found[4:] == ["pictures/blue.png", "pictures/green.png", "pictures/red.png"]


def test_subfolders_when_asked(tmp_path):
    """For the folders that were named."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    for path in ("a/1.png", "a/b/2.png"):
        Image.new("RGB", (8, 8)).save(tmp_path / path)
    counts = [len(labels(str(tmp_path / "a"), recursive=recursive)) for recursive in (False, True)]
    assert counts == [1, 2]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"a.png", ["a.png"]),
        (b"a.png\nb c.png\n", ["a.png", "b c.png"]),
        (b"a.png\0b\nc.png\0", ["a.png", "b\nc.png"]),
        (b"one\0", ["one"]),
        (" ü.png \n".encode(), [" ü.png "]),
    ],
)
def test_lists_from_a_pipe(stdin, content, names):
    """One path a line; or separated by NUL, where there are NULs, so that a name may hold a line end."""
    stdin(content)
    assert labels("-") == names


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_are_bytes(stdin):
    """What is not UTF-8 comes through as the name it is."""
    stdin(b"r\xff.png\n")
    (ref,) = refs_of(["-"], recursive=False)
    assert os.fsencode(ref.source) == b"r\xff.png"


def test_what_is_listed_may_be_gone(stdin, pictures):
    """It becomes a row that says so; a path that was typed wrongly is a mistake in the command."""
    stdin(b"gone.png\n")
    assert labels("-", str(pictures / "red.png")) == ["gone.png", str(pictures / "red.png")]
    with pytest.raises(SetupError, match=r"gone\.png: no such folder or file"):
        labels("gone.png")
