"""Claims: one run has a key at a time, and nobody waits for the dead."""

import subprocess
import sys
import threading

import pytest
from store_rows import make_key, make_row, make_run

from vlmkit.store import backup, check, open_store, prune

KEYS = [make_key(index) for index in range(4)]

CLAIM = """
import sys
sys.path.insert(0, sys.argv[2])
from store_rows import make_key, make_run
from vlmkit.store import open_store
store = open_store(sys.argv[1])
claims = store.claims(store.begin(make_run()))
claims.begin()
claims.take([make_key(0)])
print(claims.beat([make_key(0)]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def claims(store):
    """Claims of so many runs."""

    def make(runs):
        made = [store.claims(store.begin(make_run())) for _ in range(runs)]
        assert all(each.begin() for each in made)
        return made

    return make


@pytest.fixture
def other_process(path, request):
    """A process that has claimed the first key, and lives."""
    command = [sys.executable, "-c", CLAIM, path, request.config.rootpath / "tests" / "support"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_a_key_is_one_runs(claims):
    """Until that gives it back; what it has already it may claim again."""
    first, second = claims(2)
    assert first.take(KEYS[:3]).mine == set(KEYS[:3])
    assert second.take(KEYS[1:]).mine == {KEYS[3]}
    assert first.take(KEYS).mine == set(KEYS[:3])
    assert second.others() == dict.fromkeys(KEYS[:3], 1)
    assert first.release(KEYS[:2])
    assert second.take(KEYS).mine == {KEYS[0], KEYS[1], KEYS[3]}


def test_what_has_an_answer_is_not_claimed(claims, store):
    """Unless it shall be; a row that is stored gives its claim back, answered or not."""
    first, second = claims(2)
    first.take(KEYS)
    store.record(1, [make_row(0), make_row(1, reply=None, error="TimedOut: late.")])
    found = second.take(KEYS)
    assert (found.mine, found.answered) == ({KEYS[1]}, {KEYS[0]})
    assert second.take(KEYS[:1], despite_answers=True).mine == {KEYS[0]}


def test_a_lease_ends_with_its_run(claims, store):
    """With all its claims."""
    first, second = claims(2)
    first.take(KEYS)
    store.end(1, seconds=1.0, stopped_early=False)
    assert second.take(KEYS).mine == set(KEYS)
    assert second.leases()[1] == []


def test_only_a_run_that_is_alone_may_keep_its_claims_to_itself(claims):
    """The second run is open from the start; the first once it says so, with what it holds."""
    first, second = claims(2)
    assert [lease.is_open for lease in (first.leases()[0], second.leases()[0])] == [False, True]
    assert first.beat(KEYS[:2])
    assert first.leases()[0].is_open
    assert second.take(KEYS).mine == set(KEYS[2:])


def test_a_lease_that_stands_still_is_taken_away(claims):
    """Not from a run that went on meanwhile; whoever lost it gets what is still free."""
    first, second = claims(2)
    first.take(KEYS[:3])
    (lease,) = second.leases()[1]
    first.beat(KEYS[:3])
    second.take_away(lease)
    assert second.take(KEYS).mine == {KEYS[3]}
    second.take_away(second.leases()[1][0])
    assert second.take(KEYS[:1]).mine == {KEYS[0]}
    assert first.leases()[0] is None
    first.beat(KEYS[:3])
    assert first.leases()[0].is_open
    assert second.others() == dict.fromkeys(KEYS[1:3], 1)


def test_another_process_is_known_to_live_or_not(other_process, store):
    """Killed, and not yet buried by its parent, it has ended."""
    run = store.begin(make_run())
    mine = store.claims(run)
    assert mine.begin()
    (lease,) = mine.leases()[1]
    assert lease.process.number == other_process.pid
    assert not lease.process.has_ended
    assert mine.leases()[0].is_open
    assert mine.take(KEYS).mine == set(KEYS[1:])
    other_process.kill()
    while not lease.process.has_ended:
        pass
    third = store.claims(store.begin(make_run()))
    assert third.begin()
    assert [each.run for each in third.leases()[1]] == [run]


def test_a_busy_file_is_said_and_not_waited_for(claims, store, path):
    """Neither for another process nor for another thread."""
    (first,) = claims(1)
    with open_store(path) as other, other._connections.writing():
        assert first.take(KEYS) is None
        assert first.beat(KEYS) is first.release(KEYS) is first.begin() is False
    held, free = threading.Event(), threading.Event()

    def hold():
        with store._connections.writing():
            held.set()
            free.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    assert first.take(KEYS) is None
    free.set()
    thread.join()
    assert first.take(KEYS).mine == set(KEYS)
    with store._connections.writing() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_copy_has_no_claims(claims, store, path, tmp_path):
    """Who asks for the one file asks for no other; the file itself keeps them, and both are whole."""
    (first,) = claims(1)
    first.take(KEYS)
    store.record(1, [make_row(9)])
    backup(tmp_path / "copy.sqlite", path)
    with open_store(tmp_path / "copy.sqlite") as copy:
        assert copy.claims(7).take(KEYS).mine == set(KEYS)
    assert check(path).is_whole
    assert store.claims(7).take(KEYS).mine == set()
    prune(path, older_than_days=1)
    assert store.claims(7).others() == dict.fromkeys(KEYS, 1)
