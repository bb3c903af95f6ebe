"""From names to directories."""

import json
import shutil
import struct
from dataclasses import replace

import pytest

from vlmkit.engines import hub, locate
from vlmkit.engines.locate import Specification, find, find_adapter, is_bundled, revision_of
from vlmkit.engines.mlx import open_specified
from vlmkit.errors import BadSetting, MissingExtra, ModelLoadFailed, ModelNotFound


def test_tiny_is_in_the_package():
    """Its directory stands beside its code."""
    place = find("tiny")
    assert place.directory.parts[-3:] == ("vlmkit", "tiny", "weights")
    assert place.commit is None


def test_a_directory_is_itself(tmp_path, monkeypatch):
    """Absolute, relative, or below the home."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (str(tmp_path / "model"), "model", "./model", "~/model"):
        assert find(name).directory.resolve() == tmp_path / "model"


def test_anything_else_of_the_right_form_is_asked_of_the_hub(tmp_path, monkeypatch):
    """The snapshot's folder is named after its commit."""
    asked = []

    def fetch(name, *, revision, code_allowed):
        asked.append((name, revision, code_allowed))
        return tmp_path / "0123abc"

    monkeypatch.setattr(hub, "download", fetch)
    place = find("org/name", revision="v1", code_allowed=True)
    assert (place.directory, place.commit) == (tmp_path / "0123abc", "0123abc")
    assert asked == [("org/name", "v1", True)]


@pytest.mark.parametrize("name", ["nothing", "a/b/c", "org/na me", ""])
def test_a_name_of_no_form_is_not_found(name):
    """The message lists the forms."""
    with pytest.raises(ModelNotFound, match=r"existing directory, org/name, or 'tiny'"):
        find(name)


def test_a_local_model_has_no_revisions(tmp_path):
    """To ask for one is a mistake, not something to overlook."""
    for name in ("tiny", str(tmp_path)):
        with pytest.raises(BadSetting, match=r"revision: 'main' cannot be used.*local model"):
            find(name, revision="main")


def test_an_adapter_needs_both_its_files(tmp_path):
    """None is none; half of one is not found."""
    assert find_adapter(None) is None
    for name in ("adapter_config.json", "adapters.safetensors"):
        with pytest.raises(ModelNotFound, match=f"has no {name}"):
            find_adapter(tmp_path)
        (tmp_path / name).touch()
    assert find_adapter(str(tmp_path)) == tmp_path


def test_the_bundled_model_is_known_by_its_directory(tmp_path):
    """A copy of it is a stranger's."""
    assert is_bundled(find("tiny").directory)
    assert not is_bundled(tmp_path)


@pytest.fixture
def directory(tmp_path):
    """A copy of the bundled model's files."""
    return shutil.copytree(locate.find("tiny").directory, tmp_path / "copy")


def test_a_revision_tells_weights_from_others(directory, tmp_path):
    """A commit stands for itself; of a directory it is a digest; an adapter adds its own."""
    assert revision_of(directory, "c0ffee", None) == "c0ffee"
    before = revision_of(directory, None, None)
    assert len(before) == 16
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    assert revision_of(directory, None, adapter).startswith(f"{before}+")
    (directory / "config.json").write_text((directory / "config.json").read_text() + " ")
    assert revision_of(directory, None, None) != before


