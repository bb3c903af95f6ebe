"""Writing: each thing once, a batch as a whole, and whoever is killed loses nothing that was stored."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from store_rows import digest, make_key, make_reply, make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.store import PictureRecord, open_store


def count(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def test_what_rows_share_is_stored_once(store, path):
    """Prompt, model, picture and answer of a second run over the same pictures are those of the first."""
    rows = [make_row(index) for index in range(20)]
    store.record(store.begin(make_run()), rows)
    store.record(store.begin(make_run()), [replace(row, from_store=True) for row in rows])
    sizes = {table: count(path, table) for table in ("rows", "replies", "asks", "pictures", "models", "identities")}
    assert sizes == {"rows": 40, "replies": 20, "asks": 20, "pictures": 20, "models": 1, "identities": 40}
    assert count(path, "texts") == 21  # labels, and the prompt


def test_a_row_from_the_store_needs_no_decoded_picture(store):
    """A renamed file brings a new identity and knows no sizes; those known stay."""
    run = store.begin(make_run())
    store.record(run, [make_row(0)])
    moved = PictureRecord(identities=("stamp elsewhere",), digest=digest("picture 0"))
    store.record(run, [make_row(1, key=make_key(0), pictures=(moved,), reply=make_reply(0), from_store=True)])
    assert store.picture_digest("stamp elsewhere") == digest("picture 0")
    first, second = store.rows(run)
    assert first["pictures"] == second["pictures"]
    assert second["pictures"][0]["width"] == 64


def test_sizes_may_come_later(store):
    """A picture first seen without its sizes gets them when it is decoded."""
    run = store.begin(make_run())
    store.record(
        run, [make_row(0, pictures=(PictureRecord(digest=digest("picture 0")),), reply=None, error="TimedOut: x")]
    )
    store.record(run, [make_row(1, key=make_key(0), pictures=make_row(0).pictures)])
    assert [row["pictures"][0]["width"] for row in store.rows(run)] == [64, 64]


def test_several_pictures_keep_their_order(store):
    """Also where one comes twice."""
    one, other = (PictureRecord(digest=digest(name)) for name in "ab")
    store.record(store.begin(make_run()), [make_row(pictures=(other, one, other))])
    (row,) = store.rows(1)
    assert [picture["digest"] for picture in row["pictures"]] == [digest("b"), digest("a"), digest("b")]


def test_the_last_word_on_a_row_counts(store):
    """A row recorded twice is one row."""
    run = store.begin(make_run())
    store.record(run, [make_row(0, reply=None, error="TimedOut: late."), make_row(0)])
    store.end(run, seconds=1.0, stopped_early=False)
    assert [row["error"] for row in store.rows(run)] == [None]
    assert (store.runs()[0]["ok"], store.runs()[0]["failed"]) == (1, 0)


def test_another_answer_from_elsewhere_is_not_mixed_up(store):
    """A row answered from the store keeps what it was told, even if somebody asked again in the meantime."""
    run = store.begin(make_run())
    store.record(run, [make_row(0)])
    store.record(run, [make_row(1, key=make_key(0), reply=make_reply(text="Newer."))])
    store.record(run, [make_row(2, key=make_key(0), reply=make_reply(0), from_store=True)])
    assert [row["text"] for row in store.rows(run)] == ["Answer 0.", "Newer.", "Answer 0."]


def test_a_batch_is_stored_as_a_whole_or_not_at_all(store):
    """A row that cannot be stored takes its batch with it, and nothing that was stored before."""
    run = store.begin(make_run())
    store.record(run, [make_row(0)])
    with pytest.raises(ValueError, match="fromhex"):
        store.record(run, [make_row(1), make_row(2, key="no digest")])
    assert [row["index"] for row in store.rows(run)] == [0]
    assert store.reply(make_key(1)) is None
    store.record(run, [make_row(1)])
    assert store.reply(make_key(1)) == make_reply(1)


def test_an_empty_batch_is_nothing(store):
    """No transaction is spent on it."""
    store.record(1, [])
    assert store.runs() == []


def test_what_was_recorded_is_on_the_disk(store, path, tmp_path):
    """A copy of the files at that moment, as a power cut would leave them, has every row."""
    run = store.begin(make_run())
    for index in range(5):
        store.record(run, [make_row(index)])
        copy = tmp_path / f"copy{index}.sqlite"
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        with open_store(copy) as after:
            assert [row["index"] for row in after.rows(run)] == list(range(index + 1))


def test_commits_are_synchronized(store):
    """FULL: SQLite waits for the disk at each commit."""
    with store._connections.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


WRITE = """
import sys
sys.path.insert(0, sys.argv[2])
from store_rows import make_row, make_run
from vlmkit.store import open_store
store = open_store(sys.argv[1])
run = store.begin(make_run(total=10**6))
for start in range(0, 10**6, 3):
    store.record(run, [make_row(index) for index in range(start, start + 3)])
    print(start + 2, flush=True)
