"""Connections: readers beside a writer, locks of other processes, folders that may not be written, SQLite's errors."""

import inspect
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from store_rows import make_key, make_reply, make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.store import connections, open_store

PATH = Path("folder/store.sqlite")


def subclasses(kind):
    return {kind, *(below for child in kind.__subclasses__() for below in subclasses(child))}


@pytest.mark.parametrize("kind", sorted(subclasses(sqlite3.Error), key=str))
def test_every_class_of_error_is_translated(kind):
    """Also those without a code of SQLite's; the cause is kept."""
    with (
        pytest.raises(StoreFault, match=r"store folder.store\.sqlite: .* \(.*broken\)") as caught,
        connections.as_store_faults(PATH),
    ):
        raise kind("broken")
    assert isinstance(caught.value.__cause__, kind)


def test_extended_codes_mean_what_their_primary_code_means():
    """``SQLITE_IOERR_WRITE`` is an I/O error, and so on for every extended code there is."""
    codes = {
        name: code for name, code in inspect.getmembers(sqlite3) if name.startswith("SQLITE_") and code in range(2**16)
    }
    extended = {name: code for name, code in codes.items() if code > 255 and code & 0xFF == sqlite3.SQLITE_IOERR}
    assert len(extended) > 10
    for name, code in extended.items():
        error = sqlite3.OperationalError("broken")
        error.sqlite_errorcode, error.sqlite_errorname = code, name
        assert "its disk failed, or a limit was reached. Check the disk and run again" in str(
            connections.store_fault(PATH, error)
        )
        assert name in str(connections.store_fault(PATH, error))


def test_text_that_cannot_be_decoded_is_damage():
    """SQLite hands bytes over unread; Python finds out, without a code."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreFault, match="the file is damaged"), connections.as_store_faults(PATH):
        connection.execute("SELECT CAST(x'ff' AS TEXT)").fetchone()
    connection.close()


def test_other_errors_pass():
    """An interrupt is not a fault of the store."""
    with pytest.raises(KeyboardInterrupt), connections.as_store_faults(PATH):
        raise KeyboardInterrupt


def test_a_file_that_is_no_database(path):
    """Said, with what to do, and left as it is."""
    path.write_text("path,description\nred.png,A red field.\n" * 100)
    before = path.read_bytes()
    for writable in (True, False):
        with pytest.raises(StoreFault, match=r"it is not a store: not an SQLite database. Move the file away"):
            open_store(path, writable=writable)
    assert path.read_bytes() == before


def test_a_file_that_was_cut_off_is_found_when_it_is_opened(path):
    """A copy that broke off half way; at every length."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row(index) for index in range(200)])
    whole = path.read_bytes()
    for size_bytes in (100, 1000, 4096, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size_bytes])
        with pytest.raises(StoreFault, match=r"store .*(is damaged|not a store)"):
            open_store(path)


def test_readers_do_not_wait_for_a_writer(store):
    """In the middle of another thread's transaction the state before it is read."""
    run = store.begin(make_run())
    store.record(run, [make_row(0)])
    with store._connections.writing() as writer:
        writer.execute("DELETE FROM rows")
        assert [row["index"] for row in store.rows(run)] == [0]
    assert store.rows(run) == []


def test_connections_are_used_again(store):
    """As many as read at once, not as many as ever read."""
    for _ in range(50):
        thread = threading.Thread(target=store.reply, args=(make_key(),))
        thread.start()
        thread.join()
    assert len(store._connections._readers) == 1


def test_a_lock_that_another_process_keeps_is_said(path, monkeypatch):
    """After a patient wait, which is short here."""
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_S", 0.05)
    with open_store(path) as store:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFault, match="another process has kept it locked"):
            store.begin(make_run())
        other.rollback()
        other.close()
        assert store.begin(make_run()) == 1


def test_a_lock_that_is_given_back_is_waited_for(store, path):
    """The usual case: the other process commits and goes on."""
    other = sqlite3.connect(path, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.rollback)
    timer.start()
    assert store.begin(make_run()) == 1
    timer.join()
    other.close()


def interrupted_in(store, statement):
    with store._connections.writing() as writer:
        writer.execute(statement)
        raise KeyboardInterrupt


def test_an_interrupted_transaction_is_undone(store):
    """Whatever broke it off; the next one works."""
    run = store.begin(make_run())
    with pytest.raises(KeyboardInterrupt):
        interrupted_in(store, "DELETE FROM runs")
    store.record(run, [make_row(0)])
    assert len(store.runs()) == 1


def test_a_closed_store_says_so(path):
    """Closing twice is fine, using it afterwards is not."""
    store = open_store(path)
    store.close()
    store.close()
    for use in (lambda: store.reply(make_key()), lambda: store.begin(make_run()), store.runs):
        with pytest.raises(StoreFault, match="it is closed"):
            use()


def test_closing_leaves_one_file(path):
    """The write-ahead log is part of the file then, which can be copied or mailed."""
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row(0)])
        store.reply(make_key())
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_store_for_reading_cannot_be_written(path):
    """And says so instead of failing somewhere inside."""
    with open_store(path) as store:
        run = store.begin(make_run())
        store.record(run, [make_row(0)])
    with open_store(path, writable=False) as store:
        assert store.reply(make_key()) == make_reply()
        with pytest.raises(StoreFault, match="for reading only"):
            store.record(run, [make_row(1)])


@pytest.fixture
def open_folder():
    """A folder that every user of the machine can get at."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


OPEN = """
import os, sys, tempfile
from vlmkit.errors import StoreFault
from vlmkit.store import open_store
# Everything that opening a store imports is imported while this user may still read where Python lies.
with tempfile.TemporaryDirectory() as folder, open_store(os.path.join(folder, "another.sqlite")):
    pass
if os.geteuid() == 0:  # whom permissions do not hold back
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with open_store(sys.argv[1], writable=sys.argv[2] == "w") as store:
        print(store.reply(sys.argv[3]).text)
except StoreFault as fault:
    print(fault)
"""


def as_anybody(*arguments):
    """What a user who may not do everything is told."""
    command = [sys.executable, "-c", OPEN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.skipif(os.name == "nt", reason="permissions of Windows are others")
@pytest.mark.parametrize(("file_mode", "folder_mode"), [(0o444, 0o755), (0o666, 0o555), (0o444, 0o555)])
def test_a_store_that_may_not_be_written(open_folder, file_mode, folder_mode):
    """For writing: refused at once with what to do. For reading: it answers, from wherever it lies."""
    path = open_folder / "store.sqlite"
    with open_store(path) as store:
        store.record(store.begin(make_run()), [make_row(0)])
    path.chmod(file_mode)
    open_folder.chmod(folder_mode)
    before = path.read_bytes()
    assert "may not be written. Give permission, name another file" in as_anybody(path, "w", make_key())
    assert as_anybody(path, "r", make_key()) == "Answer 0.\n"
    assert path.read_bytes() == before
