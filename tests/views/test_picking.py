"""Choosing a model: what there is, in a useful order, with what it needs; tried, and then in force."""

from itertools import pairwise

import consented
import pandas as pd
import pytest
from PIL import Image
from scripted_server import ScriptedServer, http

import vlmkit as vk
from vlmkit import settings
from vlmkit.backends import discovery
from vlmkit.errors import BadSetting, SetupError, UnreadableImage
from vlmkit.tiny import scenes
from vlmkit.views.picking import Picker

TAGS = {"models": [{"name": "aya:latest", "size": 4_700_000_000}, {"name": "qwen3-vl:8b", "size": 6_100_000_000}]}


def show(request):
    if request.path == "/api/show":
        return http(body={"capabilities": ["vision"] if request.json["model"].startswith("qwen") else ["completion"]})
    answers = {"/api/tags": TAGS, "/api/ps": {"models": []}, "/api/version": {"version": "0.12"}}
    return http(body=answers[request.path]) if request.path in answers else http(404)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """A working directory where one server answers as Ollama does, and no other is there."""
    folder = tmp_path_factory.mktemp("picking")
    with ScriptedServer(show) as server:
        consented.write(folder, f'[hosts.ollama]\nurl = "{server.url}"\n')
        yield folder


@pytest.fixture
def picker(usual, monkeypatch):
    """What there is to choose from there."""
    monkeypatch.chdir(usual)
    monkeypatch.setenv("HF_HUB_CACHE", str(usual / "cache"))
    discovery.forget_models()
    yield vk.pick_model()
    discovery.forget_models()


def test_models_come_by_engine_those_with_eyes_first(picker):
    """With size, and what they need in this process, which the bundled one gets."""
    assert [choice.name for choice in picker.choices] == ["tiny", "ollama:qwen3-vl:8b", "ollama:aya:latest"]
    tiny, qwen, aya = picker.choices
    assert (tiny.sees_pictures, qwen.sees_pictures, aya.sees_pictures) == (True, True, False)
    assert tiny.memory_bytes >= tiny.size_bytes > 10**6
    assert tiny.fits
    assert (qwen.size_bytes, qwen.memory_bytes, qwen.fits) == (6_100_000_000, None, None)


def test_what_cannot_be_used_says_why(picker):
    """Servers that are not there, and how to start them."""
    engines = [problem.partition(":")[0] for problem in picker.problems]
    assert "lmstudio" in engines
    assert "ollama" not in engines
    assert any("Start the server" in problem for problem in picker.problems)


def test_every_word_of_the_filter_must_occur(picker):
    """Anywhere."""
    assert [choice.name for choice in picker.matching("OLLAMA vl")] == ["ollama:qwen3-vl:8b"]
    assert [choice.name for choice in picker.matching("bundled")] == ["tiny"]
    assert picker.matching("nothing like it") == []
    assert picker.matching(" ") == picker.choices


def test_choosing_puts_a_model_in_force(picker, backend, photos):
    """For this session, and as what a verb is given."""
    assert picker.model is None
    with pytest.raises(BadSetting, match="nothing is chosen in the picker yet"):
        vk.caption(photos(1), model=picker)
    with pytest.raises(SetupError):
        picker.choose("no-such-engine:x")
    assert picker.model is None
    picker.choose("tiny")
    assert (picker.model, settings.get("model")) == ("tiny", "tiny")
    assert repr(picker) == "<Picker: 3 models, 'tiny' chosen>"


@pytest.mark.core_model
def test_a_picker_is_a_model(picker):
    """Once something is chosen."""
    picker.choose("tiny")
    table = pd.DataFrame({"image": [scenes.make(1).draw()]})
    picked, named = (vk.caption(table, model=model)["caption"][0] for model in (picker, "tiny"))
    assert picked == named
    assert vk.explain(scenes.make(1).draw(), "How many objects are there?", model=picker).model == "mlx:tiny"


@pytest.mark.core_model
def test_a_trial_tells_piece_by_piece(picker):
    """The last one is whole, and nothing of it is stored or chosen."""
    trials = list(picker.attempt("tiny"))
    assert len(trials) > 3
    assert [trial.is_finished for trial in trials] == [False] * (len(trials) - 1) + [True]
    assert all(after.text.startswith(before.text) for before, after in pairwise(trials))
    assert 0 <= trials[0].seconds <= trials[-1].seconds
    assert picker.model is None
    with pytest.raises(UnreadableImage):
        list(picker.attempt("tiny", b"no picture"))
    own = list(picker.attempt("tiny", Image.new("RGB", (60, 60), "white"), "How many objects are there?"))
    assert own[-1].text.isdigit()


def test_an_engine_that_came_up_is_found_again(picker, monkeypatch):
    """Refreshing asks again, though the last answer is new."""
    answers = [[discovery.FoundModel(engine="mlx", name="org/other", memory_bytes=10**15)]]
    monkeypatch.setattr("vlmkit.views.picking.find_models", lambda **given: answers[0] if given["refresh"] else [])
    picker.refresh()
    assert [choice.name for choice in picker.choices] == ["org/other"]
    assert picker.choices[0].fits is False
    assert picker.problems == []


def test_without_a_notebook_it_is_a_plain_object(picker):
    """Its text says what there is."""
    assert isinstance(picker, Picker)
    assert repr(picker) == "<Picker: 3 models, nothing chosen>"
