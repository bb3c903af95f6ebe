"""From rows and a task to columns: interrupts, faults, warnings, alignment."""

import asyncio
import sqlite3
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jupyter_client import KernelManager

from vlmkit import frame as vk
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import ServerFault, SetupError, StoreFault, TimedOut, Unauthorized, UnknownModel, UnreadableReply
from vlmkit.frame.columns import Columns
from vlmkit.prompts import style_prompt
from vlmkit.runner import Done
from vlmkit.store import Store


def interrupting(index):
    """A listener that presses Ctrl-C when row `index` is done."""

    def listener(event):
        if isinstance(event, Done) and event.index == index and event.fault is None:
            raise KeyboardInterrupt

    return listener


def keep(records, kept):
    """Append as they come, so that a raise at the end loses none."""
    for record in records:
        kept.append(record)


def test_an_interrupt_keeps_the_finished_rows(photos, backend):
    """They hang on the exception; the rest says that it was stopped, and how to go on."""
    frame = pd.DataFrame({"path": photos(8)}, index=list("aabbccdd"))
    model = backend(delay_s=[0.0, 0.0, 0.0] + [30.0] * 5, parallel_asks=2)
    start_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        vk.describe(frame, model=model, progress=interrupting(2))
    assert time.monotonic() - start_s < 25  # an answer takes 30
    partial = caught.value.partial
    assert partial.index.tolist() == list("aabbccdd")
    assert partial["description"].notna().tolist() == [True] * 3 + [False] * 5
    assert partial["description_error"].iloc[3:].str.startswith("Cancelled: stopped").all()
    assert "attribute `partial`" in caught.value.__notes__[0]


def test_an_interrupt_between_the_rows_loses_none(photos, backend, monkeypatch):
    """Also where it lands in our own bookkeeping instead of the run's."""
    paths = photos(6)
    model = backend(delay_s=[0.0] * 3 + [30.0] * 3, parallel_asks=1)
    take, taken = Columns.take, []

    def press_once(self, cell, outcome):
        taken.append(cell)
        if taken == [0, 1]:
            raise KeyboardInterrupt
        take(self, cell, outcome)

    monkeypatch.setattr(Columns, "take", press_once)
    with pytest.raises(KeyboardInterrupt) as caught:
        vk.describe(pd.DataFrame({"path": paths}), model=model)
    partial = caught.value.partial
    assert partial["description"].notna().tolist()[:2] == [True, True]
    assert partial["description_error"].notna().tolist()[3:] == [True] * 3


def test_failing_fast_carries_the_partial_table(photos, backend):
    """What was in flight is finished and kept; what never began says so."""
    model = backend(replies=["a", "b", TimedOut("slow"), "d", "e", "f"], parallel_asks=1)
    frame = pd.DataFrame({"path": photos(6)})
    with pytest.raises(TimedOut, match="slow") as caught:
        vk.describe(frame, model=model, on_error="fail")
    partial = caught.value.partial
    assert partial["description"].tolist()[:2] == ["a", "b"]
    assert partial["description_error"].tolist()[2:] == [
        "TimedOut: slow",
        *["Cancelled: this row's turn had not come."] * 3,
    ]
    assert "description" not in frame


def test_a_fault_of_all_rows_raises_whatever_on_error_says(photos, backend):
    """A refused key is not a table."""
    model = backend(replies=Unauthorized("key refused"))
    with pytest.raises(Unauthorized, match="key refused"):
        vk.describe(photos(3), model=model)


def test_a_series_warns_of_what_failed_where_the_user_called(photos, backend):
    """With the count and the first error; the warning points at this file."""
    paths = pd.Series(photos(3, bad={1, 2}))
    with pytest.warns(
        UserWarning, match=r"2 of 3 rows failed and are NA; the first: UnreadableImage: photos/img1"
    ) as seen:
        result = vk.caption(paths, model=backend())
    assert seen[0].filename == __file__
    assert result.isna().tolist() == [False, True, True]
    with pytest.warns(UserWarning, match="2 of 3") as seen:
        paths.vlm.caption(model=backend())
    assert seen[0].filename == __file__


