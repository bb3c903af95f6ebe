"""Every error of SQLite's becomes one that says where, what, and what to do."""

import inspect
import sqlite3
from pathlib import Path

import pytest
from store_rows import make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.store import faults, open_store

PATH = Path("folder/store.sqlite")


def subclasses(kind):
    return {kind, *(below for child in kind.__subclasses__() for below in subclasses(child))}


@pytest.mark.parametrize("kind", sorted(subclasses(sqlite3.Error), key=str))
def test_every_class_of_error_is_translated(kind):
    """Also those without a code of SQLite's; the cause is kept."""
    with (
        pytest.raises(StoreFault, match=r"store folder.store\.sqlite: .* \(.*broken\)") as caught,
        faults.translated(PATH),
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
            faults.fault_of(PATH, error)
        )
        assert name in str(faults.fault_of(PATH, error))


def test_text_that_cannot_be_decoded_is_damage():
    """SQLite hands bytes over unread; Python finds out, without a code."""
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreFault, match="the file is damaged"), faults.translated(PATH):
        connection.execute("SELECT CAST(x'ff' AS TEXT)").fetchone()
    connection.close()


def test_other_errors_pass():
    """An interrupt is not a fault of the store."""
    with pytest.raises(KeyboardInterrupt), faults.translated(PATH):
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
        with pytest.raises(StoreFault, match=r"store .*(is damaged|no store)"):
            open_store(path)
