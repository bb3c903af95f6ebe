"""Which faults are of single rows, and which condemn a model."""

import pytest

from vlmkit.errors import (
    Cancelled,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnreadableReply,
)
from vlmkit.runner.fail_fast import ALIKE_LIMIT, FailFast, is_of_the_run

CERTAIN = [
    Unauthorized("x"),
    Refused("no credit", is_fatal=True),
    ServerFault("never fits", is_fatal=True),
    TimedOut("says nothing", is_fatal=True),
]
OF_THE_SERVER = [ServerFault("x"), ServerFault("x", is_transient=True), Unreachable("x"), TimedOut("x")]
OF_THE_ROW = [Refused("x"), UnreadableReply("x"), RateLimited("x")]


def worked(level=0, total=100):
    fail_fast = FailFast(total)
    fail_fast.acquit(level)
    return fail_fast


@pytest.mark.parametrize("fault", CERTAIN)
def test_what_is_certain_condemns_at_once(fault):
    """In a run of one row, and after any number that worked."""
    assert is_of_the_run(fault)
    assert FailFast(1).condemns(0, fault)
    assert worked().condemns(0, fault)


def test_a_dead_address_condemns_at_once_where_nothing_worked():
    """Later it may be a moment's trouble."""
    assert FailFast(1).condemns(0, Unreachable("x"))
    assert not worked().condemns(0, Unreachable("x"))


@pytest.mark.parametrize("fault", [ServerFault("x"), TimedOut("x"), RateLimited("x"), UnreadableReply("x")])
def test_the_first_rows_failing_alike_condemn_the_rest(fault):
    """Not one row earlier."""
    fail_fast = FailFast(100)
    verdicts = [fail_fast.condemns(0, fault) for _ in range(ALIKE_LIMIT)]
    assert verdicts == [False] * (ALIKE_LIMIT - 1) + [True]


@pytest.mark.parametrize("fault", OF_THE_SERVER)
def test_a_server_that_breaks_later_is_condemned_after_several_rows(fault):
    """One after another, none that worked between."""
    fail_fast = worked()
    verdicts = [fail_fast.condemns(0, fault) for _ in range(ALIKE_LIMIT)]
    assert verdicts == [False] * (ALIKE_LIMIT - 1) + [True]


@pytest.mark.parametrize("fault", OF_THE_SERVER)
def test_rows_that_work_between_acquit(fault):
    """A picture that breaks the server for itself ends no run."""
    fail_fast = worked()
    for _ in range(50):
        assert not any(fail_fast.condemns(0, fault) for _ in range(ALIKE_LIMIT - 1))
        fail_fast.acquit(0)


@pytest.mark.parametrize("fault", OF_THE_ROW)
def test_answers_that_do_not_fit_condemn_nobody_later(fault):
    """Pictures that a model cannot answer may follow each other in any number."""
    fail_fast = worked()
    assert not any(fail_fast.condemns(0, fault) for _ in range(50))


def test_a_slow_model_in_this_process_is_not_gone():
    """Once a row worked, late ones are rows."""
    fail_fast = worked()
    assert not any(fail_fast.condemns(0, TimedOut("x"), of_server=False) for _ in range(50))


def test_faults_of_several_kinds_are_not_alike():
    """The count begins again."""
    fail_fast = FailFast(100)
    kinds = [ServerFault("x")] * (ALIKE_LIMIT - 1) + [TimedOut("x")] * (ALIKE_LIMIT - 1)
    assert not any(fail_fast.condemns(0, fault) for fault in kinds)


def test_a_row_behind_one_that_failed_alike_needs_fewer_tries():
    """Where it was the server's fault, and the same, and nothing worked since."""
    fail_fast = worked()
    assert not fail_fast.doubts(0, ServerFault("x"))
    fail_fast.condemns(0, ServerFault("x"))
    assert fail_fast.doubts(0, ServerFault("y"))
    assert not fail_fast.doubts(0, Unreachable("x"))
    assert not fail_fast.doubts(0, RateLimited("x"))
    assert not fail_fast.doubts(1, ServerFault("x"))
    fail_fast.acquit(0)
    assert not fail_fast.doubts(0, ServerFault("x"))


def test_each_model_is_judged_by_its_own_rows():
    """What the first did says nothing about the second."""
    fail_fast = worked(level=0)
    for _ in range(ALIKE_LIMIT - 1):
        assert not fail_fast.condemns(0, ServerFault("x"))
        assert not fail_fast.condemns(1, ServerFault("x"))
    assert fail_fast.condemns(1, ServerFault("x"))
    assert FailFast(9).condemns(1, Unreachable("x"))


def test_where_nothing_is_left_to_spend_there_is_nothing_to_save():
    """A small table with every row failed is a table."""
    fail_fast = FailFast(ALIKE_LIMIT)
    assert not any(fail_fast.condemns(0, ServerFault("x")) for _ in range(ALIKE_LIMIT))


@pytest.mark.parametrize("fault", [UnreadableImage("x"), Cancelled("x")])
def test_bad_pictures_say_nothing_about_the_model(fault):
    """A folder of broken files is a table of errors."""
    fail_fast = FailFast(100)
    assert not any(fail_fast.condemns(0, fault) for _ in range(50))
