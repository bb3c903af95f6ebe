"""What a call needs open while it runs, and that it is given back."""

import logging
import os
from contextlib import ExitStack

import pandas as pd
import pytest

from vlmkit import frame as vk
from vlmkit import settings
from vlmkit.backends import shared
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import (
    BadSetting,
    MissingExtra,
    MissingKey,
    ModelLoadFailed,
    ModelNotFound,
    SetupError,
    StoreFault,
    UnknownModel,
    Unreachable,
)
from vlmkit.frame import resources
from vlmkit.frame.options import TableOptions, check_options
from vlmkit.frame.resources import check_names, open_resources
from vlmkit.store import open_store


@pytest.fixture(autouse=True)
def nothing_shared():
    """Models that were borrowed are closed after each test."""
    yield
    shared.close_shared()


def options(**given):
    return check_options(given, TableOptions)


def test_models_are_borrowed_and_the_store_is_closed(tmp_path):
    """The primary first, then what it falls back to; an open backend stays the caller's."""
    settings.use(keep_loaded=False)
    own = FakeBackend("own")
    with ExitStack() as lease:
        store, targets = open_resources(
            options(model="fake:one", fallback=["fake:two", own], store=str(tmp_path / "s.sqlite")), lease
        )
        assert [target.model for target in targets] == ["fake:one", "fake:two", "fake:own"]
        assert [target.named for target in targets] == ["fake:one", "fake:two", None]
        assert store.runs() == []
    assert targets[0].backend._closed
    assert not own._closed
    with pytest.raises(StoreFault, match="closed"):
        store.runs()
    own.close()


def test_wrong_names_are_found_before_anything_is_opened():
    """Of the model, of a fallback, of the store."""
    with pytest.raises(UnknownModel, match="No model was named"):
        check_names(options())
    with pytest.raises(UnknownModel, match="'nothing' names no model"):
        check_names(options(model="fake:x", fallback="nothing"))
    with pytest.raises(BadSetting, match="store"):
        check_names(options(model="fake:x", store=7))


def test_a_fallback_that_cannot_be_opened_stops_the_call(photos):
    """Not the run, hours later, when it is needed; and what was opened before it is given back."""
    settings.use(keep_loaded=False)
    with pytest.raises(BadSetting, match=r"gone\.json is not a script"):
        vk.describe(photos(1), model="fake:one", fallback="fake:gone.json")
    assert all(shelf.backend is None for shelf in shared._shelves.values())


def test_a_run_that_never_began_gives_everything_back(photos):
    """An iterator that is dropped before its first row holds no model."""
    settings.use(keep_loaded=False)
    records = vk.describe_iter(photos(1), model="fake:one")
    held = next(shelf.backend for shelf in shared._shelves.values() if shelf.backend is not None)
    assert not held._closed
    del records
    assert held._closed


def test_a_replay_opens_no_model(photos, monkeypatch):
    """Not even one that is not there any more; under the name the user gave, or the full one."""
    frame = pd.DataFrame({"path": photos(3)})
    first = vk.describe(frame, model="fake:echo", store="s.sqlite")
    monkeypatch.setattr("vlmkit.frame.resources.borrow", lambda _: pytest.fail("opened"))
    again = vk.describe(frame, model="fake:echo", store="replay:s.sqlite")
    pd.testing.assert_frame_equal(again, first)
    with pytest.raises(SetupError, match=r"row 0 \(photos/img0\.png\): the store has no answer") as caught:
        vk.describe(frame, "Something else?", model="fake:echo", store="replay:s.sqlite")
    assert len(caught.value.partial) == 3
    other = vk.describe(frame, model="fake:other", fallback="fake:echo", store="replay:s.sqlite")
    pd.testing.assert_frame_equal(other, first)
    with pytest.raises(SetupError, match="no answers of fake:other"):
        vk.describe(frame, model="fake:other", store="replay:s.sqlite")
    with pytest.raises(StoreFault, match="no such file to answer from"):
        vk.describe(frame, model="fake:echo", store="replay:gone.sqlite")


