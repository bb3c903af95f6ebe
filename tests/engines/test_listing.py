"""Models that are here already: found where the Hub's client keeps them, judged by their files."""

import json
import struct

import pytest

from vlmkit.engines import hub, listing
from vlmkit.errors import MissingExtra, ModelLoadFailed, ModelNotFound


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
    return listing.list_models()[1:]


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
        "from vlmkit.engines import hub, listing; from huggingface_hub import constants\n"
        "print(hub.hub_cache()); print(constants.HF_HUB_CACHE)"
    )
    ours, theirs = done.stdout.splitlines()
    assert ours == theirs


@pytest.mark.core_model
def test_tiny_is_ready(cache):
    """The bundled model is there, first, and can be used."""
    (tiny,) = listing.list_models()
    assert (tiny.name, tiny.source, tiny.error) == ("tiny", "bundled", None)
    assert 1e6 < tiny.size_bytes < 1e8
    assert tiny.context > 0


def test_a_missing_bundled_model_is_an_error_not_a_crash(monkeypatch, cache):
    """An installation without weights says so."""

    def nowhere(_name):
        raise ModelNotFound("tiny: no weights")

    monkeypatch.setattr("vlmkit.engines.locate.find", nowhere)
    assert listing.list_models()[0].error == "tiny: no weights"


def test_listing_does_not_open_mlx(fresh_python):
    """Files are read, nothing is loaded."""
    fresh_python(
        "import sys; from vlmkit.engines import hub, listing; listing.list_models(); assert 'mlx' not in sys.modules"
    )


def test_a_model_is_checked_without_loading(cache):
    """Whole ones are fine; half ones and missing ones say what is wrong."""
    download(cache, "org/whole", {"model_type": "smolvlm", "vision_config": {}})
    download(cache, "org/half", {"model_type": "smolvlm", "vision_config": {}}, weights=False)
    for name in (None, "tiny", "org/whole"):
        listing.check_local("mlx", None, 0.0, name)
    with pytest.raises(ModelLoadFailed, match="org/half"):
        listing.check_local("mlx", None, 0.0, "org/half")
    with pytest.raises(ModelNotFound, match=r"org/hole is not on this machine.*On this machine: org/whole"):
        listing.check_local("mlx", None, 0.0, "org/hole")


def test_a_missing_library_is_said(monkeypatch):
    """With what installs it."""
    monkeypatch.setattr(listing.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(MissingExtra, match="need mlx, which is not installed"):
        listing.check_local("mlx", None, 0.0, "tiny")
