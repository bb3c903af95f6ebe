"""The only loop: order, stops, faults, events."""

import logging
import random
import re
import threading
import time
import tracemalloc
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from vlmkit import settings
from vlmkit.backends import Abilities, PendingReply
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import (
    Cancelled,
    ModelNotFound,
    PictureNotSeen,
    RateLimited,
    Refused,
    ServerFault,
    SetupError,
    StoreFault,
    TimedOut,
    Unauthorized,
    UnreadableImage,
    UnreadableReply,
)
from vlmkit.prompts import compose_description, compose_question
from vlmkit.records import Reply
from vlmkit.runner import Done, Finished, Planned, Question, Started, Target, make_plan, run, target_of
from vlmkit.runner.events import Retrying, Unanswered
from vlmkit.runner.preparing import Preparer
from vlmkit.sources import refer
from vlmkit.sources.identity import stamp
from vlmkit.store import RowRecord, RunRecord, open_store

TEXT = compose_description("?", into="text")
PATIENCE_S = 25  # a guard against hanging, on a busy machine; shorter than the answers that nobody waits for


def test_outcomes_come_in_input_order_whatever_ends_first(questions, backend, plan):
    """Later rows that were faster wait for their turn."""
    rng = random.Random(5)
    model = backend(delay_s=[rng.uniform(0, 0.02) for _ in range(40)], parallel_asks=8)
    ends = []
    outcomes = list(run(questions(40), plan(model), total=40, on_event=ends.append))
    assert [outcome.index for outcome in outcomes] == list(range(40))
    assert [outcome.values for outcome in outcomes] == [{"text": f"answer {i}"} for i in range(40)]
    done = [event.index for event in ends if isinstance(event, Done)]
    assert done != sorted(done)
    assert sorted(done) == list(range(40))


def test_nothing_starts_before_the_first_outcome_is_wanted(questions, backend, plan):
    """A run that is only made costs nothing."""
    model = backend()
    outcomes = run(questions(3), plan(model), total=3)
    time.sleep(0.05)
    assert model.asks == []
    assert next(outcomes).index == 0
    outcomes.close()


def test_no_rows(backend, plan):
    """Planned and Finished still come."""
    events = []
    assert list(run([], plan(backend()), total=0, on_event=events.append)) == []
    assert events[0] == Planned(total=0, workers=8)
    assert isinstance(events[-1], Finished)
    assert (events[-1].total, events[-1].stopped_early) == (0, False)


def test_events_tell_the_whole_story(questions, backend, plan):
    """Planned first, Started before Done for every row, Finished last with counts that add up."""
    replies = ["a", TimedOut("slow"), "c", "d"]
    events = []
    list(run(questions(5, bad={4}), plan(backend(replies=replies), workers=2), total=5, on_event=events.append))
    assert events[0] == Planned(total=5, workers=2)
    for index in range(5):
        kinds = [type(event) for event in events if getattr(event, "index", None) == index]
        assert kinds == [Started, Done]
    faults = {event.index: event.fault for event in events if isinstance(event, Done)}
    assert {index for index, fault in faults.items() if fault} == {1, 4}
    finished = events[-1]
    assert (finished.total, finished.ok, finished.failed, finished.cancelled) == (5, 3, 2, 0)
    assert not finished.stopped_early
    assert all(event.total == 5 for event in events)


def test_events_come_in_the_callers_thread(questions, backend, plan):
    """A listener may touch widgets and bars without a lock."""
    threads = set()
    list(run(questions(5), plan(backend()), total=5, on_event=lambda _: threads.add(threading.current_thread())))
    assert threads == {threading.current_thread()}


def test_one_bad_row_is_data(questions, backend, plan):
    """The others go on, and the fault stands where its row stood."""
    outcomes = list(run(questions(10, bad={3}), plan(backend()), total=10))
    assert [outcome.index for outcome in outcomes if outcome.fault] == [3]
    assert isinstance(outcomes[3].fault, UnreadableImage)
    assert outcomes[9].values == {"text": "answer 9"}


def test_an_unreadable_reply_is_data(questions, backend, plan):
    """With the reply beside it."""
    task = compose_question("How many?", dtype=int, into="n")
    outcomes = list(
        run(questions(2, task=task), plan(backend(replies=["three", "many"]), task=task, max_retries=0), total=2)
    )
    assert outcomes[0].values == {"n": 3}
    assert isinstance(outcomes[1].fault, UnreadableReply)
    assert outcomes[1].reply.text == "many"


