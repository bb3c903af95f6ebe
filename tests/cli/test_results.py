"""Records are counted as they pass, and an early end keeps them."""

import signal

from vlmkit.cli.results import FIELDS, Results
from vlmkit.errors import ServerFault


def record(**values):
    return dict.fromkeys(FIELDS) | {"path": "a.png", "description": "A star."} | values


def test_counts_and_facts():
    """Every row is ok or failed; what is known of the run as a whole is added."""
    rows = [record(from_store=True), record(error="Refused: no")]
    results = Results(iterate(rows), total=2, model="fake:x", facts=lambda: {"workers": 4})
    assert [row["error"] for row in results] == [None, "Refused: no"]
    summary = results.summary()
    assert summary.pop("seconds") >= 0
    assert summary == {
        "total": 2,
        "ok": 1,
        "failed": 1,
        "cancelled": 0,
        "from_store": 1,
        "stopped_early": False,
        "model": "fake:x",
        "model_revision": None,
        "workers": 4,
    }


def test_the_model_of_the_run_is_the_one_that_answered_most():
    """By its full name and revision; a fallback may have answered some."""
    answers = [("fake:b", None), ("fake:a", "1"), ("fake:a", "1"), (None, None), (None, None), (None, None)]
    rows = [record(model=model, model_revision=revision) for model, revision in answers]
    results = Results(iterate(rows), total=6, model="fake:/a/path")
    list(results)
    assert (results.summary()["model"], results.summary()["model_revision"]) == ("fake:a", "1")


def iterate(rows):
    yield from rows


def stopped_by(error):
    yield record()
    raise error


def test_an_interrupt_keeps_what_came_before():
    """Ctrl-C ends the records; those not reached are cancelled, and the sum is right."""
    results = Results(stopped_by(KeyboardInterrupt()), total=5)
    assert len(list(results)) == 1
    assert results.interrupted
    assert (results.summary()["cancelled"], results.summary()["stopped_early"]) == (4, True)


def test_a_fault_of_the_run_keeps_what_came_before():
    """An error that ends the run is kept beside the rows that worked."""
    fault = ServerFault("gone")
    results = Results(stopped_by(fault), total=5)
    assert len(list(results)) == 1
    assert results.fault is fault
    assert not results.interrupted


def test_an_interrupt_between_rows_ends_the_run():
    """While a row is being written the signal waits; then the run ends, and its source is closed."""
    closed = []

    def endless():
        try:
            while True:
                yield record()
        finally:
            closed.append(True)

    results = Results(endless(), total=9)
    for _ in results:
        signal.raise_signal(signal.SIGINT)
    assert results.interrupted
    assert closed == [True]
    assert (results.ok, results.summary()["cancelled"]) == (1, 8)
