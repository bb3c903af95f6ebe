"""Files of settings: which are found, which stands first, and what they may not do to each other."""

import os
from pathlib import Path

import platformdirs
import pytest

from vlmkit import settings
from vlmkit.errors import BadSetting
from vlmkit.settings_file import files, find_file
from vlmkit.settings_trust import consent
from vlmkit.store import choose_store


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory without a vlmkit.toml above it."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def users(tmp_path, monkeypatch):
    """The user's own folder of configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    path = Path(platformdirs.user_config_dir("vlmkit", appauthor=False))
    path.mkdir(parents=True)
    assert path.is_relative_to(tmp_path)
    return path


def write(folder, text, name="vlmkit.toml"):
    (folder / name).write_text(text, encoding="utf-8")
    consent(folder / name)


def test_the_nearest_file_counts(folder, monkeypatch):
    """The file is looked for from the working directory upwards."""
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    write(folder, '[vision]\nmodel = "outer"\n')
    monkeypatch.chdir(inner)
    assert settings.get("model") == "outer"
    write(folder / "a", '[vision]\nmodel = "inner"\n')
    assert settings.get("model") == "inner"
    assert find_file() == folder / "a" / "vlmkit.toml"
    assert find_file(Path(folder)) == folder / "vlmkit.toml"


def test_the_users_own_file_stands_below_the_nearest(folder, users):
    """Entry by entry; where neither speaks, the default does."""
    write(users, '[vision]\nmodel = "mine"\n[processing]\nworkers = 3\n')
    assert settings.resolve("model").origin == f"{users / 'vlmkit.toml'}, [vision] model"
    write(folder, '[vision]\nmodel = "ours"\n')
    assert [settings.get(name) for name in ("model", "workers", "timeout_s")] == ["ours", 3, None]
    assert [file.path for file in files()] == [folder / "vlmkit.toml", users / "vlmkit.toml"]


def test_the_users_own_file_is_read_once_from_its_own_folder(users, monkeypatch):
    """There it is the nearest, too."""
    write(users, "[processing]\nworkers = 3\n")
    monkeypatch.chdir(users)
    assert [(file.path, file.found) for file in files()] == [(users / "vlmkit.toml", False)]


def test_a_named_file_is_the_only_one(folder, users, monkeypatch, tmp_path):
    """The variable says which; an empty one says nothing."""
    write(users, "[processing]\nworkers = 3\n")
    write(folder, "[processing]\nworkers = 2\n")
    write(tmp_path, "[processing]\ntimeout_s = 9\n", "other.toml")
    monkeypatch.setenv("VLMKIT_CONFIG", str(tmp_path / "other.toml"))
    assert (settings.get("workers"), settings.get("timeout_s")) == ("auto", 9.0)
    monkeypatch.setenv("VLMKIT_CONFIG", os.devnull)
    assert (settings.get("workers"), settings.get("timeout_s")) == ("auto", None)
    monkeypatch.setenv("VLMKIT_CONFIG", " ")
    assert settings.get("workers") == 2


@pytest.mark.parametrize("name", ["gone.toml", "."])
def test_a_named_file_that_is_not_there_is_an_error(folder, monkeypatch, name):
    """A slip in the variable does not bring back other files."""
    monkeypatch.setenv("VLMKIT_CONFIG", str(folder / name))
    with pytest.raises(BadSetting, match="VLMKIT_CONFIG: there is no file"):
        settings.get("workers")


def test_hosts_are_merged_by_entry(folder, users):
    """A limit of one file holds for the address of the other."""
    write(users, '[hosts.vllm]\nurl = "http://a/v1"\nparallel_asks = 4\nrequests_per_minute = 9\n')
    write(folder, "[hosts.vllm]\nparallel_asks = 2\n")
    assert settings.host("vllm") == {"url": "http://a/v1", "parallel_asks": 2, "requests_per_minute": 9.0}


def test_a_key_goes_only_to_the_address_of_its_file(folder, users):
    """A file in somebody's repository does not get the user's key sent to it."""
    write(users, '[hosts.vllm]\nurl = "http://lab/v1"\nkey_variable = "LAB_KEY"\n')
    assert settings.host("vllm")["key_variable"] == "LAB_KEY"
    write(folder, '[hosts.vllm]\nurl = "http://elsewhere/v1"\n')
    assert settings.host("vllm") == {"url": "http://elsewhere/v1"}


def test_a_store_is_beside_the_file_that_names_it(folder, users):
    """Wherever one works."""
    write(users, '[processing]\nstore = "mine.sqlite"\n')
    assert choose_store().path == users / "mine.sqlite"
    write(folder, '[processing]\nstore = "ours.sqlite"\n')
    assert choose_store().path == folder / "ours.sqlite"


def test_a_slip_in_the_users_own_file_is_said(folder, users):
    """With its path."""
    write(users, "[processing]\nwokers = 2\n")
    with pytest.raises(BadSetting, match=r"wokers is not a setting") as caught:
        settings.get("workers")
    assert str(users) in str(caught.value)
