"""The store as a whole: where it is, who may see it, and many threads at once."""

import stat
import sys
import threading
from pathlib import Path

import pytest
from store_rows import make_key, make_reply, make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.store import open_store
from vlmkit.store.choice import default_path


def test_the_default_file_is_made_with_its_folder():
    """In the cache folder of the user, whose home is the test's."""
    with open_store() as store:
        assert store.path == default_path()
        assert store.path.is_file()
        assert store.path.is_relative_to(Path.home())


def test_a_home_is_understood(monkeypatch, tmp_path):
    """``~`` is the user's."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with open_store("~/mine.sqlite") as store:
        assert store.path == tmp_path / "mine.sqlite"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Windows are others")
def test_only_its_owner_may_read_it(store, path):
    """Answers about one's pictures are one's own; the log beside the file, too."""
    store.begin(make_run())
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_names_that_mean_something_in_an_address(tmp_path):
    """A question mark, a percent sign, a space, bytes that are not UTF-8."""
    names = ["a?mode=ro.sqlite", "50%20.sqlite", "a b#c.sqlite", "größe.sqlite"]
    if sys.platform == "linux":
        names.append("\udcff.sqlite")
    for name in names:
        with open_store(tmp_path / name) as store:
            store.record(store.begin(make_run()), [make_row()])
        with open_store(tmp_path / name, writable=False) as store:
            assert store.reply(make_key()) == make_reply()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)


def test_a_place_that_cannot_hold_a_store(tmp_path):
    """Each said with what to do, before anything is made."""
    with pytest.raises(StoreFault, match=r"there is no folder .*missing. Create it"):
        open_store(tmp_path / "missing" / "store.sqlite")
    with pytest.raises(StoreFault, match=r"this is a folder. Name a file in it"):
        open_store(tmp_path)
    with pytest.raises(StoreFault, match=r"there is no such file to answer from. A run with store="):
        open_store(tmp_path / "missing.sqlite", writable=False)
    assert list(tmp_path.iterdir()) == []


def test_a_default_folder_that_cannot_be_made(monkeypatch, tmp_path):
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    monkeypatch.setattr("vlmkit.store.results.default_path", lambda: tmp_path / "file" / "vlmkit" / "store.sqlite")
    with pytest.raises(StoreFault, match=r"its folder .* cannot be made .* Name a file with store=…, or VLMKIT_STORE"):
        open_store()


def test_a_store_shows_where_it_is(store, path):
    """And no address."""
    assert repr(store) == f"Store({str(path)!r})"


def test_many_threads_write_and_read_at_once(store):
    """Each finds at once what it has just stored; nothing is lost or mixed up."""
    run = store.begin(make_run(total=160))
    faults = []

    def work(number):
        try:
            for index in range(number, 160, 8):
                store.record(run, [make_row(index)])
                assert store.reply(make_key(index)) == make_reply(index)
                assert store.picture_digest(f"stamp {index}") is not None
        except BaseException as error:  # noqa: BLE001  it is shown by the assertion below
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [row["text"] for row in store.rows(run)] == [f"Answer {index}." for index in range(160)]


def test_two_stores_on_one_file_in_one_process(path):
    """As two cells of a notebook: what one stores the other finds, also after one has closed."""
    with open_store(path) as first:
        with open_store(path) as second:
            run = second.begin(make_run())
            second.record(run, [make_row(0)])
            assert first.reply(make_key(0)) == make_reply(0)
        first.record(run, [make_row(1)])
        with open_store(path) as third:
            assert third.reply(make_key(1)) == make_reply(1)