def test_files_that_have_changed_are_not_opened_under_the_old_name(directory):
    """Their answers would be stored as those of the files before."""
    revision = revision_of(directory, None, None)
    specification = Specification(name=str(directory), revision=revision, directory=directory, slots=2)
    with open_specified(specification) as engine:
        assert (engine.model, engine.revision, engine.info.slots) == (f"mlx:{directory}", revision, 2)
    with pytest.raises(ModelLoadFailed, match="have changed meanwhile"):
        open_specified(replace(specification, revision="0" * 16))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty Hub cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def download(cache, name, config, *, revision="abc", weights=True):
    """Lay a repository out as the Hub's client does."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    (snapshot / "config.json").write_text(json.dumps(config))
    if weights:
        header = json.dumps({"w": {"dtype": "F32", "shape": [10, 100], "data_offsets": [0, 4000]}}).encode()
        (snapshot / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4000))
    return snapshot


def downloaded():
    return locate.list_local_models()[1:]


def test_downloaded_vision_models_are_found(cache):
    """Vision models are listed by name with what their files say; language models are not."""
    config = {"model_type": "smolvlm", "vision_config": {}, "quantization": {"bits": 4}}
    download(cache, "org/sees", config | {"text_config": {"max_position_embeddings": 2048}})
    download(cache, "org/reads-only", {"model_type": "llama"})
    (model,) = downloaded()
    assert (model.engine, model.name, model.source, model.sees_pictures) == ("mlx", "org/sees", "Hub cache", True)
    assert (model.quantization, model.context) == ("4-bit", 2048)
    assert model.size_bytes > 4000
    assert model.error is None


def test_names_with_dashes_survive(cache):
    """The client writes / as two dashes."""
    download(cache, "mlx-community/SmolVLM2-2.2B-4bit", {"model_type": "smolvlm", "vision_config": {}})
    assert [model.name for model in downloaded()] == ["mlx-community/SmolVLM2-2.2B-4bit"]


def test_half_a_download_has_an_error(cache):
    """A model that cannot be loaded is listed with the reason, not hidden."""
    download(cache, "org/half", {"model_type": "smolvlm", "vision_config": {}}, weights=False)
    (model,) = downloaded()
    assert "org/half" in model.error


def test_an_empty_or_missing_cache_is_no_error(cache, monkeypatch):
    """Nothing was ever downloaded."""
    assert downloaded() == []
    monkeypatch.setenv("HF_HUB_CACHE", str(cache / "missing"))
    assert downloaded() == []


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "{home}/.cache/huggingface/hub"),
        ({"XDG_CACHE_HOME": "/caches"}, "/caches/huggingface/hub"),
        ({"HF_HOME": "~/hf"}, "{home}/hf/hub"),
        ({"HF_HOME": "/hf", "HF_HUB_CACHE": "/models"}, "/models"),
    ],
)
def test_the_cache_is_where_the_client_keeps_it(monkeypatch, tmp_path, variables, expected):
    """The same variables as the client's, in the same order."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert str(hub.hub_cache()) == expected.format(home=tmp_path)


def test_the_cache_agrees_with_the_client(fresh_python):
    """The client itself says the same."""
    done = fresh_python(
        "from vlmkit.engines import hub, locate; from huggingface_hub import constants\n"
        "print(hub.hub_cache()); print(constants.HF_HUB_CACHE)"
    )
    ours, theirs = done.stdout.splitlines()
    assert ours == theirs


@pytest.mark.core_model
def test_tiny_is_ready(cache):
    """The bundled model is there, first, and can be used."""
    (tiny,) = locate.list_local_models()
    assert (tiny.name, tiny.source, tiny.error) == ("tiny", "bundled", None)
    assert 1e6 < tiny.size_bytes < 1e8
    assert tiny.context > 0


def test_a_missing_bundled_model_is_an_error_not_a_crash(monkeypatch, cache):
    """An installation without weights says so."""

    def nowhere(_name):
        raise ModelNotFound("tiny: no weights")

    monkeypatch.setattr("vlmkit.engines.locate.find", nowhere)
    assert locate.list_local_models()[0].error == "tiny: no weights"


def test_listing_does_not_open_mlx(fresh_python):
    """Files are read, nothing is loaded."""
    fresh_python(
        "import sys; from vlmkit.engines import locate; locate.list_local_models(); assert 'mlx' not in sys.modules"
    )


def test_a_model_is_checked_without_loading(cache):
    """Whole ones are fine; half ones and missing ones say what is wrong."""
    download(cache, "org/whole", {"model_type": "smolvlm", "vision_config": {}})
    download(cache, "org/half", {"model_type": "smolvlm", "vision_config": {}}, weights=False)
    for name in (None, "tiny", "org/whole"):
        locate.check_local("mlx", None, 0.0, name)
    with pytest.raises(ModelLoadFailed, match="org/half"):
        locate.check_local("mlx", None, 0.0, "org/half")
    with pytest.raises(ModelNotFound, match=r"org/hole is not on this machine.*On this machine: org/whole"):
        locate.check_local("mlx", None, 0.0, "org/hole")


def test_a_missing_library_is_said(monkeypatch):
    """With what installs it."""
    monkeypatch.setattr(locate.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match="need mlx, which is not installed"):
        locate.check_local("mlx", None, 0.0, "tiny")