def test_failing_fast_keeps_what_is_in_flight_and_starts_nothing_new(questions, backend, plan):
    """All rows that were started have an outcome before the fault is raised."""
    replies = [f"answer {i}" for i in range(3)] + [TimedOut("slow")] + [f"answer {i}" for i in range(4, 50)]
    delays = [0.0, 0.0, 0.0, 0.0] + [0.05] * 46
    model = backend(replies=replies, delay_s=delays, parallel_asks=4)
    events, outcomes = [], []
    with pytest.raises(TimedOut, match="slow"):
        keep(
            run(questions(50), plan(model, on_error="fail"), total=50, on_event=events.append),
            outcomes,
        )
    assert [outcome.index for outcome in outcomes] == list(range(len(model.asks)))
    assert 4 <= len(model.asks) <= 8
    assert sum(outcome.fault is None for outcome in outcomes) == len(model.asks) - 1
    finished = events[-1]
    assert finished.ok + finished.failed + finished.cancelled == 50
    assert finished.stopped_early


def keep(outcomes, kept):
    """Append as they come, so that a raise at the end loses none."""
    for outcome in outcomes:
        kept.append(outcome)


def test_of_several_faults_failing_fast_raises_the_first_row_s(questions, backend, plan):
    """Not the one that happened to end first."""
    model = backend(replies=[ServerFault("row 0"), ServerFault("row 1")], delay_s=[0.05, 0.0], parallel_asks=2)
    with pytest.raises(ServerFault, match="row 0"):
        list(run(questions(2), plan(model, on_error="fail"), total=2))


def test_a_fault_of_the_whole_run_is_raised_without_spending_the_rest(questions, backend, plan):
    """A refused key is refused ten thousand times."""
    model = backend(replies=Unauthorized("key refused"), parallel_asks=2)
    with pytest.raises(Unauthorized, match="key refused") as caught:
        list(run(questions(1000), plan(model), total=1000))
    assert len(model.asks) <= 4
    (note,) = caught.value.__notes__
    assert re.fullmatch(r"99\d of 1000 rows were not asked because of this\.", note)


def answers_until(row, fault):
    """Answers up to a row; from there on the fault."""
    return lambda ask: fault if int(ask.prompt) >= row else f"answer {ask.prompt}"


@pytest.mark.parametrize(
    "fault", [Unauthorized("revoked"), Refused("no credit", is_fatal=True), ServerFault("gone", is_fatal=True)]
)
def test_a_fault_of_the_run_ends_it_whenever_it_shows(questions, backend, plan, fault):
    """Every row that worked comes first, in its place, and the others as not asked, with the reason."""
    model = backend(answers_until(20, fault), parallel_asks=4)
    outcomes, events = [], []
    with pytest.raises(type(fault), match=str(fault)):
        keep(run(questions(500), plan(model), total=500, on_event=events.append), outcomes)
    assert [outcome.index for outcome in outcomes] == list(range(500))
    assert [outcome.values["text"] for outcome in outcomes[:20]] == [f"answer {i}" for i in range(20)]
    assert all(outcome.values is None for outcome in outcomes[20:])
    assert isinstance(outcomes[-1].fault, Cancelled)
    assert str(fault) in str(outcomes[-1].fault)
    assert len(model.asks) <= 20 + 2 * 4
    assert events[-1].reason == f"{type(fault).__name__}: {fault}"
    assert (events[-1].stopped_early, events[-1].ok) == (True, 20)


def test_a_server_that_breaks_later_ends_the_run_after_several_rows(questions, backend, plan):
    """Not before: it may recover."""
    model = backend(answers_until(20, ServerFault("broken pipe")), parallel_asks=1)
    with pytest.raises(ServerFault, match="broken pipe"):
        list(run(questions(500), plan(model), total=500))
    assert len(model.asks) == 25


def test_rows_behind_a_broken_server_are_not_all_tried_to_the_end(questions, backend, plan):
    """The first one is; those behind it need only show that it is still broken."""
    settings.use(first_wait_s=0.001)
    model = backend(answers_until(3, ServerFault("down", is_transient=True)), parallel_asks=1)
    with pytest.raises(ServerFault, match="down"):
        list(run(questions(500), plan(model), total=500))
    assert len(model.asks) == 3 + 4 + 4 * 2