def test_a_series_without_failures_warns_of_nothing(photos, backend):
    """Silence is the good news."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vk.caption(pd.Series(photos(2)), model=backend())


@pytest.mark.parametrize("empty", [pd.DataFrame({"path": []}), pd.Series([], dtype="string"), []])
def test_without_rows_no_model_is_opened(empty, monkeypatch):
    """But one must be named, and the columns have their types."""
    with pytest.raises(UnknownModel):
        vk.ask(empty, "How many?", dtype=int)
    monkeypatch.setattr("vlmkit.frame.resources.borrow", lambda _model: pytest.fail("opened"))
    result = vk.ask(empty, "How many?", dtype=int, model="mlx:nobody/nothing")
    column = result if isinstance(result, pd.Series) else result["answer"]
    assert column.dtype == "Int64"
    assert len(column) == 0


def test_the_call_is_checked_before_a_model_is_opened(photos, monkeypatch):
    """Column, clash, option: each before anything is spent."""
    monkeypatch.setattr("vlmkit.frame.resources.borrow", lambda _model: pytest.fail("opened"))
    frame = pd.DataFrame({"path": photos(1), "caption": ["x"]})
    with pytest.raises(SetupError, match=r"\{brnd\} is not a column"):
        vk.describe(frame, "{brnd}", model="tiny")
    with pytest.raises(SetupError, match="'caption' is there already"):
        vk.caption(frame, model="tiny")
    with pytest.raises(SetupError, match="progress="):
        vk.describe(frame, model="tiny", progress="yes")
    with pytest.raises(SetupError, match="There are no columns here"):
        vk.describe(frame["path"], "{brand}", model="tiny")


def test_a_shared_model_is_opened_by_name(photos):
    """As every call without an open backend does."""
    result = vk.describe(photos(1), "Hello", model="fake:echo")
    assert result["description"].tolist() == ["10x8 image/png: Hello"]


def test_a_run_works_inside_a_running_event_loop(photos, backend):
    """As in every cell of a notebook."""
    paths = photos(3)

    async def cell():
        return vk.describe(paths, "Hello", model=backend())

    assert asyncio.run(cell())["description"].tolist() == ["0: Hello", "1: Hello", "2: Hello"]


def test_runs_in_several_threads_share_a_backend(photos, backend):
    """Each gets its own rows."""
    paths, model, results = photos(10), backend(delay_s=0.002), {}

    def work(number):
        part = pd.DataFrame({"path": paths[number::3]})
        results[number] = vk.describe(part, "Hello", model=model)["description"].tolist()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == {number: [f"{i}: Hello" for i in range(10)[number::3]] for number in range(3)}


def test_closing_the_iterator_stops_the_run(photos, backend):
    """A caller who has seen enough pays for no more."""
    model = backend(delay_s=[0.0] + [30.0] * 9, parallel_asks=2)
    records = vk.describe_iter(photos(10), model=model)
    assert next(records).text.startswith("0:")
    records.close()
    deadline_s = time.monotonic() + 2
    while model._jobs and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not model._jobs


def test_records_of_rows_never_asked_do_not_come(photos, backend):
    """After an interrupt the finished ones do, then the interrupt."""
    model = backend(delay_s=[0.0, 0.0] + [30.0] * 8, parallel_asks=1)
    records = []
    with pytest.raises(KeyboardInterrupt):
        keep(vk.describe_iter(photos(10), model=model, progress=interrupting(1)), records)
    assert [record.index for record in records] == [0, 1]


def test_nothing_is_left_on_the_accessor(photos, backend):
    """Pandas makes a new one whenever it likes."""
    frame = pd.DataFrame({"path": photos(1)})
    frame.vlm.describe(model=backend())
    assert list(frame) == ["path"]
    assert frame.attrs == {}


FAULTS = {"slow": TimedOut, "broken": ServerFault, "odd": UnreadableReply}
KINDS = ["ok", "ok", "ok", "slow", "broken", "odd", "bad picture", "missing"]


@hypothesis_settings(max_examples=40)
@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=20),
    delays=st.lists(st.sampled_from([0.0, 0.001, 0.003]), min_size=1, max_size=5),
    workers=st.one_of(st.integers(1, 9), st.just("auto")),
    labels=st.lists(st.sampled_from(["a", "b", None]), min_size=20, max_size=20),
    stores=st.booleans(),
    overwrite=st.sampled_from(["missing", "errors"]),
)
def test_rows_stay_aligned_under_any_pattern(
    kinds, delays, workers, labels, stores, overwrite, tmp_path_factory, monkeypatch
):
    """Each answer stands in the row of the very picture and prompt it is about; the rest of the table is untouched.

    So it is when the rows that failed are asked again, and only those.
    """
    monkeypatch.setattr("vlmkit.runner.attempt.ALIKE_LIMIT", len(kinds))  # so that all may fail alike
    from PIL import Image

    folder = tmp_path_factory.mktemp("rows")
    paths = []
    for i, kind in enumerate(kinds):
        paths.append(None if kind == "missing" else str(folder / f"{i}.png"))
        if kind == "bad picture":
            (folder / f"{i}.png").write_bytes(b"no picture")
        elif kind != "missing":
            Image.new("L", (10 + i, 4)).save(folder / f"{i}.png")
    frame = pd.DataFrame({"path": pd.array(paths, dtype="string"), "n": range(len(kinds))}, index=labels[: len(kinds)])

    def answer(ask):
        i = ask.pictures[0].width - 10
        kind = kinds[i]
        return f"picture {i}, prompt {ask.prompt}" if kind == "ok" else FAULTS[kind](f"{i} {ask.prompt}")

    model = FakeBackend(replies=answer, delay_s=delays, abilities=Abilities(parallel_asks=9))
    options = {"model": model, "workers": workers, "details": True, "store": folder / "s.sqlite" if stores else False}
    result = vk.describe(frame, "{n}", **options)
    pd.testing.assert_frame_equal(result[["path", "n"]], frame)
    for i, kind in enumerate(kinds):
        text, error = result["description"].iloc[i], result["description_error"].iloc[i]
        assert pd.isna(text) == (kind != "ok")
        assert pd.isna(error) == (kind == "ok")
        if kind == "ok":
            assert text == f"picture {i}, prompt {i}"
        elif kind in FAULTS:
            assert error == f"{FAULTS[kind].__name__}: {i} {i}"
        else:
            assert error.startswith("UnreadableImage: ")
        assert pd.isna(result["description_model"].iloc[i]) == (kind != "ok")
    failed = [i for i, kind in enumerate(kinds) if kind in FAULTS]
    kinds[:] = ["ok" if kind in FAULTS else kind for kind in kinds]
    model.asks.clear()
    healed = vk.describe(result, "{n}", overwrite=overwrite, **options)
    model.close()
    assert sorted(int(ask.prompt) for ask in model.asks) == failed
    assert healed["description"].iloc[failed].tolist() == [f"picture {i}, prompt {i}" for i in failed]
    kept = [i for i in range(len(kinds)) if i not in failed]
    columns = ["path", "n", "description", "description_error", "description_model"]
    pd.testing.assert_frame_equal(healed[columns].iloc[kept], result[columns].iloc[kept])


CELLS = [
    """
