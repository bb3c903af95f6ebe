"""Files appear whole or not at all, and what they replace is kept."""

import os
import signal
import sys

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.files import ACTIONS, BACKUPS, Backups, Changes, replacing, write_whole

KILLED = """
import os, signal, sys
from pathlib import Path
from vlmkit.exporters.files import replacing
with replacing(Path(sys.argv[1])) as stream:
    stream.write(b"half of the new")
    stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
def test_a_killed_process_leaves_the_old_file(fresh_python, tmp_path):
    """Half a file never has the name of a whole one."""
    target = tmp_path / "set.json"
    target.write_bytes(b"old and whole")
    done = fresh_python(KILLED, str(target), check=False, PYTHONPATH=os.pathsep.join(sys.path))
    assert done.returncode == -signal.SIGKILL
    assert target.read_bytes() == b"old and whole"


def test_an_error_leaves_nothing_behind(tmp_path):
    """Neither a half file nor a temporary one."""
    target = tmp_path / "new" / "set.json"
    with pytest.raises(TypeError), replacing(target) as stream:
        stream.write("text, where bytes belong")
    assert list(target.parent.iterdir()) == []


def test_a_link_is_replaced_not_written_through(tmp_path):
    """What it pointed to keeps its content."""
    (tmp_path / "theirs.txt").write_bytes(b"theirs")
    (tmp_path / "a.txt").symlink_to(tmp_path / "theirs.txt")
    write_whole(tmp_path / "a.txt", b"ours")
    assert (tmp_path / "a.txt").read_bytes() == b"ours"
    assert not (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "theirs.txt").read_bytes() == b"theirs"


def test_names_of_full_length_can_be_written(tmp_path):
    """The temporary file is not called after it."""
    target = tmp_path / ("猫" * 83 + ".txt")
    write_whole(target, b"x")
    assert target.read_bytes() == b"x"


def test_what_cannot_be_written_is_a_setup_fault(tmp_path):
    """The message names the file and what to do."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SetupError, match=r"file.set\.json: cannot be written .*if_exists=\"skip\""):
        write_whole(tmp_path / "file" / "set.json", b"x")


def test_backups_keep_their_place(tmp_path):
    """Each export has one folder of copies, which later writing does not touch."""
    (tmp_path / "sub").mkdir()
    old = tmp_path / "sub" / "a.txt"
    old.write_bytes(b"old")
    backups = Backups(tmp_path, enabled=True)
    backups.keep(old)
    backups.keep(tmp_path / "sub" / "missing.txt")
    write_whole(old, b"new")
    (moment,) = (tmp_path / BACKUPS).iterdir()
    assert (moment / "sub" / "a.txt").read_bytes() == b"old"
    assert [path.name for path in moment.rglob("*.txt")] == ["a.txt"]


def test_backups_can_be_declined(tmp_path):
    """Then nothing is copied."""
    (tmp_path / "a.txt").write_bytes(b"old")
    Backups(tmp_path, enabled=False).keep(tmp_path / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_lines_become_a_table():
    """One line each, in order, with honest types; counts by action."""
    changes = Changes()
    changes.add("a.txt", "create", after="new")
    changes.add("b.jpg", "leave out", before="old", reason="TimedOut: late")
    table = changes.table()
    assert table["action"].tolist() == ["create", "leave out"]
    assert table["action"].cat.categories.tolist() == list(ACTIONS)
    assert table["after"].isna().tolist() == [False, True]
    assert (changes.counts["create"], changes.counts["skip"]) == (1, 0)
    assert changes.reasons == ["TimedOut: late"]


def test_an_export_of_nothing_is_an_error():
    """An empty table, or rows that were all left out, with the first reason."""
    changes = Changes()
    with pytest.raises(SetupError, match="no rows"):
        changes.check_written(of=0)
    changes.add("a.jpg", "leave out", reason="the row has no text.")
    changes.check_written(of=2)
    with pytest.raises(SetupError, match="all 1 rows are left out; the first: the row has no text"):
        changes.check_written(of=1)
