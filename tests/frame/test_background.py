"""Runs in the background: at once back, stopped and held, nothing lost, two at a time."""

import asyncio
import threading
import time
from contextlib import suppress

import pandas as pd
import pytest

from vlmkit import frame as vk
from vlmkit.backends import shared
from vlmkit.errors import BadSetting, ServerFault, SetupError, Unauthorized, UnknownModel
from vlmkit.store import open_store
from vlmkit.tiny import scenes

WAIT_S = 60


def begin(table, model, **options):
    return vk.caption(table, model=model, background=True, **options)


def eventually(is_true):
    """Wait for something that another thread does."""
    deadline_s = time.monotonic() + WAIT_S
    while not is_true():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


class Gate:
    """A script whose answers come as they are let through."""

    def __init__(self):
        self._passes = threading.Semaphore(0)

    def __call__(self, ask):
        assert self._passes.acquire(timeout=WAIT_S)
        return f"{ask.pictures[0].width - 10}"

    def let(self, answers):
        for _ in range(answers):
            self._passes.release()


@pytest.fixture
def gate():
    """Everybody left behind may pass at the end."""
    made = Gate()
    yield made
    made.let(1000)


def test_the_table_fills_while_the_caller_goes_on(photos, backend, gate):
    """The call returns before any answer; each look at the frame is a table of its own."""
    table = pd.DataFrame({"path": photos(6)}, index=list("abcdef"))
    run = begin(table, backend(gate, parallel_asks=1))
    first = run.frame
    assert first["caption"].isna().all()
    assert (run.done, run.state) == (False, "running")
    gate.let(3)
    eventually(lambda: run.progress.done == 3)
    eventually(lambda: run.frame["caption"].notna().sum() == 3)
    assert first["caption"].isna().all()
    assert table.columns.tolist() == ["path"]
    gate.let(3)
    result = run.wait(WAIT_S)
    assert result["caption"].tolist() == list("012345")
    assert result.index.tolist() == list("abcdef")
    assert (run.done, run.state, run.error) == (True, "done", None)
    assert (run.progress.done, run.progress.total, run.progress.is_finished) == (6, 6, True)


def test_it_is_what_the_call_would_have_given(photos, backend):
    """Tables and series alike, faults included."""
    paths = photos(5, bad=[2])
    table = pd.DataFrame({"path": paths})
    pd.testing.assert_frame_equal(begin(table, backend()).wait(), vk.caption(table, model=backend()))
    series = begin(pd.Series(paths, index=list("vwxyz")), backend()).wait()
    assert series.notna().tolist() == [True, True, False, True, True]


def test_stop_keeps_what_is_done(photos, backend, gate):
    """The rest says that it was not asked; stopping twice, and after the end, is fine."""
    run = begin(photos(8), backend(gate, parallel_asks=2))
    gate.let(3)
    eventually(lambda: run.progress.done == 3)
    run.stop()
    run.stop()
    result = run.wait(WAIT_S)
    assert result["caption"].notna().sum() == 3
    assert result["caption_error"].str.startswith("Cancelled").sum() == 5
    assert run.state == "stopped"
    assert run.error is None
    run.stop()
    pd.testing.assert_frame_equal(run.frame, result)


def test_pausing_asks_nothing_new(photos, backend, gate):
    """What was in flight goes on; resuming asks the rest."""
    model = backend(gate, parallel_asks=2)
    run = begin(photos(8), model, workers=2)
    eventually(lambda: len(model.asks) == 2)
    run.pause()
    assert run.state == "paused"
    time.sleep(0.3)  # the run looks at least every 0.1 s
    gate.let(2)
    eventually(lambda: run.progress.done == 2)
    time.sleep(0.3)
    assert len(model.asks) == 2
    run.resume()
    gate.let(6)
    assert run.wait(WAIT_S)["caption"].notna().all()


def test_a_paused_run_can_be_stopped(photos, backend, gate):
    """Without resuming it first."""
    run = begin(photos(4), backend(gate, parallel_asks=1))
    run.pause()
    run.stop()
    assert run.wait(WAIT_S)["caption"].isna().any()
    assert run.done


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"model": "no-such-engine:x"}, UnknownModel),
        ({"model": None}, SetupError),
        ({"progress": 3}, BadSetting),
        ({"into": "path"}, SetupError),
        ({"background": "yes"}, BadSetting),
    ],
)
def test_a_wrong_call_raises_at_the_call(photos, backend, options, error):
    """Not later, in a thread where nobody hears it."""
    with pytest.raises(error):
        vk.caption(pd.DataFrame({"path": photos(2)}), **({"model": backend(), "background": True} | options))


