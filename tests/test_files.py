"""Files are read once as long as they stay as they are."""

import os
import time

import pytest

from vlmkit import files
from vlmkit.files import ReadOnce


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