def test_pictures_that_break_a_server_for_themselves_end_nothing(questions, backend, plan):
    """As long as others work between."""
    model = backend(lambda ask: ServerFault("x") if int(ask.prompt) % 4 else "fine", parallel_asks=1)
    outcomes = list(run(questions(80), plan(model), total=80))
    assert [outcome.fault is None for outcome in outcomes] == [i % 4 == 0 for i in range(80)]


def test_a_model_that_is_gone_later_ends_the_run_with_its_rows(questions, backend, plan):
    """Where a backend says so by an error of the set-up."""

    def answer(ask):
        return f"answer {ask.prompt}"

    model = backend(answer, parallel_asks=1)
    submit = model.submit

    def vanish(ask):
        if int(ask.prompt) < 3:
            return submit(ask)
        raise ModelNotFound("unloaded")

    model.submit = vanish
    outcomes = []
    with pytest.raises(ModelNotFound):
        keep(run(questions(9), plan(model), total=9), outcomes)
    assert [outcome.fault is None for outcome in outcomes] == [True] * 3 + [False] * 6


def test_a_budget_ends_the_run_and_keeps_it(questions, backend, plan, tmp_path):
    """Nothing is raised; rows without a turn say why, and so do the last event and the store."""
    model, events = backend(parallel_asks=1), []
    made = plan(model, budget={"tokens": 25})  # of a question two words go out, one token, and two come back
    with open_store(tmp_path / "s.sqlite") as store:
        outcomes = list(run(questions(100), made, total=100, store=store, on_event=events.append))
        (told,) = store.runs()
    assert [outcome.index for outcome in outcomes] == list(range(100))
    worked = [outcome for outcome in outcomes if outcome.fault is None]
    assert len(worked) == len(model.asks) == 9
    assert str(outcomes[-1].fault) == (
        "not asked, as the run ended: the budget of 25 tokens is used up (27 spent); run it again for this row."
    )
    assert (events[-1].reason, events[-1].cancelled) == ("the budget of 25 tokens is used up (27 spent)", 91)
    assert (told["state"], told["reason"], told["ok"]) == ("stopped", events[-1].reason, 9)
    assert events[-1].spent.tokens == 27


def test_a_budget_that_is_enough_leaves_no_trace(questions, backend, plan):
    """Also where the last row uses it up."""
    events = []
    outcomes = list(
        run(questions(3), plan(backend(parallel_asks=1), budget={"tokens": 9}), total=3, on_event=events.append)
    )
    assert [outcome.fault for outcome in outcomes] == [None] * 3
    assert (events[-1].reason, events[-1].stopped_early) == (None, False)


def test_minutes_stop_new_rows_and_wait_for_those_in_flight(questions, backend, plan):
    """What was paid for is kept."""
    model = backend(delay_s=0.6, parallel_asks=2)
    outcomes = list(run(questions(50), plan(model, budget={"minutes": 0.5 / 60}), total=50))
    asked = len(model.asks)  # two, or where the machine was busy, one
    assert 1 <= asked <= 2
    assert [outcome.fault is None for outcome in outcomes] == [True] * asked + [False] * (50 - asked)


def test_what_was_spent_comes_with_the_events(questions, backend, plan):
    """Money where there is a price; what the store answers costs nothing."""
    events = []
    list(run(questions(2), plan(backend(), price=(1e6, 0)), total=2, on_event=events.append))
    last = [event for event in events if isinstance(event, Done)][-1]
    assert (last.spent.tokens, last.spent.money) == (6, 2.0)


def test_equal_rows_and_stored_rows_are_told_apart(questions, backend, plan, store):
    """Neither was asked, for different reasons."""
    first = questions(2)
    list(run(first[:1], plan(backend()), total=1, store=store))
    events = []
    outcomes = list(
        run([*first, *first], plan(backend()), total=4, store=store, on_event=events.append),
    )
    assert [(outcome.from_store, outcome.is_duplicate) for outcome in outcomes][:2] == [(True, False), (False, False)]
    assert (outcomes[3].from_store, outcomes[3].is_duplicate) == (False, True)
    done = {event.index: event for event in events if isinstance(event, Done)}
    assert [done[i].is_duplicate for i in range(4)] == [outcome.is_duplicate for outcome in outcomes]


