"""Looking after a store: real files, really damaged, really in use."""

import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing

import pytest
from store_rows import digest, make_key, make_reply, make_row, make_run

from vlmkit import settings
from vlmkit.errors import BadSetting, StoreFault
from vlmkit.store import Judgment, backup, check, mend, open_store, prune, size

ROWS = 3000


@pytest.fixture
def path(tmp_path):
    """A store of a few thousand answers."""
    file = tmp_path / "store.sqlite"
    with open_store(file) as store:
        run = store.begin(make_run(total=ROWS))
        store.record(run, [make_row(index) for index in range(ROWS)])
        store.end(run, seconds=1, stopped_early=False)
        said = Judgment(kind="review", subject="caption", picture=None, place="a.jpg", original='"x"', verdict="edited")
        store.judge([said])
    return file


def change(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def spoil(path, pages):
    """Overwrite whole pages with noise."""
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * 4096)
            file.write(os.urandom(4096))


def pages_of(path, table):
    """Leaf pages of a table, counted from 0."""
    with closing(sqlite3.connect(path)) as connection:
        if not connection.execute("SELECT sqlite_compileoption_used('ENABLE_DBSTAT_VTAB')").fetchone()[0]:
            pytest.skip("this SQLite does not tell which page belongs to which table")
        found = connection.execute("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'", (table,))
        return [page - 1 for (page,) in found]


def test_size(path):
    """As large as its files, with what is in it."""
    found = size(path)
    assert (found.runs, found.answers, found.pictures, found.judgments) == (1, ROWS, ROWS, 1)
    assert found.file_bytes == path.stat().st_size


def test_the_store_in_force_is_meant(path, tmp_path, monkeypatch):
    """Where none is named; none may be in force, and one may not be there."""
    settings.use(store=str(path))
    assert size().path == check().path == path
    settings.use(store=False)
    with pytest.raises(BadSetting, match="No store is in force"):
        size()
    with pytest.raises(StoreFault, match="no such file"):
        check(tmp_path / "nowhere.sqlite")
    assert not (tmp_path / "nowhere.sqlite").exists()


def test_a_whole_store_is_whole(path):
    """And mending changes nothing in it."""
    before = path.read_bytes()
    assert check(path).is_whole
    assert mend(path).is_whole
    assert path.read_bytes() == before


def test_entries_that_were_changed_are_found_and_taken_out(path):
    """As many as there are; everything else stays, in the same file."""
    change(path, "UPDATE replies SET text = 'EVIL' WHERE id IN (3, 5, 2000)")
    change(
        path, "UPDATE identities SET digest = zeroblob(16) WHERE identity IN (SELECT identity FROM identities LIMIT 7)"
    )
    found = mend(path)
    assert (found.problems, found.damaged_answers, found.damaged_pictures) == ((), 3, 7)
    assert check(path).is_whole
    with open_store(path) as store:
        replies = store.replies([make_key(index) for index in range(ROWS)])
    assert replies == {make_key(index): make_reply(index) for index in range(ROWS) if index not in (2, 4, 1999)}


@pytest.mark.parametrize("table", ["replies", "asks", "identities", "rows", "texts", "ask_pictures"])
def test_of_a_damaged_file_what_is_whole_is_saved(path, tmp_path, table):
    """Nothing wrong is ever among it; the old file is kept; the new one takes new answers."""
    spoil(path, pages_of(path, table)[4:5])
    damaged = path.read_bytes()
    assert check(path).problems
    assert mend(path).problems
    assert check(path).is_whole
    assert (tmp_path / "store.sqlite.damaged").read_bytes() == damaged
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with open_store(path) as store:
        replies = store.replies([make_key(index) for index in range(ROWS)])
        assert all(replies[make_key(index)] == make_reply(index) for index in range(ROWS) if make_key(index) in replies)
        assert len(replies) > 0.9 * ROWS
        digests = store.picture_digests([f"stamp {index}" for index in range(ROWS)])
        assert all(digests[name] == digest(f"picture {name.split()[1]}") for name in digests)
        assert len(digests) > 0.9 * ROWS
        store.record(store.begin(make_run()), [make_row(index) for index in range(ROWS)])
        assert len(store.replies([make_key(index) for index in range(ROWS)])) == ROWS
        assert len(store.judgments("review", "caption")) == 1
    assert check(path).is_whole


