"""The window stays within its bounds."""

import threading
from concurrent.futures import Future
from dataclasses import replace

import pytest

from vlmkit import settings
from vlmkit.backends import Abilities, PendingReply
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import (
    BadSetting,
    Cancelled,
    ModelNotFound,
    PictureNotSeen,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableReply,
)
from vlmkit.runner import FallingBack, Retrying, Started, picture_inputs
from vlmkit.runner.events import Announcer
from vlmkit.runner.window import Window


@pytest.fixture
def window(plan):
    """Open windows and close them afterwards; gives the window and the list of its events."""
    opened = []

    def make(questions, backend, **options):
        events = []
        opened.append(Window(questions, plan(backend, **options), Announcer(events.append), 99))
        return opened[-1], events

    yield make
    for each in opened:
        each.close(seconds=0.0, stopped_early=True)


def drain(window, rounds=3000):
    ended = []
    window.advance()
    while not window.is_empty:
        window.wait(0.1)
        ended += window.ended()
        window.advance()
        rounds -= 1
        assert rounds, "the window never became empty"
    return ended


def test_never_more_asks_in_flight_than_workers(questions, backend, window):
    """Counted where they arrive."""
    model = backend(delay_s=0.003, parallel_asks=16)
    narrow, _ = window(questions(40), model, workers=3)
    assert len(drain(narrow)) == 40
    assert model.most_in_flight == 3


def test_questions_are_read_only_as_far_ahead_as_needed(questions, backend, window):
    """A million rows are never in memory at once."""
    taken = []

    def source():
        for question in questions(200):
            taken.append(question)
            yield question

    model = backend(delay_s=30, parallel_asks=4)
    held, _ = window(source(), model)
    for _ in range(30):
        held.advance()
        held.wait(0.01)
    assert 4 <= len(taken) <= 2 * 4 + held._plan.decoders


def test_pictures_are_prepared_in_threads_of_their_own(questions, backend, window, monkeypatch):
    """Neither the caller's thread nor the backend's decodes."""
    names = set()
    normalize = picture_inputs.normalize

    def spy(ref, longest_side_px, **options):
        names.add(threading.current_thread().name)
        return normalize(ref, longest_side_px, **options)

    monkeypatch.setattr(picture_inputs, "normalize", spy)
    busy, _ = window(questions(10), backend())
    drain(busy)
    assert names
    assert all(name.startswith("vlmkit-decode") for name in names)


def test_rows_start_in_order_and_one_worker_takes_turns(questions, backend, window):
    """The next row starts only when the last has ended, also when its picture is bad."""
    turns, events = window(questions(6, bad={1, 4}), backend(delay_s=0.001), workers=1)
    assert [outcome.index for outcome in drain(turns)] == list(range(6))
    assert [event.index for event in events if isinstance(event, Started)] == list(range(6))


def test_a_lost_connection_is_tried_again(questions, backend, window, monkeypatch):
    """With an event for each further attempt; the row is asked with the very same picture."""
    monkeypatch.setattr("vlmkit.runner.flight.wait_s", lambda attempt, _fault, **_: 0.001 if attempt < 3 else None)
    model = backend(replies=[Unreachable("a"), Unreachable("b"), "fine"], parallel_asks=1)
    again, events = window(questions(1), model)
    (outcome,) = drain(again)
    assert outcome.values == {"text": "fine"}
    retries = [event for event in events if isinstance(event, Retrying)]
    assert [(event.attempt, str(event.fault)) for event in retries] == [(2, "a"), (3, "b")]
    assert len({id(ask.pictures[0]) for ask in model.asks}) == 1


def test_as_often_as_allowed(questions, backend, window, monkeypatch):
    """Not at all, where no retries are allowed."""
    settings.use(first_wait_s=0.001)
    for max_retries in (0, 2):
        model = backend(replies=Unreachable("down"), parallel_asks=1)
        again, events = window(questions(1), model, max_retries=max_retries)
        (outcome,) = drain(again)
        assert isinstance(outcome.fault, Unreachable)
        assert len(model.asks) == 1 + max_retries
        assert [type(event) for event in events].count(Retrying) == max_retries


def test_a_row_that_failed_for_good_is_asked_of_the_next_model(questions, backend, window, monkeypatch):
    """With pictures of its size, all tries anew, an event, and the name of who answered."""
    settings.use(first_wait_s=0.001)
    first = backend(replies=["fine", RateLimited("full"), Refused("no people")], parallel_asks=1)
    second = FakeBackend("second", replies=[Refused("me neither"), "seen"], abilities=Abilities(longest_side_px=16))
    third = FakeBackend("third", replies="at last")
    falling, events = window(questions(3), first, fallbacks=[second, third], max_retries=0)
    outcomes = {outcome.index: outcome for outcome in drain(falling)}
    assert [outcomes[i].values["text"] for i in range(3)] == ["fine", "at last", "seen"]
    assert [outcomes[i].reply.model for i in range(3)] == ["fake:echo", "fake:third", "fake:second"]
    assert {ask.pictures[0].width for ask in second.asks} == {16}
    falls = [event for event in events if isinstance(event, FallingBack)]
    assert [(event.index, event.model, type(event.fault)) for event in falls] == [
        (1, "fake:second", RateLimited),
        (1, "fake:third", Refused),
        (2, "fake:second", Refused),
    ]
    assert falling.flight.asked == 3
    for each in (second, third):
        each.close()


