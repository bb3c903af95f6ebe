"""A process whose calls to the system fail on demand: ``python failing_disk.py store|exports FOLDER EVERY``.

Needs `failing_calls.c`, compiled and loaded before the C library. Tries each kind of call, each errno, once and for
good, at every EVERY-th call; the end is a line of JSON on stdout: how many cases there were, and what was wrong.
"""

import ctypes
import errno
import json
import re
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import SetupError, StoreFault
from vlmkit.prompts import compose_description
from vlmkit.runner import Question, make_plan, run, target_of
from vlmkit.sources import refer
from vlmkit.store import check, open_store

KINDS = {"write": 0, "fsync": 1, "ftruncate": 2, "rename": 3, "mkdir": 4, "open": 5}
ERRORS = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)
ROWS = 12
ADVICE = re.compile(r"Free some and run again|Check the (disk|folder)|Give (write )?permission|Name another file")
TASK = compose_description("?", into="text")
FAULTS = []  # of each case, or None
LIBRARY = ctypes.CDLL(None)


class Failing:
    """Calls of one kind on files below a folder fail from the n-th one on, or it alone; kind None only counts."""

    def __init__(self, folder, kind=None, at=0, error=0, goes_on=False):
        self.armed = (str(folder).encode(), -1 if kind is None else KINDS[kind], ctypes.c_long(at), error, goes_on)

    def __enter__(self):
        LIBRARY.failing_calls_arm(*self.armed)
        return self

    def __exit__(self, *_):
        self.counts = {kind: LIBRARY.failing_calls_count(number) for kind, number in KINDS.items()}
        LIBRARY.failing_calls_disarm()


def questions():
    buffer = BytesIO()
    Image.new("RGB", (20, 20), "teal").save(buffer, "PNG")
    return [Question(task=TASK, images=(refer(buffer.getvalue()),), prompt=str(n)) for n in range(ROWS)]


def describe(path):
    """Outcomes of a run with a store, the fault that ended it, and how many rows were asked."""
    model = FakeBackend(replies=lambda ask: f"answer {ask.prompt}", abilities=Abilities(parallel_asks=3))
    outcomes, fault = [], None
    try:
        with open_store(path) as store:
            plan = make_plan([TASK], [target_of(model)], workers=3)
            for outcome in run(questions(), plan, total=ROWS, store=store):
                outcomes.append(outcome)  # noqa: PERF402  those before a fault count
    except StoreFault as error:
        fault = error
    finally:
        model.close()
    return outcomes, fault, len(model.asks)


def wrong_with(outcomes, fault, asked):
    """What is wrong with the outcomes of a run, or with the fault that ended it."""
    for outcome in outcomes:
        if (outcome.values is None) == (outcome.fault is None):
            yield f"row {outcome.index} has neither a value nor a fault, or both"
        if outcome.values and outcome.values["text"] != f"answer {outcome.index}":
            yield f"row {outcome.index} has another row's answer"
    if fault is None and len(outcomes) < ROWS:
        yield "rows are missing, and no fault says why"
    if asked and len(outcomes) < ROWS:
        yield f"{asked} rows were asked, and {len(outcomes)} have an outcome"
    if fault is not None and not ADVICE.search(str(fault)):
        yield f"the fault does not say what to do: {fault}"


def try_store(folder, failing):
    """What is wrong with a run on a failing disk, or with what it leaves behind."""
    folder.mkdir()
    path = folder / "s.sqlite"
    with failing:
        outcomes, fault, asked = describe(path)
    yield from wrong_with(outcomes, fault, asked)
    if path.exists() and path.stat().st_size:
        condition = check(path)
        if not condition.is_whole:
            yield f"the store is damaged: {condition}"
    again, fault_again, asked_again = describe(path)
    if fault_again is not None or [outcome.values for outcome in again] != [
        {"text": f"answer {n}"} for n in range(ROWS)
    ]:
        yield f"the next run has not all rows: {fault_again}"
    held = {outcome.index for outcome in again if outcome.from_store}
    if asked_again != ROWS - len(held):
        yield "the next run asked what was stored"
    if fault is None and len(held) < ROWS:
        yield f"no fault was told, and only {sorted(held)} were stored"
    FAULTS.append(fault)
    shutil.rmtree(folder)