def test_a_second_damaged_file_does_not_replace_the_first(path, tmp_path):
    """Both are kept."""
    for _ in range(2):
        spoil(path, pages_of(path, "replies")[1:2])
        mend(path)
    assert {file.name for file in tmp_path.glob("*.damaged*")} == {"store.sqlite.damaged", "store.sqlite.damaged1"}


def test_a_table_that_is_gone_is_made_again(path):
    """Said by name before."""
    change(path, "DROP TABLE judgments")
    assert check(path).problems == ("table judgments is missing",)
    mend(path)
    assert check(path).is_whole
    with open_store(path) as store:
        assert len(store.replies([make_key(index) for index in range(ROWS)])) == ROWS


def test_what_is_no_store_is_left_alone(tmp_path):
    """A text, and another program's database."""
    text, other = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    text.write_text("no database, but as long as the header of one would be" * 20)
    change(other, "CREATE TABLE theirs (a)")
    for file in (text, other):
        before = file.read_bytes()
        for work in (size, check, mend, lambda file: prune(file, older_than_days=1)):
            with pytest.raises(StoreFault, match=r"not a store|another program"):
                work(file)
        assert file.read_bytes() == before


def test_a_damaged_store_in_use_is_not_replaced(path, tmp_path):
    """Another process that has it open would go on to write into the file that was put away."""
    code = (
        "import sys, vlmkit.store as s; store = s.open_store(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"open\n"
        spoil(path, pages_of(path, "replies")[1:2])
        with pytest.raises(StoreFault, match="locked"):
            mend(path)
        other.stdin.close()
    assert not list(tmp_path.glob("*.damaged*"))
    assert mend(path).problems
    assert check(path).is_whole


def test_old_runs_are_forgotten(path):
    """With answers and pictures that no younger run used; what people said stays, and the file shrinks."""
    with open_store(path) as store:
        run = store.begin(make_run())
        store.record(run, [make_row(index, from_store=True) for index in range(10)])
        store.end(run, seconds=1, stopped_early=False)
    change(path, f"UPDATE runs SET started_at = {time.time() - 40 * 86400} WHERE run = 1")
    before = size(path)
    assert prune(path, older_than_days=41).answers == ROWS
    left = prune(path, older_than_days=30)
    assert (left.runs, left.answers, left.pictures, left.judgments) == (1, 10, 10, 1)
    assert left.file_bytes < before.file_bytes / 10
    assert check(path).is_whole
    with open_store(path) as store:
        replies = store.replies([make_key(index) for index in range(20)])
        assert replies == {make_key(index): make_reply(index) for index in range(10)}
        assert [row["text"] for row in store.rows(2)] == [f"Answer {index}." for index in range(10)]
        assert set(store.picture_digests([f"stamp {index}" for index in range(20)])) == {
            f"stamp {i}" for i in range(10)
        }


@pytest.mark.parametrize("days", [0, -1, float("nan")])
def test_pruning_needs_a_number_of_days(path, days):
    """A slip does not empty a store."""
    with pytest.raises(BadSetting, match="older_than_days"):
        prune(path, older_than_days=days)
    assert size(path).answers == ROWS


def test_a_copy_is_made_while_somebody_writes(path, tmp_path):
    """It is whole, for its owner's eyes only, and nothing is overwritten."""
    with open_store(path) as store:
        run = store.begin(make_run())
        store.record(run, [make_row(ROWS)])
        copied = backup(tmp_path / "copy.sqlite", path)
        store.record(run, [make_row(ROWS + 1)])
    assert copied.answers == ROWS + 1
    assert check(copied.path).is_whole
    assert stat.S_IMODE(copied.path.stat().st_mode) == 0o600
    with pytest.raises(BadSetting, match="is there already"):
        backup(tmp_path / "copy.sqlite", path)
    with pytest.raises(StoreFault, match="no folder"):
        backup(tmp_path / "nowhere" / "copy.sqlite", path)