"""


@pytest.fixture
def writer(path, request):
    """Start a process that stores rows, in batches of three, and says up to where."""
    started = []

    def start():
        command = [sys.executable, "-c", WRITE, path, request.config.rootpath / "tests" / "support"]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill as hard")
def test_a_killed_process_loses_nothing_it_had_stored(path, writer):
    """Killed in the middle of writing, several times: each row it spoke of is there, in whole batches."""
    for round_number in range(1, 5):
        process = writer()
        said = int(process.stdout.readline())
        time.sleep(0.05 * round_number)
        process.kill()
        said = max([said, *map(int, process.communicate()[0].split())])
        with open_store(path) as store:
            rows = store.rows(round_number)
            assert store.runs()[-1]["state"] == "died"
            assert store.reply(make_key(said)) == make_reply(said)
        assert [row["index"] for row in rows] == list(range(len(rows)))
        assert len(rows) % 3 == 0
        assert len(rows) > said


def test_two_processes_share_a_store(path, writer):
    """Both write and read at once; each run has its own rows, each answer is there once asked for."""
    first, second = writer(), writer()
    with open_store(path) as store:
        for process in (first, second, first, second):
            said = int(process.stdout.readline())
            assert store.reply(make_key(said)) == make_reply(said)
        states = {run["run"]: run["state"] for run in store.runs()}
        assert states == {1: "running", 2: "running"}
    for process in (first, second):
        process.kill()
        process.wait()
    with open_store(path) as store:
        assert [run["state"] for run in store.runs()] == ["died", "died"]
        for run in (1, 2):
            texts = [row["text"] for row in store.rows(run)]
            assert texts == [f"Answer {index}." for index in range(len(texts))]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from store_rows import make_row, make_run
from vlmkit.errors import StoreFault
from vlmkit.store import open_store
store = open_store(sys.argv[1])
run = store.begin(make_run(total=100))
store.record(run, [make_row(0)])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
stored = 1
try:
    while True:
        store.record(run, [make_row(stored)])
        stored += 1
except StoreFault as fault:
    print(stored, fault)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.record(run, [make_row(stored)])
store.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_file_that_may_not_grow(path, request):
    """The write fails with what to do; what was stored stays, and with room again the same store goes on."""
    command = [sys.executable, "-c", FULL, path, request.config.rootpath / "tests" / "support"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    stored, _, message = done.stdout.partition(" ")
    assert "what was stored before is kept, so that a later run asks only what is missing" in message
    with open_store(path) as store:
        assert [row["index"] for row in store.rows(1)] == list(range(int(stored) + 1))
        assert store.reply(make_key(int(stored) - 1)) == make_reply(int(stored) - 1)


def test_a_full_disk(tmp_path):
    """A real file system without space left: said, nothing lost, and it goes on once there is room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(400_000))
        stored = 0
        with open_store(disk / "store.sqlite") as store:
            run = store.begin(make_run(total=10_000))
            with ExitStack() as until_full:
                until_full.enter_context(
                    pytest.raises(StoreFault, match=r"no space is left on its disk. Free some and")
                )
                while True:
                    store.record(run, [make_row(stored)])
                    stored += 1
            assert stored > 10
            assert [row["index"] for row in store.rows(run)] == list(range(stored))
            ballast.unlink()
            store.record(run, [make_row(stored)])
        with open_store(disk / "store.sqlite") as store:
            assert [row["index"] for row in store.rows(run)] == list(range(stored + 1))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