def test_each_row_says_how_often_it_was_asked_again(questions, backend, plan):
    """In its outcome, its reply and its event, also where it failed for good."""
    settings.use(first_wait_s=0.001)
    replies = [RateLimited("a"), RateLimited("b"), "fine", "at once", *[RateLimited("c")] * 4]
    events = []
    outcomes = list(run(questions(3), plan(backend(replies, parallel_asks=1)), total=3, on_event=events.append))
    assert [outcome.retries for outcome in outcomes] == [2, 0, 3]
    assert [outcome.reply.retries for outcome in outcomes[:2]] == [2, 0]
    assert [event.retries for event in events if isinstance(event, Done)] == [2, 0, 3]


class Mute(FakeBackend):
    """A server that takes asks and never says a word."""

    def submit(self, ask):
        self.asks.append(ask)
        future = PendingReply()
        future.begin()
        return future


def test_a_server_that_says_nothing_ends_the_run(questions, plan, monkeypatch, caplog):
    """By itself, without anybody's deadline; somebody who watches is told before."""
    monkeypatch.setattr("vlmkit.runner.deadlines._LOOK_EVERY_S", 0.02)
    monkeypatch.setattr("vlmkit.runner.deadlines._STILL_S", 0.1)
    settings.use(first_wait_s=0.001)
    mute, events, outcomes = Mute(abilities=Abilities(parallel_asks=6, destination="http://mute.test")), [], []
    with pytest.raises(TimedOut, match=r"http://mute\.test has said nothing for 0\.3 s"):
        keep(run(questions(100), plan(mute, silence_s=0.3), total=100, on_event=events.append), outcomes)
    assert len(outcomes) == 100
    told = [event for event in events if isinstance(event, Unanswered)]
    assert told[0].in_flight == 6
    assert "No reply from http://mute.test" in caplog.text
    mute.close()


def test_the_first_rows_failing_alike_end_the_run(questions, backend, plan):
    """Whatever `on_error` says."""
    model = backend(replies=lambda _ask: ServerFault("out of memory"), parallel_asks=2)
    with pytest.raises(ServerFault, match="out of memory"):
        list(run(questions(1000), plan(model), total=1000))
    assert len(model.asks) < 12


def test_stopping_cancels_and_accounts_for_every_row(questions, backend, plan):
    """Finished rows are kept, and total = ok + failed + cancelled."""
    model = backend(delay_s=[0.0] * 6 + [30.0] * 94, parallel_asks=4)
    events, outcomes = [], []
    start_s = time.monotonic()
    stop = lambda: len(outcomes) >= 6  # noqa: E731
    keep(run(questions(100), plan(model), total=100, on_event=events.append, stop=stop), outcomes)
    assert time.monotonic() - start_s < PATIENCE_S
    assert [outcome.index for outcome in outcomes] == list(range(100))
    assert all(outcome.values for outcome in outcomes[:6])
    assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes[6:])
    finished = events[-1]
    assert (finished.ok, finished.failed, finished.cancelled, finished.stopped_early) == (6, 0, 94, True)


def test_a_stop_is_noticed_while_nothing_happens(questions, backend, plan):
    """Within a fraction of a second, although every answer takes half a minute."""
    model = backend(delay_s=30, parallel_asks=2)
    flag = threading.Event()
    threading.Timer(0.1, flag.set).start()
    start_s = time.monotonic()
    outcomes = list(run(questions(5), plan(model), total=5, stop=flag.is_set))
    assert time.monotonic() - start_s < PATIENCE_S
    assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes)


def test_an_interrupt_comes_after_the_finished_rows(questions, backend, plan):
    """Ctrl-C anywhere in the loop, here in a listener: every row has its outcome first."""
    model = backend(delay_s=[0.0, 0.0, 0.0] + [30.0] * 7, parallel_asks=2)
    outcomes, events = [], []

    def listener(event):
        events.append(event)
        if isinstance(event, Done) and event.index == 2 and not event.fault:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep(run(questions(10), plan(model), total=10, on_event=listener), outcomes)
    assert [outcome.index for outcome in outcomes] == list(range(10))
    assert all(outcome.values for outcome in outcomes[:3])
    assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes[3:])
    assert isinstance(events[-1], Finished)