def test_a_fault_of_the_run_is_raised_to_whoever_waits(photos, backend):
    """With the table so far; the frame can be read all the same."""
    run = begin(photos(8), backend(Unauthorized("key refused")))
    with pytest.raises(Unauthorized) as caught:
        run.wait(WAIT_S)
    assert run.state == "failed"
    assert run.error is caught.value
    pd.testing.assert_frame_equal(caught.value.partial, run.frame)
    with pytest.raises(Unauthorized):
        asyncio.run(_awaited(run))


async def _awaited(run):
    return await run


def test_waiting_can_end_before_the_run(photos, backend, gate):
    """Then it gives the table as it is."""
    run = begin(photos(3), backend(gate, parallel_asks=1))
    assert run.wait(0.05)["caption"].isna().all()
    assert not run.done
    gate.let(3)
    assert asyncio.run(_awaited(run))["caption"].notna().all()


def test_who_gives_up_waiting_stops_the_run(photos, backend, gate):
    """As the notebook's interrupt does: to an awaiting cell it comes as a cancellation."""
    run = begin(photos(4), backend(gate, parallel_asks=1))
    gate.let(1)
    eventually(lambda: run.progress.done == 1)

    async def cancelled():
        task = asyncio.ensure_future(_awaited(run))
        await asyncio.sleep(0.1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(cancelled())
    assert run.done
    assert run.frame["caption"].notna().sum() == 1


def test_progress_counts_faults_by_type(photos, backend):
    """With an example of each, and what was answered last."""
    model = backend([ServerFault("broke"), "a cat", ServerFault("broke again"), "a dog"], parallel_asks=1)
    run = begin(photos(5, bad=[4]), model, workers=1)
    run.wait(WAIT_S)
    now = run.progress
    assert (now.total, now.done, now.failed, now.from_store) == (5, 2, 3, 0)
    assert [(group.type, group.count) for group in now.errors] == [("ServerFault", 2), ("UnreadableImage", 1)]
    assert "broke" in now.errors[0].example
    assert (now.last_image, now.last_text) == ("photos/img3.png", "a dog")


@pytest.mark.core_model
def test_two_runs_share_one_model(tmp_path):
    """At the same time, each with its own answers; the second reads nothing of the first's table."""
    table = pd.DataFrame({"image": [scenes.make(seed).draw() for seed in range(4)]})
    shared.close_shared()
    captions = begin(table, "tiny")
    counts = vk.ask(table, "How many objects are there?", dtype=int, model="tiny", background=True)
    assert shared.loaded_models() == {"mlx:tiny"}
    assert counts.wait(WAIT_S)["answer"].tolist() == [len(scenes.make(seed).things) for seed in range(4)]
    assert captions.wait(WAIT_S)["caption"].notna().all()


@pytest.mark.core_model
def test_the_end_of_the_interpreter_ends_the_run(fresh_python, tmp_path):
    """Cleanly, with whatever was answered in the store."""
    code = """
import sys, time, pandas as pd, vlmkit as vk
from vlmkit.tiny import scenes
table = pd.DataFrame({"image": [scenes.make(seed).draw() for seed in range(200)]})
run = vk.describe(table, model="tiny", store=sys.argv[1], background=True)
while run.progress.done < 20:
    time.sleep(0.01)
print(run.progress.done)
"""
    path = tmp_path / "answers.db"
    done = fresh_python(code, str(path))
    assert done.stderr == ""
    with open_store(path, writable=False) as store:
        (run,) = store.runs()
    assert run["ok"] >= int(done.stdout) >= 20
    assert (run["state"], run["failed"]) == ("stopped", 0)


def test_a_run_with_nothing_to_ask_is_done_at_once(photos, backend):
    """All cells were filled already."""
    table = vk.caption(pd.DataFrame({"path": photos(2)}), model=backend())
    run = begin(table, backend(ServerFault("asked")), overwrite="missing")
    pd.testing.assert_frame_equal(run.wait(WAIT_S), table)
    assert (run.state, run.progress.total, run.progress.is_finished) == ("done", 0, True)
