"""Files are read once as long as they stay as they are, and replaced whole."""

import os
import time
from contextlib import suppress

import pytest

from vlmkit import files
from vlmkit.files import ReadOnce, cache_folder, replace_whole


@pytest.fixture
def counted():
    """A reader of texts, and the names it really read."""
    read = []

    def text(path):
        read.append(path.name)
        return path.read_text("utf-8")

    return ReadOnce(text), read


def settled(path, text):
    """Write a file as if it had been there for long."""
    path.write_text(text, "utf-8")
    os.utime(path, ns=(1, 1))
    return path


@pytest.fixture
def later(monkeypatch):
    """Every file was changed an hour ago: its time of change cannot be set."""
    now_ns = time.time_ns
    monkeypatch.setattr(files.time, "time_ns", lambda: now_ns() + 3600 * 10**9)


def test_a_file_that_stays_is_read_once(tmp_path, counted, later):
    """However often it is asked for."""
    once, read = counted
    path = settled(tmp_path / "a", "x")
    assert [once(path) for _ in range(3)] == ["x"] * 3
    assert read == ["a"]


def test_a_change_is_seen_at_once(tmp_path, counted, later):
    """By size, by time, or because another file has its name."""
    once, _ = counted
    path = settled(tmp_path / "a", "x")
    assert once(path) == "x"
    path.write_text("longer", "utf-8")
    assert once(path) == "longer"
    settled(tmp_path / "b", "other!").replace(path)
    assert once(path) == "other!"


def test_a_file_that_was_just_changed_is_read_each_time(tmp_path, counted):
    """A second change within the same tick of its clock would not show."""
    once, read = counted
    path = tmp_path / "a"
    for text in "xyz":
        path.write_text(text, "utf-8")
        assert once(path) == text
    assert read == ["a"] * 3


def test_what_cannot_be_read_is_not_kept(tmp_path, counted, later):
    """It may be there the next time."""
    once, _ = counted
    with pytest.raises(FileNotFoundError):
        once(tmp_path / "a")
    assert once(settled(tmp_path / "a", "x")) == "x"
    (tmp_path / "a").unlink()
    with pytest.raises(FileNotFoundError):
        once(tmp_path / "a")


def test_only_so_many_are_kept(tmp_path, counted, later, monkeypatch):
    """A process that goes from folder to folder does not grow."""
    monkeypatch.setattr(files, "_MOST_KEPT", 2)
    once, _ = counted
    for name in "abc":
        once(settled(tmp_path / name, name))
    assert len(once._kept) <= 2


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    """What was there stays until the new one is complete; nothing is left beside it, and a link is not followed."""
    path, other = tmp_path / "new folder" / "a", tmp_path / "other"
    with replace_whole(path) as part:
        part.write_text("first", "utf-8")
        assert not path.exists()
    with suppress(KeyError), replace_whole(path) as part:
        part.write_text("half", "utf-8")
        raise KeyError
    assert (path.read_text("utf-8"), list(path.parent.iterdir())) == ("first", [path])
    path.unlink()
    other.write_text("untouched", "utf-8")
    path.symlink_to(other)
    with replace_whole(path) as part:
        part.write_text("second", "utf-8")
    assert (path.read_text("utf-8"), path.is_symlink(), other.read_text("utf-8")) == ("second", False, "untouched")


def test_the_cache_is_where_this_system_has_it(monkeypatch, tmp_path):
    """The store and what was found out about models are in one folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "vlmkit"
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert cache_folder().parent == tmp_path
