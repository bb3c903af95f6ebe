"""Whether a model would be right and would fit here, told before a load, on real settings and real code."""

import json
import shutil
import sys

import pytest

from vlmkit.engines import compatibility, locate
from vlmkit.engines.compatibility import compatibility_of
from vlmkit.engines.mlx import open_engine
from vlmkit.errors import MissingExtra

TINY = locate.find("tiny").directory


@pytest.fixture
def changed(tmp_path):
    """Compatibility of the bundled model with other settings."""

    def change(file="config.json", /, **settings):
        directory = tmp_path / "model"
        shutil.copytree(TINY, directory, dirs_exist_ok=True)
        path = directory / file
        path.write_text(json.dumps(json.loads(path.read_text()) | settings))
        return compatibility_of(str(directory))

    return change


def test_the_bundled_model_is_told_as_it_opens():
    """What is said before a load is what the open model says."""
    found = compatibility_of("tiny")
    with open_engine("tiny") as engine:
        info, abilities = engine.info, engine.abilities
    assert (found.verdict, found.obstacle, found.needs_code, found.is_here) == ("same", None, False, True)
    assert (found.family, found.parameters, found.context_length) == (
        info.architecture,
        info.parameters,
        info.context_length,
    )
    assert (found.images_per_ask, found.serving) == (abilities.images_per_ask, info.serving)
    assert found.longest_side_px == 144
    assert found.float32_bytes == 4 * info.parameters
    assert found.stored_bytes == (TINY / "model.safetensors").stat().st_size
    assert found.free_bytes > 0


def test_an_unknown_family_fails(changed):
    """Whatever else its settings say."""
    found = changed(model_type="nosuchfamily")
    assert found.verdict == "fails"
    assert "no architecture 'nosuchfamily'" in found.obstacle
    assert changed(model_type="llama").verdict == "fails"
    assert "names no model_type" in changed(model_type=None).obstacle


def test_a_model_that_cannot_be_built_fails(changed):
    """The family's own code is asked, without a weight."""
    config = json.loads((TINY / "config.json").read_text())
    found = changed(vision_config=config["vision_config"] | {"model_type": "nosuchtower"})
    assert found.verdict == "fails"
    assert "cannot build it from its settings (ValueError: Unsupported model type: nosuchtower)" in found.obstacle


def test_size_does_not_matter(changed):
    """A model of many billion weights is built in no time, as none is computed; and it does not fit."""
    config = json.loads((TINY / "config.json").read_text())
    found = changed(text_config=config["text_config"] | {"num_hidden_layers": 200, "intermediate_size": 60_000})
    assert found.verdict == "same"


def test_memory_is_compared_with_what_is_free(monkeypatch):
    """Too little is an obstacle, and says nothing of the answers."""
    monkeypatch.setattr(compatibility, "available_bytes", lambda: 2**20)
    found = compatibility_of("tiny")
    assert (found.verdict, found.free_bytes) == ("same", 2**20)
    assert "GiB are free" in found.obstacle


@pytest.mark.parametrize(
    ("table", "said", "fails"),
    [
        ({"bits": 4, "group_size": 64}, "mlx affine, 4-bit", False),
        ({"bits": 4, "group_size": 32, "mode": "mxfp4"}, "mlx mxfp4, 4-bit", False),
        ({"quant_method": "fp8"}, "fp8", False),
        ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes", True),
        ({"quant_method": "gptq", "bits": 4}, "gptq, 4-bit", True),
    ],
)
def test_packing_is_told_by_method_and_bits(changed, table, said, fails):
    """What mlx_vlm does not unpack fails."""
    found = changed(quantization_config=table)
    assert (found.quantization, found.verdict == "fails") == (said, fails)
    assert not fails or "does not unpack" in found.obstacle


def test_code_of_its_own_is_told(changed):
    """Of the model; or of processor or tokenizer where neither library has a class for them."""
    assert changed(auto_map={"AutoModel": "modeling.Model"}).needs_code is False
    own = changed("tokenizer_config.json", auto_map={"AutoTokenizer": ["tok.Tok", None]}, tokenizer_class="Tok")
    assert own.needs_code
    assert "allow_code=" in own.obstacle
    pictures = {"AutoImageProcessor": "pictures.Own"}
    assert changed("preprocessor_config.json", auto_map=pictures).needs_code is False  # mlx_vlm has one
    assert changed("config.json", auto_map={"AutoProcessor": "own.Own"}, model_type="nosuchfamily").verdict == "fails"
    found = changed(model_file="model.py")
    assert (found.needs_code, found.verdict) == (True, "same")
    assert "can do anything you can" in found.obstacle


def test_settings_read_otherwise_are_listed(changed):
    """With what becomes of them."""
    config = json.loads((TINY / "config.json").read_text())
    found = changed(text_config=config["text_config"] | {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}})
    assert found.settings[0].startswith("text_config.rope_type is 'yarn' for transformers and 'default' for mlx_vlm; ")
    assert (found.verdict == "fails") == any("not made up for" in setting for setting in found.settings)


def test_the_layout_is_told(changed):
    """As transformers 5 saves it, rotary settings are a table."""
    text = json.loads((TINY / "config.json").read_text())["text_config"]
    theta = text.pop("rope_theta")
    found = changed(text_config=text | {"rope_parameters": {"rope_type": "default", "rope_theta": theta}})
    assert (found.layout, found.verdict) == ("v5", "same")
    assert found.settings == (
        f"text_config.rope_theta is {theta} for transformers and 1000000.0 for mlx_vlm; read here as transformers does",
    )


def test_without_mlx_it_is_said(monkeypatch):
    """What is missing, and how to get it."""
    monkeypatch.setitem(sys.modules, "vlmkit.engines.mlx_vlm_api", None)
    with pytest.raises(MissingExtra):
        compatibility_of("tiny")
