"""The file's layout: made once, brought up to date, refused when it is newer or somebody else's."""

import contextlib
import sqlite3
import subprocess
import sys

import pytest
from store_rows import make_key, make_reply, make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.store import check, open_store, prune, schema


def versions(path):
    with sqlite3.connect(path) as connection:
        names = ("user_version", "application_id")
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    connection.close()
    return found


@pytest.fixture
def filled(path):
    """A closed store with one answer."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row()])
    return path


def test_a_new_file_says_what_it_is(filled):
    """Version and owner are in its header."""
    assert versions(filled) == [len(schema.STEPS), schema.APPLICATION_ID]


def test_a_newer_file_is_refused_naming_both_versions(filled):
    """Nothing in it is touched, for reading or for writing."""
    with sqlite3.connect(filled) as connection:
        connection.execute(f"PRAGMA user_version = {len(schema.STEPS) + 1}")
    connection.close()
    before = filled.read_bytes()
    message = f"version {len(schema.STEPS) + 1}, and this vlmkit knows versions up to {len(schema.STEPS)}"
    for writable in (True, False):
        with pytest.raises(StoreFault, match=message):
            open_store(filled, writable=writable)
    assert filled.read_bytes() == before


@pytest.mark.parametrize("theirs", ["CREATE TABLE bookmarks (url)", "PRAGMA application_id = 77"])
def test_another_programs_database_is_refused(path, theirs):
    """It is not changed, not even into a write-ahead log; nor where it has its mark and no table yet."""
    with sqlite3.connect(path) as connection:
        connection.execute(theirs)
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreFault, match="database of another program"):
        open_store(path)
    assert path.read_bytes() == before


def test_a_table_that_is_gone_is_damage(filled):
    """Not something to report; there is a command that mends it."""
    with sqlite3.connect(filled) as connection:
        connection.execute("DROP TABLE identities")
    connection.close()
    with open_store(filled) as store, pytest.raises(StoreFault, match=r"the file is damaged.*vlmkit store mend"):
        store.picture_digest("stamp 0")


def test_an_older_file_is_brought_up_to_date(filled, monkeypatch):
    """Step by step, keeping what is in it."""
    monkeypatch.setattr(schema, "STEPS", [*schema.STEPS, lambda c: c.execute("ALTER TABLE replies ADD COLUMN rating")])
    with open_store(filled) as store:
        assert store.reply(make_key()) == make_reply()
    assert versions(filled)[0] == len(schema.STEPS)


def test_an_older_file_is_not_changed_by_reading(filled, monkeypatch):
    """Where only reading was asked for, it is said what to do."""
    monkeypatch.setattr(schema, "STEPS", [*schema.STEPS, lambda c: c.execute("ALTER TABLE replies ADD COLUMN rating")])
    monkeypatch.setattr(schema, "_READABLE", len(schema.STEPS))
    with pytest.raises(StoreFault, match=r"older vlmkit. Open it once where it may be written"):
        open_store(filled, writable=False)
    assert versions(filled)[0] == len(schema.STEPS) - 1


def test_an_older_file_that_has_all_that_is_looked_up_is_read(filled):
    """Claims are of no use to a replay; the file stays as it is, and whoever may write in it brings it up to date."""
    with contextlib.closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("DROP TABLE claims")
        connection.execute("DROP TABLE leases")
        connection.execute("PRAGMA user_version = 2")
    assert check(filled).is_whole
    with open_store(filled, writable=False) as store:
        assert [row["text"] for row in store.rows(1)] == ["Answer 0."]
        assert store.judgments("review", "caption") == []
    assert versions(filled)[0] == 2
    assert prune(filled, older_than_days=1).answers == 1
    with open_store(filled) as store:
        assert store.claims(1).take([make_key(9)]).mine == {make_key(9)}
    assert versions(filled)[0] == len(schema.STEPS)


def test_a_step_that_fails_changes_nothing(filled, monkeypatch):
    """All steps or none: the file still opens with the version that knows it."""
    with monkeypatch.context() as patch:
        steps = [*schema.STEPS, lambda c: c.execute("DROP TABLE rows"), lambda c: c.execute("no SQL")]
        patch.setattr(schema, "STEPS", steps)
        with pytest.raises(StoreFault, match="syntax error"):
            open_store(filled)
    with open_store(filled) as store:
        assert [row["text"] for row in store.rows(1)] == ["Answer 0."]


def test_many_processes_may_make_the_same_file(tmp_path):
    """Whoever comes first makes it, the others wait and find it made, whole, whatever the first one does meanwhile."""
    code = (
        "import sys\n"
        "from vlmkit.store import RunRecord, open_store\n"
        "print('ready', flush=True)\n"
        "for path in map(str.strip, sys.stdin):\n"
        "    with open_store(path) as store:\n"
        "        print(store.begin(RunRecord(model='m', total=0)), flush=True)\n"
    )
    command = [sys.executable, "-c", code]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in range(4)]
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
        for turn in range(12):
            for process in processes:
                process.stdin.write(f"{tmp_path / f'{turn}.sqlite'}\n")
                process.stdin.flush()
            assert sorted(process.stdout.readline() for process in processes) == ["1\n", "2\n", "3\n", "4\n"]


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_file_that_is_made_while_it_is_looked_at_is_ours(path, monkeypatch, looks):
    """Whichever of its numbers were read before another process made it."""
    number, asked = schema._number, []

    def look(connection, pragma):
        found = number(connection, pragma)
        asked.append(pragma)
        if len(asked) == looks:
            monkeypatch.setattr(schema, "_number", number)
            open_store(path).close()
        return found

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        monkeypatch.setattr(schema, "_number", look)
        schema.check_version(connection, path)
    assert len(asked) == looks
