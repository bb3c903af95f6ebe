"""What is known of families, asked on the desk, and configurations as transformers itself writes them."""

import importlib
import json

import pytest

from vlmkit.engines import blas
from vlmkit.engines.desk import desk

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 512,
}


@pytest.fixture(scope="session")
def ask_desk():
    """Call a function of a module of the families room on the desk, where MLX may be imported."""

    def call(module, function, *arguments):
        def work():
            blas.prepare()
            return getattr(importlib.import_module(f"vlmkit.engines.families.{module}"), function)(*arguments)

        return desk().call(work)

    return call


@pytest.fixture(scope="session")
def examine(ask_desk):
    """Audit of a configuration."""
    return lambda config: ask_desk("audit", "audit_config", config)


@pytest.fixture(scope="session")
def saved():
    """config.json of a family as transformers 5 saves it, by changes to its defaults."""

    def make(family, *, text=None, vision=None, **changes):
        def work():
            from transformers import AutoConfig

            parts = {"text_config": SMALL | (text or {}), "vision_config": vision or {}}
            config = AutoConfig.for_model(family, **{**parts, **changes})
            return json.loads(config.to_json_string(use_diff=False))

        return desk().call(work)

    return make


@pytest.fixture(scope="session")
def settings_of():
    """Values that mlx_vlm takes for a part of a configuration."""

    def read(config, part="text_config"):
        def work():
            from vlmkit.engines.families import reading

            return {name: dict(vars(found.mlx)) for found in reading.read_parts(config) for name in (found.name,)}[part]

        return desk().call(work)

    return read