import sys
import pandas as pd
import vlmkit as vk
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
model = FakeBackend(replies="fine", delay_s=[0.0, 0.0, 0.0] + [600.0] * 3, abilities=Abilities(parallel_asks=2))
frame = pd.DataFrame({"path": PATHS})
""",
    """
def tell(event):
    if type(event).__name__ == "Done":
        print("done", event.index, flush=True)

vk.describe(frame, model=model, progress=tell, store="s.sqlite")
""",
    """
partial = sys.last_value.partial
print(partial["description"].fillna("stopped").tolist(), vk.runs(store="s.sqlite")["ok"].tolist())
model.close()
""",
]


def test_the_stop_button_of_a_notebook_keeps_the_rows(photos, tmp_path):
    """In a real kernel: rows that ended are in the error's table and in the store, soon after the button is pressed."""
    paths = [str(Path(path).resolve()) for path in photos(6)]
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    pressed_s = []

    def hear(message, text):
        if message["msg_type"] == "stream":
            text.append(message["content"]["text"])
            if "".join(text).count("done") >= 3 and not pressed_s:
                pressed_s.append(time.monotonic())
                manager.interrupt_kernel()

    try:
        client.wait_for_ready(timeout=60)
        texts, statuses = [], []
        for cell in CELLS:
            texts.append([])
            reply = client.execute_interactive(
                cell.replace("PATHS", repr(paths)), timeout=90, output_hook=lambda m: hear(m, texts[-1])
            )
            statuses.append(reply["content"].get("ename", "ok"))
            if pressed_s and len(pressed_s) == 1:
                pressed_s.append(time.monotonic())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert statuses == ["ok", "KeyboardInterrupt", "ok"]
    assert "".join(texts[2]) == "['fine', 'fine', 'fine', 'stopped', 'stopped', 'stopped'] [3]\n"
    assert pressed_s[1] - pressed_s[0] < 30  # answers would take ten minutes


SCRIPT = """
import os, signal, sys, threading
import pandas as pd
from vlmkit.backends.fake import FakeBackend
from vlmkit.frame import describe

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would have it ignored
model = FakeBackend(replies="fine", delay_s=[0.0, 0.0, 0.0] + [600.0] * 3)
done = []

def interrupt_soon(event):
    if type(event).__name__ != "Done":
        return
    done.append(event)
    if len(done) == 3:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

try:
    describe(pd.DataFrame({"path": sys.argv[1:]}), model=model, progress=interrupt_soon)
except KeyboardInterrupt as interrupt:
    print(interrupt.partial["description"].fillna("stopped").tolist())
model.close()
"""


def test_a_script_stopped_by_a_real_signal_keeps_its_rows(photos, fresh_python):
    """Before the interpreter's deadline, although the answers would take ten minutes."""
    paths = [str(Path(path).resolve()) for path in photos(6)]
    finished = fresh_python(SCRIPT, *paths)
    assert finished.stdout.strip() == "['fine', 'fine', 'fine', 'stopped', 'stopped', 'stopped']"
    assert finished.stderr == ""