def exports():
    """Names of exports with how each writes into a folder, and what the folder holds then that is its own."""
    import pandas as pd

    from vlmkit import exporters

    picture = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(picture, "PNG")
    pictures = Path.cwd() / "pictures"
    pictures.mkdir(exist_ok=True)
    (pictures / "a.png").write_bytes(picture.getvalue())

    def frame(text):
        return pd.DataFrame({"path": [str(pictures / "a.png")], "caption": [text]})

    return frame, {
        "csv": lambda folder, table: exporters.to_csv(table, folder / "t.csv", column="caption", if_exists="overwrite"),
        "jsonl": lambda folder, table: exporters.to_jsonl(
            table, folder / "t.jsonl", column="caption", if_exists="overwrite"
        ),
        "imagefolder": lambda folder, table: exporters.to_imagefolder(
            table, folder / "set", column="caption", if_exists="overwrite"
        ),
        "webdataset": lambda folder, table: exporters.to_webdataset(
            table, folder / "shards", column="caption", if_exists="overwrite"
        ),
    }


def content(folder):
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and ".vlmkit-backups" not in file.parts
    }


def try_export(folder, failing, write, frame):
    """What is wrong with a second export over a first one, on a failing disk."""
    folder.mkdir()
    write(folder, frame("old"))
    before = content(folder)
    fault = None
    with failing:
        try:
            write(folder, frame("new"))
        except SetupError as error:
            fault = error
    after = content(folder)
    write(folder, frame("new"))
    whole = content(folder)
    for name, data in before.items():
        if after.get(name) not in (data, whole[name]):
            yield f"{name} is neither the old nor the new file: {after.get(name)}"
    if any(name.endswith(".partial") for name in after) and failing.armed[1] != KINDS["rename"]:
        yield f"half a file is left: {sorted(after)}"
    if fault is not None and "annot be" not in str(fault):
        yield f"the fault does not say what happened: {fault}"
    if fault is None and after != whole:
        yield f"no fault was told, and {[name for name in whole if whole[name] != after.get(name)]} differ"
    FAULTS.append(fault)
    shutil.rmtree(folder)


def cases(counts, kinds, every):
    for kind in kinds:
        for number, at in enumerate(range(1, counts[kind] + 1, every)):
            for error in ERRORS if every == 1 else (ERRORS[number % len(ERRORS)],):
                for goes_on in (False, True):
                    yield kind, at, error, goes_on


def main(what, folder, every):
    folder, every, wrong, number = Path(folder), int(every), [], 0
    writers = {"store": None}
    if what == "exports":
        frame, writers = exports()
    for name, write in writers.items():
        counting = Failing(folder)
        attempt = try_store if write is None else (lambda *a, write=write: try_export(*a, write, frame))
        list(attempt(folder / "count", counting))
        kinds = (
            ("write", "fsync", "ftruncate", "open") if write is None else ("write", "fsync", "rename", "mkdir", "open")
        )
        for kind, at, error, goes_on in cases(counting.counts, kinds, every):
            number += 1
            failing = Failing(folder, kind, at, error, goes_on)
            label = f"{name}: {kind} {at} {errno.errorcode[error]} {'and on' if goes_on else 'once'}"
            try:
                wrong += [f"{label}: {each}" for each in attempt(folder / str(number), failing)]
            except Exception as error_:  # noqa: BLE001  whatever it is, it is wrong
                wrong.append(f"{label}: {type(error_).__name__}: {error_}")
    sys.stdout.write(json.dumps({"cases": number, "faults": sum(map(bool, FAULTS)), "wrong": wrong}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
