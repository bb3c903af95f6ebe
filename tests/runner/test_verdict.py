"""Which faults are of single rows, and which condemn the run."""

import pytest

from vlmkit.errors import (
    Cancelled,
    RateLimited,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnreadableReply,
)
from vlmkit.runner.verdict import ALIKE_LIMIT, Verdict


@pytest.mark.parametrize("fault", [Unauthorized("x"), Unreachable("x")])
def test_a_refused_key_and_a_dead_address_condemn_at_once(fault):
    """Unless a row worked before: then it is this row's bad luck."""
    assert Verdict(1).is_run_fault(fault)
    verdict = Verdict(100)
    assert not verdict.is_run_fault(None)
    assert not verdict.is_run_fault(fault)


@pytest.mark.parametrize("fault", [ServerFault("x"), TimedOut("x"), RateLimited("x"), UnreadableReply("x")])
def test_the_first_rows_failing_alike_condemn_the_rest(fault):
    """Not one row earlier."""
    verdict = Verdict(100)
    verdicts = [verdict.is_run_fault(fault) for _ in range(ALIKE_LIMIT)]
    assert verdicts == [False] * (ALIKE_LIMIT - 1) + [True]


def test_faults_of_several_kinds_are_not_alike():
    """The count begins again."""
    verdict = Verdict(100)
    kinds = [ServerFault("x")] * (ALIKE_LIMIT - 1) + [TimedOut("x")] * (ALIKE_LIMIT - 1)
    assert not any(verdict.is_run_fault(fault) for fault in kinds)


def test_one_row_that_worked_acquits_the_run():
    """However many fail afterwards."""
    verdict = Verdict(100)
    ends = [ServerFault("x"), None] + [ServerFault("x")] * 50
    assert not any(verdict.is_run_fault(end) for end in ends)


def test_where_nothing_is_left_to_spend_there_is_nothing_to_save():
    """A small table with every row failed is a table."""
    verdict = Verdict(ALIKE_LIMIT)
    assert not any(verdict.is_run_fault(ServerFault("x")) for _ in range(ALIKE_LIMIT))


def test_what_tells_nothing_of_the_model_does_not_count():
    """Neither for nor against."""
    verdict = Verdict(100)
    assert not any(verdict.is_run_fault(TimedOut("x"), is_telling=False) for _ in range(50))
    assert not verdict.is_run_fault(None, is_telling=False)
    assert verdict.is_run_fault(Unreachable("x"))


@pytest.mark.parametrize("fault", [UnreadableImage("x"), Cancelled("x")])
def test_bad_pictures_say_nothing_about_the_model(fault):
    """A folder of broken files is a table of errors."""
    verdict = Verdict(100)
    assert not any(verdict.is_run_fault(fault) for _ in range(50))
