"""Leases as they lie in the file."""

from store_rows import make_run

from vlmkit.store.leases import begin_lease, end_lease, find_leases
from vlmkit.store.processes import this_process


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
