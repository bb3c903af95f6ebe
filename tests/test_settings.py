"""Settings: who wins, what is accepted, and what a wrong value says about itself."""

from pathlib import Path

import consented
import pytest

from vlmkit import settings
from vlmkit.errors import BadSetting, SetupError, UnknownModel


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory without a vlmkit.toml above it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


write = consented.write


def test_argument_beats_session_beats_environment_beats_file_beats_default(folder, monkeypatch):
    """Each place is taken only where nobody above it speaks, and says that it was."""
    assert settings.resolve("workers") == settings.Resolved(name="workers", value="auto", origin="default")
    write(folder, "[processing]\nworkers = 2\n")
    assert settings.get("workers") == 2
    assert settings.resolve("workers").origin == f"{folder / 'vlmkit.toml'}, [processing] workers"
    monkeypatch.setenv("VLMKIT_WORKERS", "3")
    assert settings.get("workers") == 3
    assert settings.resolve("workers").origin == "environment variable VLMKIT_WORKERS"
    settings.use(workers=4)
    assert settings.get("workers") == 4
    assert settings.resolve("workers").origin == "vk.use(workers=4)"
    assert settings.get("workers", 5) == 5
    assert settings.resolve("workers", 5).origin == "argument workers=5"


def test_use_none_takes_a_value_back(folder):
    """After `use(model=None)` the places below speak again."""
    settings.use(model="tiny", timeout_s=5)
    settings.use(model=None)
    assert settings.get("model") is None
    assert settings.get("timeout_s") == 5.0


def test_use_changes_nothing_when_one_value_is_wrong(folder):
    """All values of a call are taken, or none."""
    with pytest.raises(BadSetting):
        settings.use(model="tiny", workers=0)
    assert settings.get("model") is None


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("workers", "auto", "auto"),
        ("workers", " 8 ", 8),
        ("workers", 1, 1),
        ("timeout_s", "1.5", 1.5),
        ("timeout_s", "none", None),
        ("auto_download", "False", False),
        ("auto_download", "on", True),
        ("isolate_model", "yes", True),
        ("auto_download", True, True),
        ("on_timeout", "fallback", "fallback"),
        ("keep_loaded", "true", True),
        ("keep_loaded", "off", False),
        ("keep_loaded", "60", 60.0),
        ("keep_loaded", 0, 0.0),
        ("largest_image_pixels", "1_000_000", 1_000_000),
        ("allow_private_hosts", "yes", True),
        ("download_timeout_s", "none", None),
        ("store", "off", False),
        ("store", True, True),
        ("store", " answers.sqlite ", "answers.sqlite"),
        ("store", Path("folder/answers"), str(Path("folder/answers"))),
        ("store", "replay", "replay"),
        ("store", "replay:answers.sqlite", "replay:answers.sqlite"),
        ("model", " tiny ", "tiny"),
    ],
)
def test_accepted_values(folder, name, raw, value):
    """Text as the environment gives it and values as Python gives them become the setting's own type."""
    assert settings.get(name, raw) == value


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("workers", 0),
        ("workers", -1),
        ("workers", "many"),
        ("workers", True),
        ("workers", 1.5),
        ("timeout_s", 0),
        ("timeout_s", "inf"),
        ("timeout_s", "nan"),
        ("timeout_s", False),
        ("auto_download", "maybe"),
        ("auto_download", 1),
        ("on_timeout", "raise"),
        ("keep_loaded", -1),
        ("keep_loaded", "soon"),
        ("largest_image_bytes", 0),
        ("largest_image_bytes", 1.5),
        ("largest_download_bytes", "64 MB"),
        ("allow_private_hosts", "127.0.0.1"),
        ("image_formats", ["jpeg", "jpg"]),
        ("isolate_images", "remote"),
        ("store", "fales"),
        ("store", "replay:"),
        ("store", 1),
        ("model", "  "),
        ("model", 7),
    ],
)
def test_wrong_values_name_setting_value_and_place(folder, name, raw):
    """The message says which setting, which value, where it came from and what is accepted."""
    with pytest.raises(BadSetting) as caught:
        settings.get(name, raw)
    message = str(caught.value)
    assert message.startswith(f"{name}: {raw!r} cannot be used (from argument {name}={raw!r}). Give ")
    assert settings.SETTINGS[name].accepts in message


# Every text may be a model's name.
@pytest.mark.parametrize("setting", [setting for setting in settings.SETTINGS.values() if setting.name != "model"])
def test_a_wrong_environment_variable_is_named(folder, monkeypatch, setting):
    """Whoever set the variable finds its name in the message."""
    monkeypatch.setenv(setting.variable, "???")
    with pytest.raises(BadSetting, match=f"environment variable {setting.variable}"):
        settings.get(setting.name)


def test_an_empty_variable_is_no_value(folder, monkeypatch):
    """``VISION_MODEL= vlmkit …`` is the same as not setting it."""
    monkeypatch.setenv("VISION_MODEL", " ")
    assert settings.get("model") is None


def test_a_changed_file_is_seen(folder):
    """A notebook that runs for days reads what stands in the file now."""
    write(folder, "[processing]\ntimeout_s = 1\n")
    assert settings.get("timeout_s") == 1.0
    write(folder, "[processing]\ntimeout_s = 2\n")
    assert settings.get("timeout_s") == 2.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[processing]\nworkers = 0\n", "workers: 0 cannot be used"),
        ("[processing]\nwokers = 2\n", r"\[processing\] wokers is not a setting"),
        ("[procesing]\nworkers = 2\n", r"\[procesing\] workers is not a setting"),
        ("workers = 2\n", "workers is not a setting"),
        ("[processing\n", "cannot be read"),
        ("[processing]\nworkers = 'ÿ", "cannot be read"),
    ],
)
def test_a_wrong_file_is_named(folder, text, named):
    """A slip in the file is said, with the file's path, instead of being passed over."""
    (folder / "vlmkit.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(BadSetting, match=named) as caught:
        settings.get("workers")
    assert str(folder / "vlmkit.toml") in str(caught.value)


def test_unknown_names_get_the_closest(folder):
    """A mistyped setting is an error that names the right one."""
    with pytest.raises(BadSetting, match=r"'wokers' is an unknown setting\. Did you mean 'workers'\?"):
        settings.use(wokers=2)
    with pytest.raises(BadSetting, match=r"'zzz' is an unknown setting\. Settings are: model, "):
        settings.get("zzz")


def test_no_model_lists_the_ways_to_name_one(folder):
    """Without a model nothing is chosen; the message can be followed."""
    with pytest.raises(UnknownModel) as caught:
        settings.require_model()
    assert isinstance(caught.value, SetupError)
    for way in ("model=…", "--model", "vk.use(model=…)", "VISION_MODEL", "vlmkit.toml", '"tiny"'):
        assert way in str(caught.value)


def test_the_model_in_force_is_found(folder, monkeypatch):
    """Argument first, then what the environment says."""
    monkeypatch.setenv("VISION_MODEL", "org/name")
    assert settings.require_model() == "org/name"
    assert settings.require_model("tiny") == "tiny"