class Deaf(FakeBackend):
    """A backend whose futures cannot be cancelled."""

    def submit(self, ask):
        future = super().submit(ask)
        future.cancel = lambda: False
        return future


def test_a_backend_that_does_not_let_go_is_left_behind(questions, plan, monkeypatch):
    """After the grace its rows count as cancelled."""
    monkeypatch.setattr("vlmkit.runner.loop._GRACE_S", 0.3)
    model = Deaf(delay_s=30, abilities=Abilities(parallel_asks=2))
    flag = threading.Event()
    threading.Timer(0.1, flag.set).start()
    start_s = time.monotonic()
    outcomes = list(run(questions(4), plan(model), total=4, stop=flag.is_set))
    assert time.monotonic() - start_s < PATIENCE_S
    assert [type(outcome.fault) for outcome in outcomes] == [Cancelled] * 4
    model.close()


def test_closing_the_iterator_cancels_what_is_in_flight(questions, backend, plan):
    """A caller who breaks out of the loop leaves nothing running, and the listener hears of it."""
    model = backend(delay_s=[0.0] + [30.0] * 9, parallel_asks=3)
    events = []
    outcomes = run(questions(10), plan(model), total=10, on_event=events.append)
    assert next(outcomes).index == 0
    outcomes.close()
    deadline_s = time.monotonic() + PATIENCE_S
    while model._jobs and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not model._jobs
    assert isinstance(events[-1], Finished)
    assert events[-1].stopped_early


def test_no_threads_are_left(questions, backend, plan):
    """A finished run has none of its own."""
    list(run(questions(5), plan(backend()), total=5))
    deadline_s = time.monotonic() + PATIENCE_S
    while (left := [t for t in threading.enumerate() if t.name.startswith("vlmkit-decode")]) and (
        time.monotonic() < deadline_s
    ):
        time.sleep(0.01)
    assert left == []


@pytest.fixture
def store(tmp_path):
    """An open store of its own."""
    with open_store(tmp_path / "s.sqlite") as opened:
        yield opened


def test_an_outcome_comes_once_it_is_safe(questions, backend, plan, store, tmp_path):
    """Whoever saw a row will never have to ask it again: another connection finds it at that moment."""
    model, path = backend(parallel_asks=4), tmp_path / "s.sqlite"
    made = plan(model)
    with open_store(path) as other:
        for outcome in run(questions(20), made, total=20, store=store):
            rows = {row["index"]: row for row in other.rows(1)}
            assert rows[outcome.index]["text"] == f"answer {outcome.index}"
            assert other.reply(rows[outcome.index]["key"]) is not None


def test_a_second_run_asks_only_what_is_missing(questions, backend, plan, store):
    """What failed is among it; the events say what was asked."""
    model = backend(replies=lambda ask: TimedOut("slow") if ask.prompt == "3" else f"answer {ask.prompt}")
    list(run(questions(5, bad={1}), plan(model), total=5, store=store))
    model.asks.clear()
    events = []
    outcomes = list(run(questions(8, bad={1}), plan(model), total=8, store=store, on_event=events.append))
    assert sorted(ask.prompt for ask in model.asks) == ["3", "5", "6", "7"]
    assert [outcome.from_store for outcome in outcomes] == [True, False, True, False, True, False, False, False]
    assert [outcome.values["text"] for outcome in outcomes if outcome.fault is None] == [
        f"answer {i}" for i in (0, 2, 4, 5, 6, 7)
    ]
    assert (events[-1].asked, events[-1].ok, events[-1].failed) == (4, 6, 2)


def test_the_store_knows_how_runs_ended(questions, backend, plan, store):
    """Counts and the way: finished, stopped by closing, stopped by a fault of all rows."""
    model = backend(delay_s=[0.0] * 8 + [30.0], parallel_asks=1)
    list(run(questions(3, bad={1}), plan(model), total=3, store=store))
    stopped = run(iter(questions(30)[3:]), plan(model), total=27, store=store)
    next(stopped)
    stopped.close()
    with pytest.raises(Unauthorized):
        list(run(questions(9, bad={0}), plan(backend(replies=Unauthorized("key"), revision="2")), total=9, store=store))
    first, second, third = store.runs()
    assert (first["ok"], first["failed"], first["cancelled"], first["state"]) == (2, 1, 0, "finished")
    assert (second["ok"] >= 1, second["state"]) == (True, "stopped")
    assert (third["state"], third["failed"] >= 2, third["ok"]) == ("stopped", True, 0)


