"""Which store: argument, settings, default; and replay."""

from pathlib import Path

import consented
import platformdirs
import pytest

from vlmkit import settings
from vlmkit.errors import BadSetting
from vlmkit.store import StoreChoice, choose_store

DEFAULT = platformdirs.user_cache_path("vlmkit", appauthor=False) / "store.sqlite"


@pytest.fixture(autouse=True)
def no_setting(monkeypatch, tmp_path):
    """No variable, no file."""
    monkeypatch.delenv("VLMKIT_STORE", raising=False)
    monkeypatch.chdir(tmp_path)


def test_by_default_answers_are_stored_in_the_users_cache():
    """Nothing has to be said, and the home of a test is not the real one."""
    assert choose_store() == StoreChoice(path=DEFAULT, replay=False)
    assert DEFAULT.is_relative_to(Path.home())


@pytest.mark.parametrize(
    ("argument", "path", "replay"),
    [
        (True, DEFAULT, False),
        ("my.sqlite", Path("my.sqlite"), False),
        (Path("folder/my"), Path("folder/my"), False),
        ("~/my.sqlite", Path.home() / "my.sqlite", False),
        ("replay", DEFAULT, True),
        ("replay:class/answers.sqlite", Path("class/answers.sqlite"), True),
    ],
)
def test_the_argument(argument, path, replay):
    """A path, the default, or answers from the store only."""
    assert choose_store(argument) == StoreChoice(path=path, replay=replay)


def test_no_store():
    """False means that nothing is written anywhere."""
    assert choose_store(False) is None
    settings.use(store=False)
    assert choose_store() is None


def test_the_settings_file_is_what_true_and_replay_mean(monkeypatch):
    """An argument that names no file takes the file of the settings."""
    monkeypatch.setenv("VLMKIT_STORE", "set.sqlite")
    assert choose_store() == StoreChoice(path=Path("set.sqlite"), replay=False)
    assert choose_store(True) == StoreChoice(path=Path("set.sqlite"), replay=False)
    assert choose_store("replay") == StoreChoice(path=Path("set.sqlite"), replay=True)


def test_replay_may_be_a_setting(monkeypatch):
    """A class sets it once; a call may still name another store."""
    monkeypatch.setenv("VLMKIT_STORE", "replay:set.sqlite")
    assert choose_store() == StoreChoice(path=Path("set.sqlite"), replay=True)
    assert choose_store(True) == StoreChoice(path=Path("set.sqlite"), replay=False)
    assert choose_store("other.sqlite") == StoreChoice(path=Path("other.sqlite"), replay=False)


def test_a_store_that_was_switched_off_can_be_asked_for(monkeypatch):
    """False in the settings names no file, so that an explicit True means the default one."""
    monkeypatch.setenv("VLMKIT_STORE", "off")
    assert choose_store() is None
    assert choose_store(True) == StoreChoice(path=DEFAULT, replay=False)


def test_the_file_of_settings(tmp_path, monkeypatch):
    """A store that vlmkit.toml names is beside that file, also from a folder below; an argument is where one works."""
    consented.write(tmp_path, '[processing]\nstore = "here.sqlite"\n')
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    for argument in (None, True):
        assert choose_store(argument) == StoreChoice(path=tmp_path / "here.sqlite", replay=False)
    assert choose_store("replay") == StoreChoice(path=tmp_path / "here.sqlite", replay=True)
    assert choose_store("mine.sqlite") == StoreChoice(path=Path("mine.sqlite"), replay=False)
    consented.write(tmp_path, f"[processing]\nstore = '{tmp_path / 'there.sqlite'}'\n")
    assert choose_store().path == tmp_path / "there.sqlite"


@pytest.mark.parametrize("wrong", ["fales", "reply", "replay:", "replay: ", "", 7, b"x.sqlite"])
def test_a_misspelled_word_is_no_file(wrong):
    """A file is told by its ending or its folder, so that a typo does not become one."""
    with pytest.raises(BadSetting, match="store"):
        choose_store(wrong)