def test_what_a_model_refuses_in_words_is_asked_of_the_next(questions, backend, window):
    """As what its server refuses; an answer that cannot be read is one, and is not."""
    excuse = "I'm sorry, but I can't help with that request."
    first = backend(replies=["A fox.", excuse, "I don't see any image attached.", "null"], parallel_asks=1)
    second = FakeBackend("second", replies=["A dog.", excuse])
    falling, events = window(questions(4), first, fallbacks=[second], max_retries=0)
    outcomes = {outcome.index: outcome for outcome in drain(falling)}
    assert [outcomes[i].values and outcomes[i].values["text"] for i in range(4)] == ["A fox.", "A dog.", None, None]
    assert [type(outcomes[i].fault) for i in (2, 3)] == [Refused, UnreadableReply]
    falls = [event for event in events if isinstance(event, FallingBack)]
    assert [(event.index, type(event.fault)) for event in falls] == [(1, Refused), (2, PictureNotSeen)]
    assert (len(first.asks), len(second.asks)) == (4, 2)
    second.close()


def test_a_model_that_sees_no_picture_is_given_up_for_all_rows(questions, backend, window):
    """After a few; each of them is asked of the next."""
    blind = backend(replies="I don't see any image attached.", parallel_asks=1)
    second = FakeBackend("second", replies="A dog.")
    falling, _ = window(questions(40), blind, fallbacks=[second], max_retries=0)
    assert {outcome.values["text"] for outcome in drain(falling)} == {"A dog."}
    assert len(blind.asks) < 15
    second.close()


def test_a_model_that_cannot_be_reached_is_given_up_for_all_rows(questions, backend, window):
    """Those behind are asked of the next at once, unless it worked before: then it was a moment's trouble."""
    second = FakeBackend("second", replies="fine")
    dead = backend(replies=Unreachable("down"), parallel_asks=2)
    falling, _ = window(questions(20), dead, fallbacks=[second], max_retries=0)
    assert {outcome.reply.model for outcome in drain(falling)} == {"fake:second"}
    assert len(dead.asks) <= 4
    shaky = backend(replies=["fine", Unreachable("down")], parallel_asks=1)
    falling, _ = window(questions(20), shaky, fallbacks=[second], max_retries=0)
    models = [outcome.reply.model for outcome in sorted(drain(falling), key=lambda outcome: outcome.index)]
    assert models == ["fake:echo", "fake:second"] * 10
    second.close()


@pytest.mark.parametrize("fault", [Unauthorized("revoked"), Refused("no credit", is_fatal=True)])
def test_a_model_that_is_condemned_later_is_given_up_for_all_rows(questions, backend, window, fault):
    """Nothing more goes to it, although it worked before; nobody hears of the end of a run."""
    second = FakeBackend("second", replies="fine")
    revoked = backend(lambda ask: fault if int(ask.prompt) > 4 else "yes", parallel_asks=2)
    falling, _ = window(questions(40), revoked, fallbacks=[second])
    outcomes = sorted(drain(falling), key=lambda outcome: outcome.index)
    assert [outcome.reply.model for outcome in outcomes] == ["fake:echo"] * 5 + ["fake:second"] * 35
    assert len(revoked.asks) <= 5 + 4
    assert falling.flight.fatal is None
    second.close()


def test_a_server_that_breaks_later_is_given_up_after_several_rows(questions, backend, window):
    """Each of these is asked of the next, and then all."""
    second = FakeBackend("second", replies="fine")
    broken = backend(lambda ask: ServerFault("x") if int(ask.prompt) > 4 else "yes", parallel_asks=1)
    falling, _ = window(questions(40), broken, fallbacks=[second])
    assert all(outcome.fault is None for outcome in drain(falling))
    assert len(broken.asks) == 5 + 5
    second.close()


def test_a_model_whose_answers_are_of_no_use_is_left_for_the_next(questions, backend, window):
    """An answer that cannot be read is its row's; where all begin so, the rows behind are asked of the next model."""
    second = FakeBackend("second", replies="fine")
    useless = backend(replies=UnreadableReply("not a word"), parallel_asks=1)
    falling, _ = window(questions(20), useless, fallbacks=[second])
    outcomes = sorted(drain(falling), key=lambda outcome: outcome.index)
    assert [outcome.fault is None for outcome in outcomes] == [False] * 5 + [True] * 15
    assert (len(useless.asks), falling.flight.fatal) == (5, None)
    second.close()