class FullDisk:
    """A store whose disk is full after so many commits."""

    def __init__(self, store, commits):
        self._record, self._commits = store.record, commits
        self.has_written, self.is_full = threading.Event(), threading.Event()
        store.record = self

    def __call__(self, run_id, rows):
        self._commits -= 1
        if self._commits < 0:
            self.is_full.set()
            raise StoreFault("no space left on the disk; make room")
        self._record(run_id, rows)
        self.has_written.set()


def test_a_store_that_fails_stops_the_run_and_loses_nothing(questions, backend, plan, store):
    """Every row that was answered comes, safe or not; then the fault."""
    disk = FullDisk(store, 1)

    def reply(ask):
        row = int(ask.prompt)
        assert row < 4 or disk.has_written.wait(PATIENCE_S)
        assert row < 8 or disk.is_full.wait(PATIENCE_S)
        return f"answer {row}"

    model = backend(replies=reply, parallel_asks=4)
    outcomes = []
    with pytest.raises(StoreFault, match="make room"):
        keep(run(questions(200), plan(model), total=200, store=store), outcomes)
    assert len(outcomes) == 200
    answered = [outcome for outcome in outcomes if outcome.fault is None]
    assert 1 <= len(answered) < 200
    assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes if outcome.fault)
    stored = {row["index"] for row in store.rows(1) if row["text"]}
    assert stored < {outcome.index for outcome in answered}


def test_a_replay_asks_nobody(questions, backend, plan, store):
    """The same outcomes; a row the store cannot answer is named, after those before it."""
    model = backend(parallel_asks=1)
    list(run(questions(3), plan(model), total=3, store=store))
    target = Target(model="fake:echo", revision="1", longest_side_px=1568, backend=None)
    replay = make_plan([TEXT], [target])
    before = store.runs()
    assert [outcome.values["text"] for outcome in run(questions(3), replay, total=3, store=store)] == [
        f"answer {i}" for i in range(3)
    ]
    outcomes = []
    with pytest.raises(SetupError, match=r"row 3 \(<bytes \d+>\): the store has no answer of fake:echo"):
        keep(run(questions(5), replay, total=5, store=store), outcomes)
    assert [outcome.fault is None for outcome in outcomes] == [True] * 3 + [False] * 2
    assert store.runs() == before


def test_asking_anew_asks_equal_rows_once_all_the_same(questions, backend, plan, store):
    """Stored answers are left aside, those of this run are not; the newest counts from then on."""
    model = backend(replies=[f"answer {i}" for i in range(9)], parallel_asks=1)
    list(run(questions(1), plan(model), total=1, store=store))
    again = list(run(questions(1) * 5, plan(model, reuse="nothing"), total=5, store=store))
    assert {outcome.values["text"] for outcome in again} == {"answer 1"}
    (last,) = run(questions(1), plan(model), total=1, store=store)
    assert (last.values["text"], last.from_store) == ("answer 1", True)


def test_late_answers_with_stand_ins_condemn_no_run(questions, backend, plan):
    """Whoever asked for stand-ins gets one for every row; without, the first rows failing alike end the run."""
    model = backend(delay_s=30, parallel_asks=8)
    outcomes = list(run(questions(9), plan(model, timeout_s=0.02, on_timeout="fallback"), total=9))
    assert all(outcome.values and isinstance(outcome.fault, TimedOut) for outcome in outcomes)
    with pytest.raises(TimedOut):
        list(run(questions(9), plan(model, timeout_s=0.02), total=9))


def test_where_pictures_went_is_logged(questions, backend, plan, caplog):
    """Unless that is this process."""
    with caplog.at_level(logging.INFO):
        list(run(questions(3), plan(backend()), total=3))
        assert caplog.text == ""
        list(run(questions(3), plan(backend(destination="http://example.test")), total=3))
    assert "Pictures of 3 rows went to http://example.test." in caplog.text


