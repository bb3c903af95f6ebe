"""Files appear whole or not at all, and what they replace is kept."""

import os
import signal
import sys

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.files import BACKUPS, Backups, replacing, write_whole

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