@pytest.mark.parametrize(
    ("how", "text", "mark"),
    [
        ("error", None, "Raise timeout_s."),
        ("continue", "one two three", "The text is what had been written until then."),
        ("fallback", "A PNG picture of 10 by 8 pixels", "made from the facts of the file, not by the model."),
    ],
)
def test_an_answer_that_comes_too_late(photos, backend, how, text, mark):
    """Its row says so, whatever stands in it; what stands in is not an answer, and the next run asks again."""
    model = backend(replies="one two three four five six", delay_s=1.0)
    frame = pd.DataFrame({"path": photos(1)})
    late = vk.describe(frame, model=model, timeout_s=0.55, on_timeout=how, store="s.sqlite", details=True)
    cell, error = late["description"][0], late["description_error"][0]
    assert pd.isna(cell) if text is None else cell.startswith(text)
    assert error.startswith("TimedOut: ")
    assert error.endswith(mark)
    assert late["description_finish_reason"].fillna("none")[0] == ("timeout" if how == "continue" else "none")
    in_time = vk.describe(late, model=model, overwrite="errors", store="s.sqlite")
    assert in_time["description"].tolist() == ["one two three four five six"]
    assert in_time["description_error"].isna().all()
    assert len(model.asks) == 2


def test_a_full_disk_ends_the_run_with_the_rows_so_far(photos, backend, monkeypatch):
    """What was answered is in the table, safe or not."""
    record, commits = Store.record, []

    def write(self, run_id, rows):
        commits.append(len(rows))
        if len(commits) > 2:
            raise StoreFault("store s.sqlite: no space left on the disk. Make room.")
        record(self, run_id, rows)

    monkeypatch.setattr(Store, "record", write)
    model = backend(delay_s=0.01, parallel_asks=1)
    frame = pd.DataFrame({"path": photos(20)})
    with pytest.raises(StoreFault, match="Make room") as caught:
        vk.describe(frame, model=model, store="s.sqlite")
    partial = caught.value.partial
    assert partial["description"].tolist()[: sum(commits)] == [
        f"{i}: {style_prompt('detailed')}" for i in range(sum(commits))
    ]
    assert partial["description_error"].iloc[-1].startswith("Cancelled")
    monkeypatch.setattr(Store, "record", record)
    asked = len(model.asks)
    whole = vk.describe(frame, model=model, store="s.sqlite")
    assert whole["description_error"].isna().all()
    assert len(model.asks) - asked == 20 - sum(commits[:2])


def test_equal_pictures_are_asked_once(photos, backend):
    """In one table, wherever they stand, whatever the file is called."""
    (path,) = photos(1)
    Path("photos/copy.png").write_bytes(Path(path).read_bytes())
    model = backend(delay_s=0.01)
    result = vk.describe([path, "photos/copy.png", path, Path(path).read_bytes()] * 5, model=model, store="s.sqlite")
    assert set(result["description"]) == {f"0: {style_prompt('detailed')}"}
    assert len(model.asks) == 1


def test_one_record_says_what_it_took(photos, backend):
    """Also where it was stored: then how long the model took at the time."""
    (path,) = photos(1)
    model = backend(delay_s=0.05)
    first, second = (vk.describe_one(path, model=model, store="s.sqlite") for _ in range(2))
    assert (first.from_store, second.from_store) == (False, True)
    assert 0.05 <= first.answer_seconds == second.answer_seconds <= first.seconds
    assert (second.model, second.revision, second.metadata["width"]) == ("fake:echo", "1", 10)
    with pytest.raises(TimedOut):
        vk.describe_one(path, "x", model=model, timeout_s=0.001)


@pytest.mark.parametrize("table", ["replies", "identities"])
def test_a_damaged_entry_of_the_store_costs_its_row_alone(photos, backend, tmp_path, table):
    """An entry was changed in the file: one warning, that row is asked again, the table is whole; then it is mended."""
    paths, file = photos(12), tmp_path / "store.sqlite"
    whole = vk.describe(paths, "What?", model=backend(), store=file)
    change = {"replies": "text = 'EVIL' WHERE id = 3", "identities": "digest = zeroblob(16) WHERE sealed % 3 = 0"}
    with closing(sqlite3.connect(file)) as connection, connection:
        assert connection.execute(f"UPDATE {table} SET {change[table]}").rowcount
    model = backend()
    with pytest.warns(UserWarning, match="does not fit its checksum"):
        again = vk.describe(paths, "What?", model=model, store=file)
    pd.testing.assert_frame_equal(again, whole)
    asked = len(model.asks)
    assert asked == (1 if table == "replies" else 0), "a picture is known by its pixels, too"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pd.testing.assert_frame_equal(vk.describe(paths, "What?", model=model, store=file), whole)
    assert len(model.asks) == asked