def test_a_model_that_turns_out_not_to_be_there_is_left_for_the_next(questions, backend, window):
    """Where there is one; a wrong call is raised all the same."""
    second = FakeBackend("second", replies="fine")
    for error, is_left in ((ModelNotFound("gone"), True), (BadSetting("wrong"), False)):
        gone = backend(parallel_asks=2)
        gone.submit = Broken(error).submit
        falling, events = window(questions(9), gone, fallbacks=[second])
        if not is_left:
            with pytest.raises(BadSetting):
                drain(falling)
            continue
        assert {outcome.reply.model for outcome in drain(falling)} == {"fake:second"}
        assert "gone" in str(next(event.fault for event in events if isinstance(event, FallingBack)))
    second.close()


class Crowded(FakeBackend):
    """A server that is late with whatever comes while it has something to do."""

    def submit(self, ask):
        fault = TimedOut("no answer in time.") if self._jobs else None
        self._replies = lambda asked: self.late.pop(asked.prompt, None) or "fine"
        if fault:
            self.late[ask.prompt] = fault
        return super().submit(replace(ask, timeout_s=None))


@pytest.mark.parametrize("workers", [12, "auto"])
def test_a_late_server_gets_fewer_asks_and_loses_no_row(questions, window, workers):
    """Those that were late are asked once more, when no others are there."""
    settings.use(first_wait_s=0.001)
    model = Crowded(delay_s=0.005, abilities=Abilities(parallel_asks=12, destination="http://x.test"))
    model.late = {}
    late, events = window(questions(24), model, workers=workers, timeout_s=0.001)
    assert [outcome.fault for outcome in drain(late)] == [None] * 24
    assert any(isinstance(event.fault, TimedOut) for event in events if isinstance(event, Retrying))
    assert late.flight.workers == 1
    model.close()


def test_a_late_answer_of_a_model_in_this_process_is_final(questions, backend, window):
    """It would be as late the next time."""
    model = backend(replies=TimedOut("slow"), parallel_asks=2)
    late, _ = window(questions(3), model)
    assert all(isinstance(outcome.fault, TimedOut) for outcome in drain(late))
    assert len(model.asks) == 3


def test_the_advice_of_a_late_server_names_the_workers(questions, backend, window):
    """As its own line is the likeliest cause."""
    settings.use(first_wait_s=0.001)
    model = backend(replies=TimedOut("slow."), parallel_asks=2, destination="http://x.test")
    late, _ = window(questions(3), model)
    assert {str(outcome.fault) for outcome in drain(late)} == {
        "slow. If the server works on one ask after another, lower workers."
    }


def test_when_all_models_failed_the_last_fault_stands(questions, backend, window):
    """The row is data, as without any fallback."""
    second = FakeBackend("second", replies=Refused("b"))
    falling, _ = window(questions(1), backend(replies=Refused("a")), fallbacks=[second])
    (outcome,) = drain(falling)
    assert str(outcome.fault) == "b"
    second.close()


def test_equal_rows_fall_back_together(questions, backend, window):
    """They are asked once of each model."""
    model = backend(replies=Refused("a"), delay_s=0.05, parallel_asks=4)
    second = FakeBackend("second", replies="fine", delay_s=0.05)
    falling, _ = window(questions(1) * 5, model, fallbacks=[second])
    assert [outcome.values["text"] for outcome in drain(falling)] == ["fine"] * 5
    assert (len(model.asks), len(second.asks)) == (1, 1)
    second.close()


def test_equal_rows_are_asked_once(questions, backend, window):
    """Those in flight wait for the first, those behind get its answer; neither was asked."""
    model = backend(delay_s=0.05, parallel_asks=4)
    same, _ = window(questions(1) * 50, model)
    outcomes = drain(same)
    assert [outcome.values for outcome in outcomes] == [{"text": "answer 0"}] * 50
    assert len(model.asks) == same.flight.asked == 1
    assert [outcome.is_duplicate for outcome in outcomes].count(False) == 1
    assert not any(outcome.from_store for outcome in outcomes)


class Mute(FakeBackend):
    """A backend that forgets asks: their futures never end."""

    def submit(self, ask):
        self.asks.append(ask)
        return Future()


def test_a_backend_that_forgets_its_deadline_is_not_waited_for(questions, window, monkeypatch):
    """The row times out all the same."""
    monkeypatch.setattr("vlmkit.runner.deadlines._LATE_S", 0.05)
    model = Mute(abilities=Abilities(parallel_asks=2))
    deaf, _ = window(questions(3), model, timeout_s=0.05)
    outcomes = drain(deaf)
    assert len(outcomes) == 3
    assert all(isinstance(outcome.fault, TimedOut) for outcome in outcomes)
    model.close()