def test_memory_does_not_grow_with_the_rows(plan, monkeypatch):
    """Eight times as many need no more, as long as nobody keeps the outcomes."""
    monkeypatch.setattr("vlmkit.runner.deduplication._MOST_REMEMBERED", 100)

    class Instant:
        model, revision, abilities = "fake:instant", "1", Abilities()

        def submit(self, ask):
            future = Future()
            future.set_result(Reply(text=ask.prompt, finish_reason="stop", model=self.model))
            return future

    def peak_bytes(rows):
        asked = (Question(task=TEXT, images=(), prompt=f"{i:0500}") for i in range(rows))
        tracemalloc.start()
        for _ in run(asked, plan(Instant()), total=rows):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(500)  # what is made once
    assert peak_bytes(8_000) < peak_bytes(1_000) + 1_000_000  # each row's prompt alone would be four times as much


FAULTS = {"slow": TimedOut, "broken": ServerFault, "odd": UnreadableReply}
KINDS = ["ok", "ok", "ok", "slow", "broken", "odd", "bad picture", "busy once"]


@hypothesis_settings(max_examples=60)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=6, max_size=6),
    rows=st.lists(st.integers(0, 5), max_size=25),
    earlier=st.lists(st.integers(0, 5), max_size=4),
    delays=st.lists(st.sampled_from([0.0, 0.001, 0.004]), min_size=1, max_size=7),
    workers=st.integers(1, 9),
    stores=st.booleans(),
)
def test_rows_stay_aligned_under_any_pattern(
    kinds, rows, earlier, delays, workers, stores, questions, monkeypatch, tmp_path_factory
):
    """Failures, retries, delays, equal rows, answers of an earlier run, any worker count: each outcome is its row's."""
    monkeypatch.setattr("vlmkit.runner.attempt.ALIKE_LIMIT", 99)  # so that all may fail alike
    settings.use(first_wait_s=0.001)
    tried = set()

    def answer(ask):
        kind = kinds[int(ask.prompt)]
        if kind == "busy once" and ask.prompt not in tried:
            tried.add(ask.prompt)
            return RateLimited("come again", retry_after_s=0.0)
        return f"answer {ask.prompt}" if kind in {"ok", "busy once"} else FAULTS[kind](ask.prompt)

    model = FakeBackend(replies=answer, delay_s=delays, abilities=Abilities(parallel_asks=9))
    plan = make_plan([TEXT], [target_of(model)], workers=workers)
    bad = {i for i, kind in enumerate(kinds) if kind == "bad picture"}
    asked = questions(6, bad=bad)
    with open_store(tmp_path_factory.mktemp("store") / "s.sqlite") if stores else nullcontext() as store:
        list(run([asked[i] for i in earlier], plan, total=len(earlier), store=store))
        answered_before = [ask.prompt for ask in model.asks]
        events = []
        outcomes = list(run([asked[i] for i in rows], plan, total=len(rows), store=store, on_event=events.append))
    model.close()
    assert [outcome.index for outcome in outcomes] == list(range(len(rows)))
    for i, outcome in zip(rows, outcomes, strict=True):
        if kinds[i] in {"ok", "busy once"}:
            assert outcome.values == {"text": f"answer {i}"}
            again = [ask.prompt for ask in model.asks[len(answered_before) :]].count(str(i))
            assert again <= (1 if kinds[i] == "ok" else 2)
            assert not (stores and i in earlier and again)
            assert outcome.from_store or again
        else:
            assert type(outcome.fault) is (UnreadableImage if kinds[i] == "bad picture" else FAULTS[kinds[i]])
            assert kinds[i] == "bad picture" or str(outcome.fault) == str(i)
    assert model.most_in_flight <= workers
    good = sum(kinds[i] in {"ok", "busy once"} for i in rows)
    assert (events[-1].ok, events[-1].failed, events[-1].cancelled) == (good, len(rows) - good, 0)


