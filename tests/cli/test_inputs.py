"""What a verb is given."""

import io
import os
import sys
import zipfile

import click
import pytest
from PIL import Image

from vlmkit.cli import inputs
from vlmkit.cli.inputs import open_source, refs_of
from vlmkit.cli.verbs import VERBS
from vlmkit.errors import SetupError


def test_pictures_are_references_or_a_table_of_them(pictures):
    """As the verb takes them."""
    refs = open_source(VERBS["caption"], [str(pictures)], form=None, recursive=False)
    assert [ref.label.rpartition("/")[2] for ref in refs] == ["blue.png", "green.png", "red.png"]
    table = open_source(VERBS["duplicates"], [str(pictures)], form=None, recursive=False)
    assert table["width"].tolist() == [120, 80, 40]


@pytest.mark.parametrize("form", [None, "jsonl"])
def test_a_table_is_known_by_its_ending_or_by_name(tmp_path, form):
    """Of a file."""
    file = tmp_path / ("captions.jsonl" if form is None else "captions.data")
    file.write_text('{"path": "a.png", "caption": "A dog."}\n')
    table = open_source(VERBS["caption"], [str(file)], form=form, recursive=False)
    assert table["caption"].tolist() == ["A dog."]


def test_a_table_comes_through_a_pipe(monkeypatch):
    """By the format that is named."""
    pipe = io.TextIOWrapper(io.BytesIO(b"path,caption\na.png,A dog.\n"))
    monkeypatch.setattr(inputs.sys, "stdin", pipe)
    table = open_source(VERBS["lint"], ["-"], form="csv", recursive=False)
    assert table["caption"].tolist() == ["A dog."]


def test_a_verb_that_needs_a_table_says_so(pictures):
    """With the ways to give it one."""
    with pytest.raises(click.UsageError, match="evaluate needs a table: a file that ends with"):
        open_source(VERBS["evaluate"], [str(pictures)], form=None, recursive=False)


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
