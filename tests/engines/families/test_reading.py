"""A configuration as both libraries read it, and the layout that transformers 5 saves."""

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
    parts = {
        part.name: part for part in ask_desk("reading", "read_parts", {"model_type": "smolvlm", "text_config": {}})
    }
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


@pytest.fixture
def rewritten(ask_desk):
    return lambda config: ask_desk("reading", "rewritten", config)


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl"])
def test_settings_of_the_text_are_lifted_where_a_class_looks_at_the_top(family, saved, rewritten, settings_of):
    """mlx_vlm's Qwen2-VL ignores the nested table."""
    config = saved(family, text={"hidden_size": 96, "rms_norm_eps": 3e-4})
    made = rewritten(config)
    assert "text_config" not in made
    assert made["model_type"] == family
    assert settings_of(made)["hidden_size"] == 96
    assert settings_of(made)["rms_norm_eps"] == 3e-4


@pytest.mark.parametrize("family", ["smolvlm", "gemma3", "qwen3_vl", "llava"])
def test_settings_of_the_text_stay_where_a_class_looks_for_them(family, saved, rewritten):
    """Nested, as in both layouts."""
    assert rewritten(saved(family))["text_config"]["hidden_size"] == 64


def test_settings_at_the_top_are_left_alone(rewritten):
    """A release of Qwen2-VL is in this layout already."""
    config = {"model_type": "qwen2_vl", "hidden_size": 64, "vision_config": {"model_type": "qwen2_vl"}}
    assert rewritten(config) == config


@pytest.mark.parametrize(
    ("family", "saved_as", "known_as"),
    [
        ("qwen2_vl", "qwen2_vl_vision", "qwen2_vl"),
        ("qwen3_vl", "qwen3_vl_vision", "qwen3_vl"),
        ("gemma4", "gemma4_vision", "gemma4_vision"),
        ("qwen3_vl", "siglip_vision_model", "siglip_vision_model"),
    ],
)
def test_a_part_has_the_familys_own_type(family, saved_as, known_as, rewritten):
    """Only where the class knows it under that one; a tower of another kind stays one."""
    config = {"model_type": family, "vision_config": {"model_type": saved_as}}
    assert rewritten(config)["vision_config"]["model_type"] == known_as


@pytest.mark.parametrize("places", [("1", "3"), ("01", "03"), (1, 3)])
def test_settings_of_single_layers_become_those_of_their_kind(places, rewritten):
    """Where all layers of the kind, and no others, have them; in deep models their numbers are padded."""
    kinds = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    text = {"layer_types": kinds, "per_layer_config": {place: {"head_dim": 32} for place in places}}
    made = rewritten({"model_type": "gemma4", "text_config": text})["text_config"]
    assert made == {"layer_types": kinds, "global_head_dim": 32}


@pytest.mark.parametrize(
    "layers",
    [
        {"1": {"head_dim": 32}},
        {"1": {"head_dim": 32}, "3": {"head_dim": 16}},
        {"1": {"intermediate_size": 32}, "3": {"intermediate_size": 32}},
    ],
)
def test_irregular_layers_are_a_fault(layers, saved, examine):
    """mlx_vlm has one setting for all of them."""
    kinds = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    config = saved("gemma4", text={"num_hidden_layers": 4, "layer_types": kinds})
    config["text_config"]["per_layer_config"] = layers
    (fault,) = examine(config).faults
    assert (fault.setting, fault.kind) == ("text_config.per_layer_config", "layers")


@pytest.mark.parametrize(
    ("config", "layout"),
    [
        ({"text_config": {"rope_theta": 1.0}}, "v4"),
        ({"rope_theta": 1.0}, "v4"),
        ({"text_config": {"rope_parameters": {}}}, "v5"),
        ({"vision_config": {"rope_parameters": {}}}, "v5"),
        ({"text_config": {"per_layer_config": {}}}, "v5"),
    ],
)
def test_which_layout_it_is(config, layout, ask_desk):
    """By what only transformers 5 writes."""
    assert ask_desk("reading", "layout_of", config) == layout


def test_a_llava_with_pixtrals_tower_is_a_pixtral(saved, rewritten):
    """One class of transformers, two of mlx_vlm; what is left out is LLaVA's default."""
    config = saved("llava") | {"vision_config": {"model_type": "pixtral", "hidden_size": 32}}
    for name in ("vision_feature_layer", "image_token_index", "image_token_id"):
        config.pop(name, None)
    made = rewritten(config)
    assert made["model_type"] == "pixtral"
    assert (made["vision_feature_layer"], made["image_token_index"]) == (-2, 32000)
    assert rewritten(config | {"vision_feature_layer": -1})["vision_feature_layer"] == -1
    assert rewritten(saved("llava"))["model_type"] == "llava"
