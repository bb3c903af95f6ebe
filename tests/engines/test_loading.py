"""From files to a model in memory, and every way that fails."""

import json
import shutil
import sys
from contextlib import suppress

import pytest

from vlmkit import engines
from vlmkit.engines import loading
from vlmkit.engines.desk import desk
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import MissingExtra, ModelLoadFailed


@pytest.fixture
def copy(checkpoint, tmp_path):
    """A copy of the checkpoint to break, as a function of changes to its config.json."""

    def build(**changes):
        directory = tmp_path / "copy"
        shutil.copytree(checkpoint, directory)
        config = json.loads((directory / "config.json").read_text()) | changes
        (directory / "config.json").write_text(json.dumps(config))
        return directory

    return build


def test_an_unknown_architecture_is_said_with_the_version(copy):
    """What mlx_vlm does not have, no download will bring."""
    with pytest.raises(ModelLoadFailed, match=r"mlx_vlm 0\.\S+ on mlx \S+ has no architecture 'dreamer'"):
        open_engine(str(copy(model_type="dreamer")))


def test_a_model_that_sees_nothing_is_said(copy):
    """A text model is known to mlx_vlm, and still the wrong kind."""
    with pytest.raises(ModelLoadFailed, match=r"is not a vision-language model: 'llama' takes no pictures"):
        open_engine(str(copy(model_type="llama")))


def test_weights_that_do_not_fit_the_code_are_said(copy):
    """Another width than the file has."""
    text = {"hidden_size": 80, "num_hidden_layers": 2, "intermediate_size": 96, "num_attention_heads": 4}
    directory = copy()
    config = json.loads((directory / "config.json").read_text())
    config["text_config"] |= text
    (directory / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelLoadFailed, match=r"cannot be loaded: ValueError.*(?:other names|other shapes)"):
        open_engine(str(directory))


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (["tokenizer.json"], "a tokenizer"),
        (["preprocessor_config.json", "processor_config.json"], "the settings of its processor"),
    ],
)
def test_missing_files_are_named_before_the_load(copy, files, what):
    """Where another download helps, and only there, it is advised."""
    directory = copy()
    for file in files:
        (directory / file).unlink()
    with pytest.raises(ModelLoadFailed, match=rf"{directory.name} lacks {what}.*Get the model again, whole\.$"):
        open_engine(str(directory))


def test_a_model_too_large_for_the_machine_is_refused(checkpoint, monkeypatch):
    """Before its weights are read."""
    monkeypatch.setattr(loading, "available_bytes", lambda: 10_000)
    with pytest.raises(ModelLoadFailed, match=r"GiB of memory, and 0\.0 GiB are free"):
        open_engine(str(checkpoint))


def test_code_that_a_checkpoint_brings_does_not_run(copy, tmp_path):
    """Neither through model_file nor through auto_map, with a marker that would show it."""
    marker = tmp_path / "ran"
    directory = copy(auto_map={"AutoModel": "evil.Evil", "AutoProcessor": "evil.Evil", "AutoConfig": "evil.Evil"})
    (directory / "evil.py").write_text(f"open({str(marker)!r}, 'w').close()\nclass Evil: pass\n")
    tokenizer = json.loads((directory / "tokenizer_config.json").read_text())
    tokenizer["auto_map"] = {"AutoTokenizer": ["evil.Evil", None]}
    (directory / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    with suppress(ModelLoadFailed):  # whether it opens without its code is mlx_vlm's business
        open_engine(str(directory)).close()
    assert not marker.exists()
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"model_file": "evil.py"}))
    with pytest.raises(ModelLoadFailed, match="code of its own"):
        open_engine(str(directory))
    assert not marker.exists()


def test_allowed_code_runs(copy, tmp_path):
    """The permission is real: the marker shows that the named model's own file was run."""
    marker = tmp_path / "ran"
    directory = copy(model_file="own.py")
    own = f"open({str(marker)!r}, 'w').close()\nfrom mlx_vlm.models.smolvlm import *\n"
    own += "from mlx_vlm.models.smolvlm import LanguageModel, Model, ModelConfig, VisionModel\n"
    (directory / "own.py").write_text(own)
    with open_engine(str(directory), allow_code=str(directory)) as engine:
        assert engine.info.architecture == "smolvlm"
    assert marker.exists()


def test_a_missing_library_is_a_missing_package(monkeypatch, checkpoint):
    """With what repairs it; the import's own error is the cause."""
    monkeypatch.delattr(engines, "mlx_vlm_api", raising=False)
    monkeypatch.setitem(sys.modules, "vlmkit.engines.mlx_vlm_api", None)
    with pytest.raises(MissingExtra, match=r"needs mlx and mlx_vlm.*pip install -U vlmkit") as caught:
        open_engine(str(checkpoint))
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.parametrize("bits", [4, 8])
def test_packed_weights_are_unpacked_on_a_cpu(checkpoint, tmp_path, bits):
    """The engine says what the checkpoint was, and computes in single precision."""

    def convert():
        from tests.families.making import quantize

        return quantize(checkpoint, tmp_path / "packed", bits)

    directory = desk().call(convert)
    with open_engine(str(directory)) as engine:
        if engine.info.device != "cpu":
            pytest.skip("packed weights stay packed on a GPU")
        assert (engine.info.quantization, engine.info.precision) == (f"{bits}-bit", "float32")
        assert engine.info.memory_bytes == 4 * engine.info.parameters
        assert engine.generate(None, "Hi", max_tokens=3).usage.completion_tokens > 0
