"""Runs that ask the same at the same time pay once: real processes, really killed, and threads of one process."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress

import pytest
from PIL import Image

from vlmkit.errors import Cancelled, ServerFault, StoreFault
from vlmkit.prompts import compose_description
from vlmkit.runner import Question, Waiting, run, sharing
from vlmkit.sources import refer
from vlmkit.store import Claims, open_store

WAIT_S = 120
needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill as hard")


@pytest.fixture
def pictures(tmp_path):
    """Make n different picture files."""

    def make(n):
        folder = tmp_path / "pictures"
        folder.mkdir()
        for index in range(n):
            Image.new("RGB", (16 + index, 16), (index * 3 % 256, 90, 40)).save(folder / f"{index:03}.png")
        return sorted(folder.iterdir())

    return make


@pytest.fixture
def store(tmp_path):
    """An open store of its own."""
    with open_store(tmp_path / "s.sqlite") as opened:
        yield opened


@pytest.fixture
def asking(tmp_path, request):
    """Start processes that ask about pictures with one store; gives the process."""
    started = []

    def start(paths, *, delay_s=0.05, workers=8):
        script = request.config.rootpath / "tests" / "support" / "shared_asking.py"
        files = [tmp_path / "s.sqlite", tmp_path / "log"]
        command = [sys.executable, script, *files, delay_s, workers, *paths]
        started.append(subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def told(process):
    out, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    return json.loads(out)


def asks(tmp_path):
    """Who asked what: (process, digest), in order."""
    log = tmp_path / "log"
    return [tuple(line.split()) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.parametrize(
    ("processes", "rows"), [(3, 40), pytest.param(5, 80, marks=pytest.mark.slow_test)], ids=["3 of 40", "5 of 80"]
)
def test_processes_that_ask_the_same_pay_once(asking, pictures, tmp_path, processes, rows):
    """In opposite orders, too; every table is whole."""
    paths = pictures(rows)
    running = [asking(paths if number % 2 else paths[::-1]) for number in range(processes)]
    found = [told(process)["texts"] for process in running]
    assert all(None not in texts for texts in found)
    assert found[0][::-1] == found[1]
    assert found[0] == found[2]
    asked = Counter(digest for _, digest in asks(tmp_path))
    assert len(asked) == rows
    assert set(asked.values()) == {1}


@needs_sigkill
@pytest.mark.parametrize(
    ("rounds", "processes", "rows"),
    [(1, 3, 40), pytest.param(25, 5, 80, marks=pytest.mark.slow_test)],
    ids=["once", "25 times"],
)
def test_what_killed_processes_had_claimed_is_asked_by_others(asking, pictures, tmp_path, rounds, processes, rows):
    """At once, and once; nothing that the dead had stored is asked again."""
    chance, paths = random.Random(rounds), pictures(rows)
    for _ in range(rounds):
        for file in (*tmp_path.glob("s.sqlite*"), *tmp_path.glob("log")):
            file.unlink()
        running = [asking(paths if number % 2 else paths[::-1]) for number in range(processes)]
        victims = running[: chance.randint(1, processes - 1)]
        wanted = chance.randint(1, rows // 2)
        deadline_s = time.monotonic() + WAIT_S
        while len(asks(tmp_path)) < wanted:
            assert time.monotonic() < deadline_s
            time.sleep(0.002)
        for victim in victims:
            victim.kill()
        found = [told(process)["texts"] for process in running[len(victims) :]]
        assert all(None not in texts for texts in found)
        with suppress(OSError):
            for victim in victims:
                victim.wait()
        dead = {str(victim.pid) for victim in victims}
        by_living = Counter(digest for process, digest in asks(tmp_path) if process not in dead)
        assert set(by_living.values()) <= {1}
        with open_store(tmp_path / "s.sqlite") as store:
            runs = store.runs()
            kept = {
                row["pictures"][0]["digest"]
                for each in runs
                if each["state"] == "died"
                for row in store.rows(each["run"])
                if row["text"] and not row["from_store"]
            }
        assert not kept & by_living.keys()
        assert kept | by_living.keys() == {text.removeprefix("it is ") for text in found[0]}


class Gate:
    """A script whose answers come as they are let through."""

    def __init__(self, answer=lambda ask: f"answer {ask.prompt}"):
        self._passes, self._answer = threading.Semaphore(0), answer

    def __call__(self, ask):
        assert self._passes.acquire(timeout=WAIT_S)
        return self._answer(ask)

    def let(self, answers):
        for _ in range(answers):
            self._passes.release()


class Going:
    """A run that goes on in a thread of its own."""

    def __init__(self, questions, plan, store, **options):
        self.events, self.outcomes, self.stopped, self.paused = [], [], threading.Event(), threading.Event()
        self._run = run(
            questions,
            plan,
            total=len(questions),
            store=store,
            on_event=self.events.append,
            stop=self.stopped.is_set,
            pause=self.paused.is_set,
        )
        self._thread = threading.Thread(target=lambda: self.outcomes.extend(self._run))
        self._thread.start()

    def end(self):
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        return [outcome.values and outcome.values["text"] for outcome in self.outcomes]

    @property
    def waiting(self):
        return [event.rows for event in self.events if isinstance(event, Waiting)]


def eventually(is_true):
    deadline_s = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


def test_a_run_waits_for_another_and_says_so(questions, backend, plan, store):
    """In the meantime it asks what nobody asks; what it waited for comes from the store."""
    gate = Gate()
    slow, quick = backend(gate, parallel_asks=2), backend()
    first = Going(questions(2), plan(slow), store)
    eventually(lambda: len(slow.asks) == 2)
    second = Going(questions(5), plan(quick), store)
    eventually(lambda: sum(type(event).__name__ == "Done" for event in second.events) == 3)
    eventually(lambda: second.waiting[-1:] == [2])
    assert "2 row(s) wait for the answers that another run (process " in str(
        next(event for event in second.events if isinstance(event, Waiting) and event.rows == 2)
    )
    gate.let(2)
    assert first.end() == ["answer 0", "answer 1"]
    assert second.end() == [f"answer {n}" for n in range(5)]
    assert [outcome.from_store for outcome in second.outcomes] == [True, True, False, False, False]
    assert len(quick.asks) == 3
    assert second.waiting[-1] == 0


def test_runs_in_opposite_orders_do_not_hold_each_other_up(questions, backend, plan, store):
    """One row after another each; together they ask every row once."""
    models = [backend(delay_s=0.01, parallel_asks=1) for _ in range(2)]
    asked = questions(24)
    going = [
        Going(order, plan(model, workers=1), store) for order, model in zip((asked, asked[::-1]), models, strict=True)
    ]
    texts = [each.end() for each in going]
    assert texts[0] == texts[1][::-1] == [f"answer {n}" for n in range(24)]
    assert sum(len(model.asks) for model in models) == 24


def test_a_fault_of_who_asks_lets_another_ask(questions, backend, plan, store):
    """The fault stays where it was."""
    broken = Gate(lambda _ask: ServerFault("broken", is_transient=False))
    first_model, second_model = backend(broken, parallel_asks=1), backend()
    first = Going(questions(1), plan(first_model, max_retries=0), store)
    eventually(lambda: len(first_model.asks) == 1)
    second = Going(questions(1), plan(second_model), store)
    eventually(lambda: second.waiting[-1:] == [1])
    broken.let(1)
    assert first.end() == [None]
    assert second.end() == ["answer 0"]
    assert len(second_model.asks) == 1


def test_stopping_does_not_wait_for_another_run(questions, backend, plan, store):
    """Rows that waited say so."""
    gate = Gate()
    slow = backend(gate, parallel_asks=2)
    first = Going(questions(2), plan(slow), store)
    eventually(lambda: len(slow.asks) == 2)
    second = Going(questions(2), plan(backend()), store)
    eventually(lambda: second.waiting[-1:] == [2])
    second.stopped.set()
    assert second.end() == [None, None]
    assert all(isinstance(outcome.fault, Cancelled) for outcome in second.outcomes)
    assert "another run was asking it" in str(second.outcomes[0].fault)
    gate.let(2)
    assert first.end() == ["answer 0", "answer 1"]


def test_a_deadline_holds_for_waiting_too(questions, backend, plan, store):
    """After some deadlines of its own a row is asked all the same, and both keep their answers."""
    gate = Gate(lambda _ask: "late")
    slow, quick = backend(gate, parallel_asks=1), backend()
    first = Going(questions(1), plan(slow), store)
    eventually(lambda: len(slow.asks) == 1)
    second = Going(questions(1), plan(quick, timeout_s=1), store)
    assert second.end() == ["answer 0"]
    gate.let(1)
    assert first.end() == ["late"]


def test_a_run_that_pauses_gives_back_what_it_has_not_asked(questions, backend, plan, store):
    """What is in flight it keeps."""
    gate = Gate()
    slow, quick = backend(gate, parallel_asks=1), backend()
    first = Going(questions(4), plan(slow, workers=1), store)
    eventually(lambda: len(slow.asks) == 1)
    first.paused.set()
    second = Going(questions(4), plan(quick), store)
    eventually(lambda: len(quick.asks) == 3)
    gate.let(1)
    assert second.end() == [f"answer {n}" for n in range(4)]
    first.paused.clear()
    gate.let(9)
    assert first.end() == [f"answer {n}" for n in range(4)]
    assert (len(slow.asks), len(quick.asks)) == (1, 3)


def test_a_lease_that_nobody_renews_runs_out(questions, backend, plan, store, monkeypatch):
    """By the clock of the one who waits; whoever held it may come back, and loses nothing."""
    monkeypatch.setattr(sharing, "LEASE_S", 0.5)
    gate = Gate()
    slow, quick = backend(gate, parallel_asks=1), backend()
    first = Going(questions(1), plan(slow), store)
    eventually(lambda: len(slow.asks) == 1)
    monkeypatch.setattr(Claims, "beat", lambda _self, _keys: True)  # the first hangs, as a stopped process would
    second = Going(questions(1), plan(quick), store)
    assert second.end() == ["answer 0"]
    gate.let(1)
    assert first.end() == ["answer 0"]


def test_equal_rows_wait_with_the_one_that_waits(photo, backend, plan, store):
    """And are asked with it, should it come to that."""
    task = compose_description("?", into="text")
    gate = Gate()
    slow, quick = backend(gate, parallel_asks=1), backend()
    same = [Question(task=task, images=(refer(photo),), prompt="0") for _ in range(4)]
    first = Going(same[:1], plan(slow), store)
    eventually(lambda: len(slow.asks) == 1)
    second = Going(same, plan(quick), store)
    eventually(lambda: second.waiting[-1:] == [1])
    first.stopped.set()
    first.end()
    assert second.end() == ["answer 0"] * 4
    assert len(quick.asks) == 1
    gate.let(1)


def test_a_picture_that_changes_meanwhile_gets_no_equal_rows_answer(backend, plan, store, tmp_path):
    """Those that were equal to it before are asked by themselves."""
    task = compose_description("?", into="text")
    files = [tmp_path / f"{name}.png" for name in "ab"]
    for file in files:
        Image.new("RGB", (20, 20), "teal").save(file)
    asked = [Question(task=task, images=(refer(file),), prompt="0") for file in files]
    gate = Gate()
    slow, quick = backend(gate, parallel_asks=1), backend(lambda ask: f"{ask.pictures[0].width} wide")
    first = Going(asked[:1], plan(slow), store)
    eventually(lambda: len(slow.asks) == 1)
    second = Going(asked, plan(quick), store)
    eventually(lambda: second.waiting[-1:] == [1])
    Image.new("RGB", (33, 20), "teal").save(files[0])
    first.stopped.set()
    first.end()
    assert second.end() == ["33 wide", "20 wide"]
    gate.let(1)


def test_what_is_asked_anew_on_purpose_is_not_shared(questions, backend, plan, store):
    """Both runs want answers of their own."""
    models = [backend(delay_s=0.05, parallel_asks=4) for _ in range(2)]
    going = [Going(questions(4), plan(model, reuse="nothing"), store) for model in models]
    assert [each.end() for each in going] == [[f"answer {n}" for n in range(4)]] * 2
    assert [len(model.asks) for model in models] == [4, 4]


def test_a_store_that_fails_at_this_keeps_nobody_from_asking(questions, backend, plan, store, monkeypatch, caplog):
    """Said once."""

    def fail(*_):
        raise StoreFault("its disk failed")

    monkeypatch.setattr(Claims, "begin", fail)
    model = backend()
    assert Going(questions(20), plan(model), store).end() == [f"answer {n}" for n in range(20)]
    assert caplog.text.count("may be asked twice: its disk failed") == 1


def test_a_run_that_is_alone_writes_no_claims(questions, backend, plan, store, monkeypatch):
    """They would cost as much as everything else that is stored."""
    monkeypatch.setattr(Claims, "take", lambda *_, **__: pytest.fail("claimed"))
    going = Going(questions(50), plan(backend()), store)
    assert None not in going.end()
