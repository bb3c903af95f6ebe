"""What a reply or a fault means for its row."""

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
    Backoff,
    fault_of,
    is_a_push_back,
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
    assert fault_of(done) is None
    fault = TimedOut("x")
    assert fault_of(failed(fault)) is fault
    cancelled = Future()
    cancelled.cancel()
    assert isinstance(fault_of(cancelled), Cancelled)


def test_a_broken_backend_fails_its_row_and_keeps_the_cause():
    """A stranger's mistake at row 9,999 does not end the run."""
    error = KeyError("weights")
    fault = fault_of(failed(error))
    assert isinstance(fault, ServerFault)
    assert fault.__cause__ is error
    assert "KeyError: 'weights'" in str(fault)


@pytest.mark.parametrize("error", [BadSetting("x"), KeyboardInterrupt()])
def test_what_is_no_row_fault_is_raised(error):
    """A setup error found late, or an interrupt."""
    with pytest.raises(type(error)):
        fault_of(failed(error))


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
