"""A package that is really installed plugs in an engine, a format, a source and a style; each works like ours."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit import settings
from vlmkit.backends import discovery
from vlmkit.errors import BadSetting, BrokenPlugin, ModelLoadFailed, SetupError, UnknownModel

PLUGIN = Path(__file__).parent / "support" / "plugin"
PIP = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Folder of packages in which pip installed it."""
    target = tmp_path_factory.mktemp("packages")
    subprocess.run([sys.executable, *PIP, "--target", str(target), str(PLUGIN)], check=True, timeout=300)
    return target


@pytest.fixture
def plugin(installed, monkeypatch, tmp_path):
    """It is importable, and nothing is remembered of the time before."""
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    importlib.invalidate_caches()
    discovery.forget_models()
    yield
    sys.modules.pop("acme_vlmkit", None)
    discovery.forget_models()


@pytest.fixture
def album():
    """Its pictures as a table."""
    return vk.read_images("acme://album")


@pytest.mark.usefixtures("plugin")
def test_its_engine_answers_and_is_listed():
    """By name, in the table of models, in the picker, and in health."""
    assert vk.load("acme:loud").generate(None, "hello").text == "HELLO"
    assert vk.models("acme")["name"].tolist() == ["acme:loud"]
    assert "acme:loud" in set(vk.models(timeout_s=30)["name"].dropna())
    assert "acme:loud" in [choice.name for choice in vk.pick_model(timeout_s=30).choices]
    assert vk.health("acme")
    assert vk.health("acme:loud")
    assert "no such model. There is acme:loud" in vk.health("acme:quiet").problem


@pytest.mark.usefixtures("plugin")
def test_its_source_is_a_folder_of_pictures_and_its_style_a_style(album):
    """A column of its URLs is described by its engine, from a prompt of its own."""
    assert album["path"].tolist() == ["acme://album/1", "acme://album/2"]
    assert album["width"].tolist() == [10, 20]
    assert len(vk.read_images("acme://album", recursive=True)) == 3
    table = vk.caption(album, style="pirate", model="acme:loud", store=False)
    assert table["caption"].tolist() == ["DESCRIBE THIS IMAGE AS A PIRATE WOULD."] * 2
    with pytest.raises(BadSetting, match="Did you mean 'pirate'"):
        vk.caption(album, style="pirat", model="acme:loud", store=False)


@pytest.mark.usefixtures("plugin")
def test_its_format_is_a_verb_and_is_recognized(album, tmp_path):
    """It is written, read by name and without, and merged."""
    table = album.assign(caption=["one", "two"])
    assert table.vlm.to_acme(tmp_path / "set.acme")["action"].tolist() == ["write", "write"]
    for back in (vk.read_dataset(tmp_path / "set.acme"), vk.read_dataset(tmp_path / "set.acme", "acme")):
        assert back["caption"].tolist() == ["one", "two"]
    with pytest.raises(BadSetting, match="acme has no such option; it has: column"):
        vk.read_dataset(tmp_path / "set.acme", root="x")


@pytest.mark.usefixtures("plugin")
def test_what_it_raises_is_said_as_ours(album, tmp_path):
    """Whose fault it is, in an error of the kind that belongs there: of the call, or of a row."""
    with pytest.raises(ModelLoadFailed, match=r"RuntimeError: no voice\. Report it to whoever wrote acme_vlmkit"):
        vk.load("acme:hoarse")
    table = vk.describe(album, "break", model="acme:loud", store=False, max_retries=0, on_error="skip")
    assert table["description_error"].str.startswith("ServerFault: ").all()
    assert table["description_error"].str.contains("KeyError").all()
    frame = vk.read_images(["acme://album/1", "acme://album/none"])
    assert frame["error"].fillna("").str.startswith("UnreadableImage").tolist() == [False, True]
    assert "Report it to whoever wrote acme_vlmkit" in frame["error"][1]
    with pytest.raises(BrokenPlugin, match=r"acme cannot be written: acme_vlmkit:write_lines raised KeyError"):
        album.vlm.to_acme(tmp_path / "set.acme")


@pytest.mark.usefixtures("plugin")
def test_what_is_not_allowed_is_not_used(tmp_path):
    """Naming it says which setting forbids it; nothing lists it."""
    settings.use(allow_plugins=[])
    for use in (lambda: vk.load("acme:loud"), lambda: vk.read_images("acme://album")):
        with pytest.raises(SetupError, match="not allowed"):
            use()
    assert "acme" not in set(vk.models(timeout_s=30)["engine"])
    with pytest.raises(SetupError, match="not allowed"):
        pd.DataFrame({"path": []}).vlm.to_acme(tmp_path / "x")


def test_without_it_nothing_is_left():
    """The engine is unknown, and the format no verb."""
    with pytest.raises(UnknownModel):
        vk.load("acme:loud")
    assert not hasattr(pd.DataFrame().vlm, "to_acme")


def command(installed, fresh_python, *arguments, check=True, **environment):
    path = os.pathsep.join([str(installed), os.environ["PYTHONPATH"]])
    code = "from vlmkit.cli.entry import main; main()"
    return fresh_python(code, *arguments, check=check, PYTHONPATH=path, **environment).stdout


def test_the_command_line_knows_it(installed, fresh_python):
    """In the list of models, and in the doctor's list of plugins."""
    found = json.loads(command(installed, fresh_python, "models", "--engine", "acme", "--format", "json"))
    assert [model["name"] for model in found["models"]] == ["acme:loud"]
    assert "acme" in found["engines"]
    plugins = json.loads(command(installed, fresh_python, "doctor", "--format", "json", check=False))["plugins"]
    assert plugins == {
        "acme (vlmkit.backends)": "acme-vlmkit: used",
        "acme (vlmkit.exporters)": "acme-vlmkit: used",
        "acme (vlmkit.sources)": "acme-vlmkit: used",
        "pirate (vlmkit.styles)": "acme-vlmkit: used",
    }


def test_a_wrong_setting_stops_no_other_command(installed, fresh_python):
    """The doctor says what is wrong with it."""
    wrong = {"VLMKIT_ALLOW_PLUGINS": "???"}
    assert "describe" in command(installed, fresh_python, "--help", **wrong)
    found = json.loads(command(installed, fresh_python, "doctor", "--format", "json", check=False, **wrong))
    assert any("VLMKIT_ALLOW_PLUGINS" in advice for advice in found["advice"])
    assert set(found["plugins"].values()) == {"acme-vlmkit: not allowed"}