def test_a_server_sets_the_pace(questions, backend, window):
    """More asks at a time while answers come faster for it; fewer when it says that this is too much."""
    model = backend(delay_s=0.02, parallel_asks=2, destination="http://example.test")
    model.abilities = replace(model.abilities, parallel_asks=30)
    server, _ = window(questions(400), model)
    server.flight._limiter.limit = 2
    drain(server)
    assert server.flight.workers > 2
    assert server.flight.destinations == {"http://example.test": None}
    busy = backend(replies=[RateLimited("x", retry_after_s=0.0), "fine"], parallel_asks=8, destination="http://x.test")
    pushed, _ = window(questions(2), busy)
    drain(pushed)
    assert pushed.flight.workers == 4


def test_held_outcomes_have_a_bound(questions, backend, window, monkeypatch):
    """Where one row takes for ever, those behind do not pile up without end."""
    monkeypatch.setattr("vlmkit.runner.window._MOST_WAITING", 10)
    model = backend(parallel_asks=4)
    held, _ = window(questions(100), model)
    ended = []
    for _ in range(60):
        held.advance(len(ended))
        held.wait(0.005)
        ended += held.ended()
    assert 10 <= len(ended) <= 10 + 4


def test_a_row_waiting_for_its_retry_keeps_its_place(questions, backend, window, monkeypatch):
    """A full server is not stormed by the rows behind."""
    monkeypatch.setattr("random.random", lambda: 1.0)  # by chance, the wait may be none at all
    model = backend(replies=Unreachable("down"), parallel_asks=2)
    held, _ = window(questions(10), model)
    for _ in range(10):
        held.advance()
        held.wait(0.005)
    assert len(model.asks) == 2


def test_halting_ends_what_waits_and_starts_nothing(questions, backend, window):
    """Rows that waited for a retry end with their fault; the others never begin."""
    model = backend(replies=[Unreachable("down"), "late"], delay_s=[0.0, 0.05], parallel_asks=2)
    halted, _ = window(questions(10), model)
    while len(model.asks) < 2:
        halted.advance()
        halted.wait(0.02)
    halted.wait(0.02)
    halted.halt()
    outcomes = {outcome.index: outcome for outcome in drain(halted)}
    assert set(outcomes) == {0, 1}
    assert isinstance(outcomes[0].fault, Unreachable)
    assert outcomes[1].values == {"text": "late"}


def test_cancelling_lets_go_at_once(questions, backend, window):
    """Without waiting for answers that take half a minute."""
    model = backend(delay_s=30, parallel_asks=3)
    cancelled, _ = window(questions(10), model)
    while len(model.asks) < 3:
        cancelled.advance()
        cancelled.wait(0.02)
    cancelled.cancel()
    outcomes = drain(cancelled, rounds=20)
    assert [outcome.index for outcome in outcomes] == [0, 1, 2]
    assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes)


class Broken:
    """A stranger's backend whose `submit` raises."""

    model, revision, abilities = "broken:x", None, Abilities()

    def __init__(self, error):
        self.error = error

    def submit(self, ask):
        raise self.error


def test_a_backend_that_raises_instead_of_failing_its_future(questions, window):
    """Its rows fail; the loop does not."""
    broken, _ = window(questions(3), Broken(RuntimeError("boom")))
    outcomes = drain(broken)
    assert len(outcomes) == 3
    assert all(isinstance(outcome.fault, ServerFault) and "boom" in str(outcome.fault) for outcome in outcomes)


def test_a_setup_error_found_late_is_raised(questions, window):
    """It concerns every row."""
    broken, _ = window(questions(3), Broken(BadSetting("no such layer")))
    with pytest.raises(BadSetting, match="no such layer"):
        drain(broken)


def test_seconds_are_of_the_row(questions, backend, window):
    """From the first submission to the reply, with the decoding before it."""
    timed, _ = window(questions(1), backend(delay_s=0.03))
    (outcome,) = drain(timed)
    assert 0.03 <= outcome.seconds < 60


class Hesitant(FakeBackend):
    """A backend whose asks wait for their turn for ever."""

    def submit(self, ask):
        self.asks.append(ask)
        return PendingReply()


def test_an_ask_that_waits_for_its_turn_has_no_deadline_yet(questions, window, monkeypatch):
    """The clock starts when the backend says that the work begins."""
    monkeypatch.setattr("vlmkit.runner.deadlines._LATE_S", 0.0)
    model = Hesitant(abilities=Abilities(parallel_asks=1))
    waiting, _ = window(questions(1), model, timeout_s=0.01)
    waiting.advance()
    for _ in range(8):
        waiting.wait(0.1)
    assert list(waiting.ended()) == []
    model.close()