def test_the_default_file_is_made_where_none_is_named(photos, monkeypatch, tmp_path):
    """In the user's cache folder, or the file of the settings."""
    monkeypatch.delenv("VLMKIT_STORE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("vlmkit.store.choice.cache_folder", lambda: tmp_path / "cache" / "v")
    paths = photos(1)
    vk.describe(paths, model="fake:echo")
    with open_store(tmp_path / "cache" / "v" / "store.sqlite") as store:
        assert len(store.runs()) == 1
    monkeypatch.setenv("VLMKIT_STORE", str(tmp_path / "mine.sqlite"))
    vk.describe(paths, model="fake:echo")
    with open_store(tmp_path / "mine.sqlite") as store:
        assert [run["named"] for run in store.runs()] == ["fake:echo"]


def test_without_a_place_for_the_default_file_nothing_is_kept(photos, monkeypatch, tmp_path, backend):
    """That is said, and the run goes on; a file that somebody named must be there to write to."""
    monkeypatch.setenv("VLMKIT_STORE", "true")
    (tmp_path / "no folder").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no folder"))
    paths, model = photos(2), backend()
    with pytest.warns(UserWarning, match="Answers of this run are not kept"):
        assert vk.describe(paths, "What?", model=model)["description"].notna().all()
    with pytest.raises(StoreFault):
        vk.describe(paths, "What?", model=model, store=tmp_path / "no folder" / "s.sqlite")


def test_a_default_file_that_may_only_be_read_answers(photos, monkeypatch, tmp_path, backend):
    """What was paid for is not asked again; what is new is not kept, as is said. A damaged one ends the call."""
    monkeypatch.setenv("VLMKIT_STORE", "true")
    monkeypatch.setattr("vlmkit.store.choice.cache_folder", lambda: tmp_path / "v")
    paths, model, may = photos(3), backend(), os.access
    vk.describe(paths[:2], "What?", model=model)
    monkeypatch.setattr("os.access", lambda place, how: may(place, how) and not (how & os.W_OK and "v" in str(place)))
    before = (tmp_path / "v" / "store.sqlite").read_bytes()
    with pytest.warns(UserWarning, match="Answers of this run are not kept"):
        described = vk.describe(paths, "What?", model=model)
    assert described["description"].notna().all()
    assert len(model.asks) == 3
    assert (tmp_path / "v" / "store.sqlite").read_bytes() == before
    with pytest.raises(StoreFault, match="Give permission"):
        vk.describe(paths, "What?", model=model, store=tmp_path / "v" / "other.sqlite")
    (tmp_path / "v" / "store.sqlite").write_bytes(before[:5000])
    with pytest.raises(StoreFault, match="damaged"):
        vk.describe(paths, "What?", model=model)


def test_a_server_that_is_down_is_left_out_where_another_is_named(photos, monkeypatch, caplog):
    """For the whole run, with a warning; what it answered earlier still counts. Alone, it ends the call."""
    frame = pd.DataFrame({"path": photos(3)})
    vk.describe(frame.head(1), model="fake:main", store="s.sqlite")
    borrow = resources.borrow

    def down(name):
        if name == "fake:main":
            raise ModelLoadFailed("fake:main cannot be asked: nobody listens there.") from Unreachable("refused")
        return borrow(name)

    monkeypatch.setattr(resources, "borrow", down)
    with pytest.raises(ModelLoadFailed, match="nobody listens"):
        vk.describe(frame, model="fake:main", store="s.sqlite")
    with caplog.at_level(logging.WARNING):
        result = vk.describe(frame, model="fake:main", fallback="fake:echo", store="s.sqlite", details=True)
    assert result["description_model"].tolist() == ["fake:main", "fake:echo", "fake:echo"]
    assert "nobody listens there. It is left out" in caplog.text
    again = vk.describe(frame, model="fake:echo", fallback="fake:main", store="s.sqlite", details=True)
    assert again["description_model"].tolist() == ["fake:echo"] * 3
    with pytest.raises(ModelLoadFailed, match="nobody listens"):
        vk.describe(frame, model="fake:main", fallback="fake:main", store="s.sqlite")


@pytest.mark.parametrize("error", [MissingKey, ModelNotFound, ModelLoadFailed, MissingExtra])
def test_a_first_model_that_cannot_be_used_is_left_out(photos, monkeypatch, caplog, error):
    """Whatever the reason, where another is named; without one it ends the call. Of a fallback it is said at once."""
    borrow = resources.borrow

    def unusable(name):
        if name == "fake:main":
            raise error("fake:main cannot be used.")
        return borrow(name)

    monkeypatch.setattr(resources, "borrow", unusable)
    paths = photos(2)
    result = vk.describe(paths, model="fake:main", fallback="fake:echo", store=False, details=True)
    assert result["description_model"].tolist() == ["fake:echo"] * 2
    assert "fake:main cannot be used. It is left out" in caplog.text
    for wrong in ({"model": "fake:main"}, {"model": "fake:echo", "fallback": "fake:main"}):
        with pytest.raises(error, match="cannot be used"):
            vk.describe(paths, store=False, **wrong)


def test_what_is_wrong_with_a_fallback_is_found_first(photos, monkeypatch, backend):
    """Its name, or its settings: before the first picture, also where the first model cannot be used."""
    borrow = resources.borrow

    def wrong(name):
        if name == "fake:main":
            raise MissingKey("no key.")
        if name == "fake:far":
            raise BadSetting("fake:far is elsewhere.")
        return borrow(name)

    monkeypatch.setattr(resources, "borrow", wrong)
    paths, model = photos(2), backend()
    for first in ("fake:main", model):
        with pytest.raises(BadSetting, match="elsewhere"):
            vk.describe(paths, model=first, fallback="fake:far", store=False)
        with pytest.raises(UnknownModel, match="bogus"):
            vk.describe(paths, model=first, fallback="bogus", store=False)
    with pytest.raises(BadSetting, match="elsewhere"):
        vk.describe(paths, model="fake:far", fallback="fake:echo", store=False)
    assert model.asks == []


def test_falling_back_is_recorded_per_row(photos, backend):
    """In the details, and in the store, from where the same call is answered again."""
    model = backend(replies=Unreachable("down"))
    frame = vk.describe(photos(2), model=model, fallback="fake:echo", max_retries=0, details=True, store="s.sqlite")
    assert frame["description_model"].tolist() == ["fake:echo"] * 2
    with open_store("s.sqlite") as store:
        assert [row["model"] for row in store.rows(1)] == ["fake:echo"] * 2