def test_a_pause_asks_nothing_new_and_burns_nothing(questions, plan, backend):
    """Neither a row whose turn it is nor one that is to be asked again; then both are, in order."""
    paused = threading.Event()
    model = backend([RateLimited("later", retry_after_s=0.2), *["fine"] * 9], parallel_asks=1)
    outcomes, driven = (
        [],
        threading.Thread(
            target=lambda: outcomes.extend(
                run(questions(5), plan(model, workers=1), total=5, on_event=hold, pause=paused.is_set)
            )
        ),
    )

    def hold(event):
        if isinstance(event, Retrying):
            paused.set()

    driven.start()
    assert paused.wait(60)
    busy_s = time.process_time()
    time.sleep(1.0)
    busy_s = time.process_time() - busy_s
    assert len(model.asks) == 1
    assert busy_s < 0.5  # a loop without rest would take all of the second
    paused.clear()
    driven.join(60)
    assert [outcome.index for outcome in outcomes] == list(range(5))
    assert all(outcome.fault is None for outcome in outcomes)
    assert [ask.prompt for ask in model.asks] == ["0", "0", "1", "2", "3", "4"]


@pytest.mark.parametrize("excuse", ["I don't see any image attached.", "I'm sorry, but I can't help with that."])
def test_an_excuse_is_asked_for_again(questions, plan, backend, store, excuse):
    """The store never keeps it as an answer; once the model answers, that is kept."""
    asked = questions(2)
    first = list(run(asked, plan(backend(replies=[excuse, "A cat."])), total=2, store=store))
    assert [isinstance(outcome.fault, Refused) for outcome in first] == [True, False]
    model = backend(replies="A dog.")
    later = list(run(asked, plan(model), total=2, store=store))
    assert [outcome.values["text"] for outcome in later] == ["A dog.", "A cat."]
    assert len(model.asks) == 1
    again = list(run(asked, plan(backend(replies=Unauthorized("key"))), total=2, store=store))
    assert [outcome.values["text"] for outcome in again] == ["A dog.", "A cat."]


def test_an_excuse_that_an_older_store_took_for_an_answer_is_judged_again(questions, plan, backend, store):
    """It is asked for again; where only the store may answer, it is the fault that it is."""
    asked = questions(1)
    (prepared,) = [Preparer(plan(), store).prepare(question, 0) for question in asked]
    reply = Reply(text="No puedo ver la imagen.", finish_reason="stop", model="fake:echo")
    kept = RowRecord(index=0, label="a", prompt="0", key=prepared.key, pictures=prepared.pictures, reply=reply)
    store.record(store.begin(RunRecord(model="fake:echo", total=1)), [kept])
    replay = make_plan([TEXT], [replace(target_of(backend()), backend=None)])
    (old,) = run(asked, replay, total=1, store=store)
    assert isinstance(old.fault, PictureNotSeen)
    (new,) = run(asked, plan(backend(replies="A cat.")), total=1, store=store)
    assert (new.values, new.from_store) == ({"text": "A cat."}, False)


def test_a_model_that_sees_no_picture_ends_the_run(questions, plan, backend):
    """The first rows say it all; the rest is not spent."""
    model = backend(replies="It seems that no image was provided. Please upload it.", parallel_asks=2)
    with pytest.raises(PictureNotSeen, match="saw no picture"):
        list(run(questions(100), plan(model), total=100))
    assert len(model.asks) < 20


@pytest.mark.parametrize("in_memory", [True, False], ids=["pictures in memory", "files"])
def test_a_run_that_was_stopped_shows_what_the_store_holds(questions, backend, plan, photo, tmp_path, in_memory):
    """Also of rows that had no turn, and without a question more; what nobody answered is left."""
    (tmp_path / "a.jpg").write_bytes(photo)
    asked = questions(600)
    if not in_memory:
        asked = [replace(question, images=(refer(tmp_path / "a.jpg"),)) for question in asked]
        while stamp(asked[0].images[0]) is None:  # a file is known by its stamp only once it is two seconds old
            time.sleep(0.1)
    with open_store(tmp_path / "s.sqlite") as store:
        list(run(asked[:500], plan(backend()), total=500, store=store))
        model = backend()
        outcomes = list(run(asked, plan(model), total=600, store=store, stop=lambda: True))
        assert [outcome.index for outcome in outcomes] == list(range(600))
        assert [outcome.values["text"] for outcome in outcomes[:500]] == [f"answer {n}" for n in range(500)]
        assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes[500:])
        assert model.asks == []
        last = store.runs()[-1]
        assert (last["from_store"], last["cancelled"], last["state"]) == (500, 100, "stopped")
