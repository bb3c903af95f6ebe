"""A configuration as both libraries read it."""

import pytest


@pytest.fixture
def written(ask_desk):
    return lambda config, part: ask_desk("reading", "written", config, part)


@pytest.mark.parametrize("key", ["text_config", "llm_config", "language_config"])
def test_settings_of_the_text_have_several_names(key, written):
    """And are nested under one of them."""
    assert written({key: {"hidden_size": 3}}, "text_config") == {"hidden_size": 3}


def test_settings_of_the_text_may_stand_at_the_top(written):
    """Those of the pictures never do."""
    assert written({"hidden_size": 3}, "text_config") == {"hidden_size": 3}
    assert written({"hidden_size": 3}, "vision_config") == {}


def test_both_libraries_fill_in_their_own_defaults(ask_desk):
    """Which is where they part."""
    parts = {part.name: part for part in ask_desk("reading", "read", {"model_type": "smolvlm", "text_config": {}})}
    assert parts.keys() == {"", "text_config", "vision_config"}
    text = parts["text_config"]
    assert (text.transformers.rms_norm_eps, text.mlx.rms_norm_eps) == (1e-6, 1e-5)


def test_parts_are_read_by_their_own_type_where_the_whole_is_unknown(ask_desk):
    """mlx-community writes model_type pixtral, which is a tower alone for transformers."""
    text = {"model_type": "mistral", "hidden_size": 64, "vocab_size": 9}
    config = {"model_type": "pixtral", "text_config": text, "vision_config": {"model_type": "pixtral"}}
    found = ask_desk("reading", "transformers_parts", config)
    assert found[""] is None
    assert type(found["text_config"]).__name__ == "MistralConfig"
    assert type(found["vision_config"]).__name__ == "PixtralVisionConfig"
