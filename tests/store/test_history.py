"""Looking back: how each run ended, and what each row was sent."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from store_rows import digest, make_key, make_reply, make_row, make_run

from vlmkit.errors import StoreFault
from vlmkit.store import history, open_store

FAILED = {"reply": None, "error": "TimedOut: no answer within 5 s."}
CANCELLED = {"reply": None, "key": None, "pictures": (), "error": "Cancelled: stopped before its turn."}


def test_a_run_that_ended_has_its_counts(store):
    """Total is the sum of ok, failed and cancelled; rows that had no turn are cancelled, too."""
    run = store.begin(make_run(total=6))
    ended = [make_row(0), make_row(1, from_store=True), make_row(2, **FAILED), make_row(3, **CANCELLED)]
    store.record(run, [*ended, make_row(4, key=make_key(0), reply=make_reply(0), is_duplicate=True)])
    store.end(run, seconds=1.5, stopped_early=True)
    (found,) = store.runs()
    counts = {name: found[name] for name in ("total", "ok", "failed", "cancelled", "from_store", "duplicates")}
    assert counts == {"total": 6, "ok": 3, "failed": 1, "cancelled": 2, "from_store": 1, "duplicates": 1}
    assert (found["run"], found["seconds"], found["state"]) == (run, 1.5, "stopped")
    assert abs(datetime.now(UTC) - found["started_at"]) < timedelta(minutes=5)


def test_states(path):
    """Finished, stopped early, still running; and died, where nobody came to say how it ended."""
    code = (
        "import os, sys; from vlmkit.store import RunRecord, open_store; store = open_store(sys.argv[1])\n"
        "store.begin(RunRecord(model='m', total=3)); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=False, timeout=60)
    with open_store(path) as store:
        for stopped_early in (False, True):
            store.end(store.begin(make_run(total=0)), seconds=1.0, stopped_early=stopped_early)
        store.begin(make_run())
        assert [run["state"] for run in store.runs()] == ["died", "finished", "stopped", "running"]
        assert store.runs()[0]["seconds"] is None


def test_a_run_that_died_still_has_its_counts(store):
    """They are counted from its rows."""
    equal = make_row(2, key=make_key(0), reply=make_reply(0), is_duplicate=True)
    store.record(store.begin(make_run(total=5)), [make_row(0), make_row(1, **FAILED), equal])
    (found,) = store.runs()
    assert (found["from_store"], found["duplicates"]) == (0, 1)
    assert (found["ok"], found["failed"], found["cancelled"]) == (2, 1, 2)


def test_a_run_of_another_computer_is_not_believed_to_live(store, monkeypatch):
    """Process numbers mean something on one machine only."""
    store.begin(make_run())
    monkeypatch.setattr(history.platform, "node", lambda: "elsewhere")
    assert store.runs()[0]["state"] == "died"


def test_a_process_that_may_not_be_asked_is_alive():
    """The first process belongs to somebody else, and lives."""
    if os.name == "nt":
        pytest.skip("other processes are not asked there")
    assert history._is_alive(history.platform.node(), 1)


def test_a_row_can_be_traced_to_what_was_sent(store):
    """Key, prompt, pictures as sent, answer and its cost."""
    store.record(store.begin(make_run()), [make_row(0)])
    assert store.rows(1) == [
        {
            "index": 0,
            "label": "pictures/0.jpg",
            "key": make_key(0),
            "prompt": "What is this?",
            "pictures": [{"digest": digest("picture 0"), "media_type": "image/jpeg", "width": 64, "height": 48}],
            "text": "Answer 0.",
            "finish_reason": "stop",
            "model": "mlx:tiny",
            "revision": "r1",
            "prompt_tokens": 80,
            "completion_tokens": 9,
            "answer_seconds": 0.25,
            "error": None,
            "seconds": 0.5,
            "from_store": False,
            "is_duplicate": False,
        }
    ]


def test_a_row_that_was_never_sent_has_its_prompt_and_error(store):
    """An unreadable picture: no key, no pictures, no answer."""
    error = "UnreadableImage: pictures/\udcff.jpg: not a picture."
    row = make_row(0, key=None, pictures=(), reply=None, error=error, label="pictures/\udcff.jpg")
    store.record(store.begin(make_run()), [row])
    (found,) = store.rows(1)
    assert (found["label"], found["error"], found["prompt"]) == (row.label, error, "What is this?")
    assert (found["key"], found["pictures"], found["text"], found["model"]) == (None, [], None, None)


def test_an_unreadable_answer_is_shown_with_its_error(store):
    """Both what was said and why it could not be read."""
    store.record(store.begin(make_run()), [make_row(0, error="UnreadableReply: no number in it.")])
    (found,) = store.rows(1)
    assert (found["text"], found["error"]) == (make_reply(0).text, "UnreadableReply: no number in it.")


def test_rows_come_in_input_order(store):
    """However they ended."""
    run = store.begin(make_run())
    store.record(run, [make_row(2), make_row(0)])
    store.record(run, [make_row(1)])
    assert [row["index"] for row in store.rows(run)] == [0, 1, 2]


def test_a_run_that_is_not_there(store):
    """Said, with where to look."""
    with pytest.raises(StoreFault, match=r"it has no run 7. vk.runs\(\) lists those it has"):
        store.rows(7)
