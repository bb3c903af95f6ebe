"""Files of many pictures: completed or replaced, and never half."""

import json

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.documents import Document, Entry, JsonLines, JsonList, load_json
from vlmkit.exporters.job import start


def entry_of(record):
    return Entry(name=record["name"], text=record["text"], record=record)


def entries(*names, text="new"):
    return [entry_of({"name": name, "text": text}) for name in names]


@pytest.fixture(params=[JsonLines, JsonList])
def codec(request):
    return request.param(entry_of)


@pytest.fixture
def write(tmp_path, captions, codec):
    """Write entries with options; gives names in the file, and the account by name."""

    def write(given, **options):
        job = start(captions, tmp_path, options, title="x")
        Document(tmp_path / "set.json", codec, job).write(given)
        lines = job.changes.table()
        there = [entry.name for entry in codec.read(tmp_path / "set.json")]
        return there, dict(zip(lines["path"], lines["action"], strict=True))

    return write


@pytest.mark.parametrize(
    ("how", "names", "actions"),
    [
        ("skip", ["a", "b", "c"], {"b": "skip", "c": "create"}),
        ("append", ["a", "b", "c"], {"b": "skip", "c": "create"}),
        ("prepend", ["c", "a", "b"], {"b": "skip", "c": "create"}),
        ("overwrite", ["b", "c"], {"b": "replace", "c": "create", "a": "remove"}),
    ],
)
def test_what_is_there_and_what_is_new(write, how, names, actions):
    """Entries stay, or are replaced; what goes is told."""
    write(entries("a", "b", text="old"))
    assert write(entries("b", "c"), if_exists=how) == (names, actions)


def test_entries_that_stay_keep_what_else_they_say(write, tmp_path, codec):
    """Keys that are not ours, or not of our order, are written back."""
    write([entry_of({"z": [1], "name": "a", "text": "old", "mine": "yes"})])
    write(entries("b"), if_exists="append")
    assert next(iter(codec.read(tmp_path / "set.json"))).record == {"z": [1], "name": "a", "text": "old", "mine": "yes"}


def test_a_damaged_file_is_not_completed(write, tmp_path):
    """It can be replaced, on demand; the rest would lose what can still be saved by hand."""
    (tmp_path / "set.json").write_text('{"name": "a"')
    with pytest.raises(SetupError, match="cannot be read as what it should be"):
        write(entries("b"), if_exists="append")
    assert write(entries("b"), if_exists="overwrite")[0] == ["b"]


def test_an_error_half_way_leaves_the_old_file(write, tmp_path):
    """The new one takes its place only when it is whole."""
    write(entries("a"))
    old = (tmp_path / "set.json").read_bytes()

    def failing():
        yield from entries("b")
        raise OSError(28, "No space left on device")

    with pytest.raises(SetupError, match="No space left"):
        write(failing(), if_exists="overwrite")
    assert (tmp_path / "set.json").read_bytes() == old
    assert not list(tmp_path.glob(".*.partial"))


def test_json_is_what_it_should_be(tmp_path):
    """A list where an object should be, or nesting without end, are faults of the file."""
    path = tmp_path / "set.json"
    path.write_text("[]")
    with pytest.raises(SetupError, match="a list where a dict should be"):
        load_json(path, dict)
    path.write_text("[" * 200_000)
    with pytest.raises(SetupError, match="cannot be read"):
        load_json(path, list)
    path.write_text(json.dumps({"a": 1}), encoding="utf-8-sig")
    assert load_json(path, dict) == {"a": 1}
