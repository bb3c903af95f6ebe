"""Rows are written in groups, from a thread of its own, and handed out once they are safe."""

import threading
from contextlib import contextmanager

import pytest

from vlmkit.errors import Cancelled, StoreFault
from vlmkit.prompts import compose_question
from vlmkit.records import Outcome, Reply
from vlmkit.runner.result_writer import Endings, ResultWriter, run_record
from vlmkit.runner.rows import Row
from vlmkit.store import RowRecord, RunRecord, open_store


@pytest.fixture
def store(tmp_path):
    """An open store of its own."""
    with open_store(tmp_path / "s.sqlite") as opened:
        yield opened


def entry(index):
    reply = Reply(text=f"answer {index}", finish_reason="stop", model="fake:x")
    record = RowRecord(index=index, label=str(index), prompt="?", key=f"{index:032x}", reply=reply)
    return record, Outcome(index=index, reply=reply)


class Gate:
    """Holds a store's writing thread at the first group until it is opened, and can make it fail."""

    def __init__(self, store, fault=None):
        self.groups, self.opened, self.reached, self._fault = [], threading.Event(), threading.Event(), fault
        self._record, store.record = store.record, self

    def __call__(self, run_id, rows):
        self.groups.append(len(rows))
        self.reached.set()
        self.opened.wait(20)
        if self._fault:
            raise self._fault
        self._record(run_id, rows)


@contextmanager
def ledger_of(store):
    heard, run = [], RunRecord(model="fake:x", total=9)
    writer = ResultWriter(store, run, lambda entries, fault: heard.append(([each.index for _, each in entries], fault)))
    yield writer, heard
    writer.close()


def test_what_comes_while_the_disk_is_busy_makes_up_the_next_group(store):
    """One commit for all of it; each outcome is told of only after its commit."""
    gate = Gate(store)
    with ledger_of(store) as (writer, heard):
        writer.put(*entry(0))
        assert gate.reached.wait(20)
        for index in range(1, 6):
            writer.put(*entry(index))
        assert heard == []
        gate.opened.set()
        writer.end(seconds=1.0, stopped_early=False)
    assert gate.groups == [1, 5]
    assert heard == [([0], None), ([1, 2, 3, 4, 5], None)]
    assert [store.reply(f"{index:032x}").text for index in range(6)] == [f"answer {index}" for index in range(6)]
    (run,) = store.runs()
    assert (run["ok"], run["state"], run["seconds"]) == (6, "finished", 1.0)


@pytest.mark.parametrize("error", [StoreFault("the disk is full"), MemoryError("none left")])
def test_after_a_fault_rows_come_back_unwritten(store, error):
    """With the fault, each of them, and the run ends as one that died or as it can."""
    gate = Gate(store, error)
    gate.opened.set()
    with ledger_of(store) as (writer, heard):
        writer.put(*entry(0))
        writer.close()
        writer.close()
    ((indices, fault),) = heard
    assert indices == [0]
    assert isinstance(fault, StoreFault)
    assert str(error) in str(fault)
    assert store.reply(f"{0:032x}") is None


def test_only_one_fault_is_waited_for(store):
    """What was in line behind the first one is not tried again."""
    gate = Gate(store, StoreFault("the disk is full"))
    with ledger_of(store) as (writer, heard):
        writer.put(*entry(0))
        assert gate.reached.wait(20)
        writer.put(*entry(1))
        gate.opened.set()
    assert gate.groups == [1]
    assert [indices for indices, _ in heard] == [[0], [1]]
    assert all(isinstance(fault, StoreFault) for _, fault in heard)


def test_what_is_noted_about_a_run(plan, backend):
    """Who was asked what, how, and where that is."""
    task = compose_question("How many {thing}s {{x}}?", choices=["1", "2"], system="Be short.", into="n")
    record = run_record(plan(backend(destination="http://example.test"), task), 7)
    assert (record.model, record.revision, record.destination) == ("fake:echo", "1", "http://example.test")
    assert record.prompt.startswith("How many {thing}s {{x}}? Answer with one of")
    assert (record.system, record.task, record.total) == ("Be short.", "n: 1 | 2", 7)
    assert record.sampling["max_tokens"] == 256
    assert record.workers == "auto"
    assert run_record(plan(backend(), compose_question("?", dtype=float, into="x"), workers=2), 1).task == "x: float"


class HeldWriter:
    """Keeps what is handed in until it is said to be written."""

    def __init__(self):
        self.entries = []

    def put(self, record, outcome):
        self.entries.append((record, outcome))


def test_an_outcome_waits_for_the_store(questions):
    """But for one that was cancelled, of which the store does not hear."""
    writer, rows = HeldWriter(), [Row(index, question) for index, question in enumerate(questions(2))]
    endings = Endings(writer)
    first, second = Outcome(index=0), Outcome(index=1, fault=Cancelled("stopped"))
    endings.put(rows[0], first)
    assert (len(endings), endings.is_ready, list(endings.take())) == (1, False, [])
    endings.put(rows[1], second)
    assert (len(endings), list(endings.take())) == (2, [second])
    endings.take_written(writer.entries)
    assert (len(endings), list(endings.take()), len(endings)) == (1, [first], 0)


def test_without_a_store_nothing_waits(questions):
    """It is out at once."""
    endings, outcome = Endings(None), Outcome(index=0)
    endings.put(Row(0, questions(1)[0]), outcome)
    assert list(endings.take()) == [outcome]
