"""`vk.runs`: the store as tables."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from vlmkit.errors import BadSetting, StoreFault
from vlmkit.frame import runs
from vlmkit.records import Reply, Usage
from vlmkit.store import PictureRecord, RowRecord, RunRecord, choose_store, open_store

KEY = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def stored(tmp_path, monkeypatch):
    """A store that the settings name, which is not there yet."""
    path = tmp_path / "store.sqlite"
    monkeypatch.setenv("VLMKIT_STORE", str(path))
    return path


@pytest.fixture
def filled(stored):
    """Two runs: one that ended, with an answer, one from the store, one of an equal row, a failure; one goes on."""
    picture = PictureRecord(digest="ff" * 16, media_type="image/jpeg", width=64, height=48)
    usage = Usage(prompt_tokens=80, completion_tokens=9)
    reply = Reply(text="A fox.", finish_reason="stop", model="mlx:tiny", revision="r1", usage=usage, seconds=0.25)
    asked = RowRecord(index=0, label="fox.png", prompt="What?", key=KEY, pictures=(picture,), reply=reply, seconds=0.5)
    again = RowRecord(
        index=1, label="copy.png", prompt="What?", key=KEY, pictures=(picture,), reply=reply, from_store=True
    )
    equal = replace(again, index=3, from_store=False, is_duplicate=True)
    failed = RowRecord(index=2, label="gone.png", prompt="What?", error="UnreadableImage: gone.png: no such file.")
    with open_store(stored) as store:
        about = {"revision": "r1", "prompt": "What?", "system": "Be brief.", "sampling": {"max_tokens": 9}}
        run = store.begin(RunRecord(model="mlx:tiny", total=4, destination="this process", workers="auto", **about))
        store.record(run, [asked, again, failed, equal])
        store.end(run, seconds=1.5, stopped_early=False)
        store.begin(RunRecord(model="mlx:other", total=9))
    return stored


def test_runs_with_their_counts(filled):
    """One row per run, newest last; what is not known yet is NA."""
    table = runs()
    first, second = table.to_dict("records")
    assert (first["run"], first["state"], first["model"], first["revision"]) == (1, "finished", "mlx:tiny", "r1")
    assert [first[name] for name in ("total", "ok", "failed", "cancelled")] == [4, 3, 1, 0]
    assert (first["from_store"], first["duplicates"]) == (1, 1)
    assert (first["seconds"], first["workers"], first["destination"]) == (1.5, "auto", "this process")
    assert (second["state"], second["cancelled"]) == ("running", 9)
    assert pd.isna(second["seconds"])
    assert pd.isna(second["revision"])


def test_types_are_nullable(filled):
    """Numbers stay whole numbers where some are missing; the moment says that it is UTC."""
    table = runs()
    assert (str(table["run"].dtype), str(table["seconds"].dtype)) == ("Int64", "Float64")
    assert str(table["started_at"].dtype) == "datetime64[us, UTC]"
    assert pd.Timestamp.now("UTC") - table["started_at"].max() < pd.Timedelta(minutes=5)


def test_the_rows_of_a_run_say_what_was_sent(filled):
    """Prompt, system text, picture, sampling; and what came back."""
    asked, again, failed, equal = runs(run=1).to_dict("records")
    assert (asked["path"], asked["text"], asked["prompt"], asked["system"]) == (
        "fox.png",
        "A fox.",
        "What?",
        "Be brief.",
    )
    assert (asked["picture"], asked["width"], asked["height"]) == ("ff" * 16, 64, 48)
    assert (json.loads(asked["sampling"]), asked["key"], asked["from_store"]) == ({"max_tokens": 9}, KEY, False)
    assert (again["text"], again["from_store"], again["picture"]) == ("A fox.", True, "ff" * 16)
    assert [(row["from_store"], row["is_duplicate"]) for row in (asked, again, equal)] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert (equal["text"], equal["picture"], equal["key"]) == ("A fox.", "ff" * 16, KEY)
    assert failed["error"] == "UnreadableImage: gone.png: no such file."
    assert all(pd.isna(failed[name]) for name in ("text", "picture", "width", "key", "model"))


def test_a_store_may_be_named(filled, monkeypatch):
    """As in the call that filled it."""
    monkeypatch.delenv("VLMKIT_STORE")
    assert len(runs(filled)) == len(runs(str(filled))) == len(runs(f"replay:{filled}")) == 2


def test_before_the_first_run_the_table_is_empty(stored):
    """With its columns and types, and without making a file."""
    table = runs()
    assert (len(table), str(table["ok"].dtype), list(table)[:3]) == (0, "Int64", ["run", "started_at", "state"])
    assert not stored.exists()
    assert choose_store().path == stored


def test_a_store_or_run_that_is_not_there(filled, tmp_path):
    """A name that leads nowhere is said, not answered with nothing."""
    with pytest.raises(StoreFault, match="there is no such file"):
        runs(tmp_path / "missing.sqlite")
    with pytest.raises(StoreFault, match="it has no run 7"):
        runs(run=7)
    with pytest.raises(BadSetting, match="none is in use"):
        runs(False)


def test_looking_changes_nothing(filled):
    """Not a byte, and no file beside it."""
    before = filled.read_bytes()
    runs()
    runs(run=1)
    assert filled.read_bytes() == before
    assert [file.name for file in filled.parent.iterdir()] == [filled.name]
