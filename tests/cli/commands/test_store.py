"""`vlmkit store`: the real command on real files."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

from vlmkit.frame import describe


@pytest.fixture
def described(pictures, script, store):
    """A run over three pictures."""
    describe(str(pictures), "What is it?", model=script("A field."), store=store)
    return store


def facts(done):
    return json.loads(done.stdout)


def test_size(command, described):
    """Of the store in force, or of a named one."""
    found = facts(command("store", "size", "-f", "json"))
    assert (found["path"], found["runs"], found["answers"], found["pictures"]) == (str(described), 1, 3, 3)
    assert facts(command("store", "size", "--store", described, "-f", "json", VLMKIT_STORE="false")) == found
    assert "answers" in command("store", "size").stdout


def test_damage_is_found_and_mended(command, described):
    """Exit code 1 as long as there is some."""
    assert command("store", "check").returncode == 0
    with closing(sqlite3.connect(described)) as connection, connection:
        connection.execute("UPDATE replies SET text = 'EVIL' WHERE id = 2")
    done = command("store", "check", "-f", "json")
    assert (done.returncode, facts(done)["damaged_answers"], facts(done)["is_whole"]) == (1, 1, False)
    assert facts(command("store", "mend", "-f", "json"))["damaged_answers"] == 1
    assert facts(command("store", "check", "-f", "json"))["is_whole"]


def test_old_runs_are_pruned(command, described):
    """Days are asked for."""
    with closing(sqlite3.connect(described)) as connection, connection:
        connection.execute("UPDATE runs SET started_at = ?", (time.time() - 3 * 86400,))
    assert command("store", "prune").returncode == 2
    assert facts(command("store", "prune", "--older-than", "4", "-f", "json"))["answers"] == 3
    assert facts(command("store", "prune", "--older-than", "2", "-f", "json"))["answers"] == 0


def test_a_copy(command, described, tmp_path):
    """Not over another file."""
    assert facts(command("store", "backup", "copy.sqlite", "-f", "json"))["answers"] == 3
    done = command("store", "backup", "copy.sqlite")
    assert (done.returncode, "is there already" in done.stderr) == (1, True)
    assert (tmp_path / "copy.sqlite").exists()


def test_no_store(command):
    """None in force, or none there."""
    assert "No store is in force" in command("store", "check", VLMKIT_STORE="false").stderr
    assert "no such file" in command("store", "size", VLMKIT_STORE="nowhere.sqlite").stderr
