"""What is to be had of a checkpoint without its weights: from a directory, from the Hub's cache, from the Hub."""

import json
import shutil

import pytest

from vlmkit.engines import hub, locate, published
from vlmkit.errors import BadSetting, ModelNotFound

TINY = locate.find("tiny").directory
LISTED = {"config.json": {"model_type": "smolvlm", "torch_dtype": "bfloat16"}}


def listing(sizes, *, elements=None, **settings):
    return hub.Listing(settings=LISTED | settings, sizes=sizes, elements=elements or {})


@pytest.fixture
def on_the_hub(monkeypatch, tmp_path):
    """Have the Hub list a repository; its cache is empty."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))

    def put(found):
        monkeypatch.setattr(hub, "look_up", lambda *_, **__: found)
        return published.published("org/model")

    return put


def test_a_directory_is_read_where_it_is():
    """Settings of all files, and weights counted by their headers."""
    found = published.published("tiny")
    assert found.config["model_type"] == "smolvlm"
    assert found.processor["size"] == {"height": 144, "width": 144}
    assert found.tokenizer["tokenizer_class"]
    assert (found.parameters, found.fault, found.is_here) == (4_978_112, None, True)


def test_nested_processor_settings_are_found(tmp_path):
    """As transformers 5 writes them, into one file."""
    shutil.copytree(TINY, tmp_path / "model")
    old = tmp_path / "model" / "preprocessor_config.json"
    new = tmp_path / "model" / "processor_config.json"
    new.write_text(json.dumps({"image_processor": json.loads(old.read_text()), "image_seq_len": 9}))
    old.unlink()
    found = published.published(str(tmp_path / "model"))
    assert (found.processor["size"]["width"], found.processor["image_seq_len"]) == (144, 9)


def test_weights_that_cannot_be_read_are_a_fault_and_no_error(tmp_path):
    """The rest is told all the same."""
    shutil.copytree(TINY, tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").rename(tmp_path / "model" / "pytorch_model.bin")
    found = published.published(str(tmp_path / "model"))
    assert "a pickle" in found.fault
    assert (found.config["model_type"], found.is_here) == ("smolvlm", False)


def test_a_listing_tells_of_pickles_and_of_other_files(on_the_hub):
    """By their names."""
    assert "a pickle" in on_the_hub(listing({"pytorch_model.bin": 9})).fault
    assert "does not read" in on_the_hub(listing({"model.gguf": 9})).fault
    others = listing({"consolidated.safetensors": 9, "onnx/model.safetensors": 9})
    assert "the Hub has no .safetensors" in on_the_hub(others).fault


@pytest.mark.parametrize(
    ("elements", "config", "weights"),
    [
        ({"BF16": 1000}, {}, 1000),
        ({}, {}, 4096 // 2),
        ({}, {"torch_dtype": "float32"}, 4096 // 4),
        ({}, {"dtype": "float32", "torch_dtype": None}, 4096 // 4),
        # 100 words of eight weights, a scale and a bias for each 64 of them, and 40 plain weights.
        ({"U32": 100, "BF16": 25 + 40}, {"quantization": {"bits": 4, "group_size": 64}}, 840),
        ({}, {"quantization": {"bits": 4, "group_size": 64}}, int(4096 / (0.5 + 4 / 64))),
    ],
)
def test_weights_are_counted_or_estimated(on_the_hub, elements, config, weights):
    """Packed ones count as those that they stand for."""
    sizes = {"model.safetensors": 4096, "tokenizer.json": 1}
    found = on_the_hub(listing(sizes, elements=elements, **{"config.json": LISTED["config.json"] | config}))
    assert (found.parameters, found.weight_bytes, found.is_here) == (weights, 4096, False)


def test_no_settings_no_model(on_the_hub):
    """Such as a data set's name, or one of GGUF files alone."""
    with pytest.raises(ModelNotFound, match=r"org/model has no config.json on the Hub"):
        on_the_hub(hub.Listing(settings={}, sizes={"model.gguf": 9}, elements={}))


def test_what_is_whole_here_is_not_asked_for(monkeypatch, tmp_path):
    """Half a download is looked up, or is all there is where the Hub is out of reach."""

    def unreachable(*_, **__):
        raise ModelNotFound("nobody there")

    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(hub, "look_up", unreachable)
    snapshot = tmp_path / "models--org--model" / "snapshots" / "abc"
    shutil.copytree(TINY, snapshot)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text("abc")
    assert published.published("org/model").is_here
    (snapshot / "model.safetensors").unlink()
    assert "no .safetensors" in published.published("org/model").fault
    with pytest.raises(ModelNotFound, match="nobody there"):
        published.published("org/model", revision="v2")
    with pytest.raises(ModelNotFound, match="nobody there"):
        published.published("org/other")


def test_a_revision_is_for_the_hub():
    """A directory has none."""
    with pytest.raises(BadSetting, match="revision"):
        published.published("tiny", revision="v2")
