"""InternVL on other text models than Qwen 3."""

import importlib

import pytest

from vlmkit.engines.desk import desk

CONFIG = {
    "model_type": "internvl",
    "image_token_id": 5,
    "text_config": {
        "model_type": "qwen2",
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "rms_norm_eps": 1e-6,
        "vocab_size": 8,
        "tie_word_embeddings": False,
    },
    "vision_config": {
        "model_type": "internvl_vision",
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 1,
        "image_size": [4, 4],
        "patch_size": [2, 2],
    },
}


@pytest.fixture(scope="session")
def row(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.internvl_text")).REPAIR


@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_the_text_model_is_the_one_named(row, kind):
    """While a checkpoint is loaded; what comes after it is built as before."""

    def work():
        from tests.engines.families.repairs.building import build

        config = CONFIG | {"text_config": CONFIG["text_config"] | {"model_type": kind}}
        family = importlib.import_module("mlx_vlm.models.internvl")
        before = family.LanguageModel, family.TextConfig, family.internvl.LanguageModel
        with row.before_load(config):
            model = build("internvl", config)
        after = family.LanguageModel, family.TextConfig, family.internvl.LanguageModel
        return type(model.language_model).__module__, before == after

    assert desk().call(work) == (f"mlx_vlm.models.{kind}.language", True)


@pytest.mark.parametrize("kind", ["qwen3", "quince", None])
def test_others_are_left_to_mlx_vlm(row, kind):
    """Its own, one that nobody has, and none named."""
    text = {"model_type": kind} if kind else {}
    assert desk().call(lambda: row.before_load(CONFIG | {"text_config": text})) is None


def test_it_is_put_back_where_loading_fails(row):
    """The next model finds mlx_vlm as it was."""

    def work():
        family = importlib.import_module("mlx_vlm.models.internvl")
        context = row.before_load(CONFIG)
        context.__enter__()
        inside = family.LanguageModel.__module__
        swallowed = context.__exit__(OSError, OSError("half a file"), None)
        return inside, family.LanguageModel.__module__, swallowed

    assert desk().call(work) == ("mlx_vlm.models.qwen2.language", "mlx_vlm.models.qwen3.language", False)
