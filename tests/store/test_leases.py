"""Processes that ended are known to have; leases as they lie in the file."""

import subprocess
import sys
from dataclasses import replace

import pytest
from store_rows import make_run

from vlmkit.store.leases import begin_lease, end_lease, exists, find_leases, this_process

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell when a process was started")


def test_this_process_lives():
    """And is the same each time."""
    assert this_process() == this_process()
    assert not this_process().has_ended
    assert exists(this_process().number)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot be asked")
def test_a_process_that_ended_has():
    """Also as long as its parent has not asked for its end."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = replace(this_process(), number=child.pid, started="")
    child.wait()
    assert process.has_ended
    assert not exists(child.pid)


@linux
def test_a_number_that_was_used_again_is_another_process():
    """Told apart by when it was started; what is not known proves nothing."""
    assert replace(this_process(), started="1").has_ended
    assert not replace(this_process(), started="").has_ended


def test_of_another_computer_nothing_is_certain():
    """Nor of a number that no system has."""
    assert not replace(this_process(), machine="elsewhere", number=2**22 + 7).has_ended
    assert exists(2**70)


def test_leases_are_found_in_the_order_of_their_runs(store):
    """Each with its process; one that is begun again stays one."""
    runs = [store.begin(make_run()) for _ in range(3)]
    with store._connections.writing() as connection:
        for run in (*runs[::-1], runs[0]):
            begin_lease(connection, run)
        assert [lease.run for lease in find_leases(connection)] == runs
        assert {lease.process for lease in find_leases(connection)} == {this_process()}
        end_lease(connection, runs[1])
        assert [lease.run for lease in find_leases(connection)] == [runs[0], runs[2]]


def test_a_dead_process_is_no_company(store):
    """Its lease is cleared away by the next run, which is alone then."""
    with store._connections.writing() as connection:
        begin_lease(connection, 1)
        connection.execute("UPDATE leases SET started = '1'")  # a number that was used again
        begin_lease(connection, 2)
        (lease,) = find_leases(connection)
    assert (lease.run, lease.is_open) == (2, this_process().started == "")
