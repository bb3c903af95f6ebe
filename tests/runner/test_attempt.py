"""What a reply or a fault means for its row, and for its model."""

from concurrent.futures import Future

import pytest

from vlmkit.errors import (
    BadSetting,
    Cancelled,
    MissingKey,
    ModelLoadFailed,
    ModelNotFound,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnreadableReply,
)
from vlmkit.records import Reply
from vlmkit.runner.attempt import (
    ALIKE_LIMIT,
    Backoff,
    FailFast,
    future_fault,
    is_a_push_back,
    is_of_the_run,
    is_worth_a_fallback,
    is_worth_a_retry,
    of_a_queue,
    unusable,
    wait_s,
)

FOR_A_WHILE = [Unreachable("x"), RateLimited("x"), ServerFault("x", is_transient=True)]
FOR_GOOD = [ServerFault("x"), Refused("x"), Unauthorized("x"), Cancelled("x"), UnreadableReply("x")]


@pytest.mark.parametrize("fault", FOR_A_WHILE)
def test_what_passes_is_worth_another_try(fault):
    """A lost connection, a full server, one that restarts: as often as allowed, 0 being once and for all."""
    assert is_worth_a_retry(fault)
    waits = [wait_s(attempt, fault, backoff=Backoff(max_retries=3), chance=1.0) for attempt in range(1, 6)]
    assert waits == [0.5, 1.0, 2.0, None, None]
    assert wait_s(1, fault, backoff=Backoff(max_retries=0), chance=1.0) is None


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_what_would_fail_again_is_not(fault):
    """However many tries are left."""
    assert not is_worth_a_retry(fault)
    assert wait_s(1, fault, backoff=Backoff(max_retries=9), chance=1.0) is None


def test_waits_have_full_jitter_and_an_end():
    """Anything from nothing to the whole wait, so that rows that failed together do not come back together."""
    fault = Unreachable("x")
    assert [wait_s(3, fault, backoff=Backoff(max_retries=9), chance=chance) for chance in (0.0, 0.25, 1.0)] == [
        0.0,
        0.5,
        2.0,
    ]
    assert wait_s(50, fault, backoff=Backoff(max_retries=99), chance=1.0) == 30.0


def test_a_server_that_says_when_is_obeyed():
    """Never earlier; a little later, each row by itself. A day's quota is not waited for."""
    for kind in (RateLimited, Unreachable):
        assert wait_s(1, kind("x", retry_after_s=7.0), backoff=Backoff(max_retries=1), chance=0.0) == 7.0
        assert wait_s(1, kind("x", retry_after_s=7.0), backoff=Backoff(max_retries=1), chance=1.0) == 7.5
        assert wait_s(1, kind("x", retry_after_s=-3.0), backoff=Backoff(max_retries=1), chance=0.0) == 0.0
        assert wait_s(1, kind("x", retry_after_s=86_400.0), backoff=Backoff(max_retries=1), chance=0.0) is None


def test_what_another_model_could_do_better():
    """Whatever is the fault of the model's side; a bad picture is bad for all."""
    for fault in (*FOR_A_WHILE, TimedOut("x"), Refused("x"), Unauthorized("x")):
        assert is_worth_a_fallback(fault)
    for fault in (UnreadableImage("x"), UnreadableReply("x"), Cancelled("x")):
        assert not is_worth_a_fallback(fault)


def test_what_says_that_it_is_too_much():
    """A lost connection does not."""
    assert [is_a_push_back(fault) for fault in FOR_A_WHILE] == [False, True, True]


def failed(error):
    future = Future()
    future.set_exception(error)
    return future


def test_faults_of_a_future():
    """A reply has none; a RunError is itself; a cancelled future is Cancelled."""
    done = Future()
    done.set_result(Reply(text="x", finish_reason="stop", model="fake:x"))
    assert future_fault(done) is None
    fault = TimedOut("x")
    assert future_fault(failed(fault)) is fault
    cancelled = Future()
    cancelled.cancel()
    assert isinstance(future_fault(cancelled), Cancelled)


def test_a_broken_backend_fails_its_row_and_keeps_the_cause():
    """A stranger's mistake at row 9,999 does not end the run."""
    error = KeyError("weights")
    fault = future_fault(failed(error))
    assert isinstance(fault, ServerFault)
    assert fault.__cause__ is error
    assert "KeyError: 'weights'" in str(fault)


@pytest.mark.parametrize("error", [BadSetting("x"), KeyboardInterrupt()])
def test_what_is_no_row_fault_is_raised(error):
    """A setup error found late, or an interrupt."""
    with pytest.raises(type(error)):
        future_fault(failed(error))


def test_what_is_certain_to_fail_again_is_not_tried_again():
    """Whatever its kind."""
    for fault in (RateLimited("x", is_fatal=True), ServerFault("x", is_transient=True, is_fatal=True)):
        assert not is_worth_a_retry(fault)
        assert wait_s(1, fault, backoff=Backoff(), chance=1.0) is None


def test_a_server_that_was_late_is_asked_once_more():
    """Its line may have been full of our own asks; a model in this process is not faster the next time."""
    fault = TimedOut("x")
    assert [wait_s(attempt, fault, backoff=Backoff(), chance=1.0) for attempt in (1, 2)] == [0.5, None]
    assert wait_s(1, fault, backoff=Backoff(max_retries=0), chance=1.0) is None
    assert wait_s(1, fault, backoff=Backoff(), chance=1.0, of_server=False) is None


def test_at_most_one_further_try():
    """And none where none was allowed; the waits stay."""
    assert Backoff(max_retries=3, first_wait_s=2.0).once == Backoff(max_retries=1, first_wait_s=2.0)
    assert Backoff(max_retries=0).once.max_retries == 0


def test_waits_are_as_the_settings_say():
    """The first, and the longest, also after very many tries."""
    backoff = Backoff(max_retries=5000, first_wait_s=2.0, longest_wait_s=5.0)
    waits = [wait_s(attempt, Unreachable("x"), backoff=backoff, chance=1.0) for attempt in (1, 2, 3, 4000)]
    assert waits == [2.0, 4.0, 5.0, 5.0]


def test_the_advice_for_a_queue_is_given_once():
    """The fault keeps what it had."""
    told = of_a_queue(TimedOut("late", partial="half", is_fatal=True))
    assert "lower workers" in str(told)
    assert (told.partial, told.is_fatal) == ("half", True)
    assert of_a_queue(told) is told


def test_which_setup_errors_leave_a_model_for_the_next():
    """Those that are about the model; a wrong call is wrong for all."""
    for error in (ModelNotFound("gone"), ModelLoadFailed("gone")):
        fault = unusable(error)
        assert (str(fault), fault.is_fatal, fault.__cause__) == ("gone", True, error)
    assert unusable(BadSetting("x")) is None
    assert unusable(MissingKey("x")) is None


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
