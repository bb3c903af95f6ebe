"""Settings as transformers means them, and as mlx_vlm would take them."""

import json

import pytest

from vlmkit.engines.desk import desk

# Both libraries know them, and mlx_vlm can read what transformers saves by default.
FAMILIES = (
    "aya_vision",
    "cohere_compass",
    "diffusion_gemma",
    "gemma3",
    "gemma3n",
    "gemma4",
    "gemma4_unified",
    "glm4v",
    "glm5_next",
    "granite4_vision",
    "idefics2",
    "idefics3",
    "internvl",
    "kimi_k25",
    "lfm2_vl",
    "llava",
    "llava_next",
    "llava_onevision",
    "minicpmv4_6",
    "minimax_m3_vl",
    "mistral3",
    "mllama",
    "molmo2",
    "paddleocr_vl",
    "paligemma",
    "qwen2_5_vl",
    "qwen2_vl",
    "qwen3_vl",
    "qwen3_vl_moe",
    "smolvlm",
    "step3p7",
)


@pytest.fixture(scope="module")
def defaults():
    """Configuration of a family with every setting at its default."""

    def make(family):
        def work():
            from transformers import AutoConfig

            return json.loads(AutoConfig.for_model(family).to_json_string(use_diff=False))

        return desk().call(work)

    return make


@pytest.mark.parametrize("family", FAMILIES)
def test_what_transformers_saves_by_default_is_read_as_meant(family, defaults, examine, settings_of):
    """No false alarm; and every theta that mlx_vlm takes is the one that was saved."""
    config = defaults(family)
    audit = examine(config)
    assert audit.faults == ()
    table = (config.get("text_config") or {}).get("rope_parameters") or {}
    meant = (table.get("full_attention") or table).get("rope_theta")
    taken = settings_of(audit.config)
    for name in ("rope_theta", "rope_global_base_freq"):
        assert meant is None or taken.get(name, meant) == meant


@pytest.mark.parametrize("family", ["smolvlm", "idefics2", "llava", "llava_next", "aya_vision", "mllama", "paligemma"])
@pytest.mark.parametrize("theta", [12_345.0, 7_000_000.0])
def test_a_theta_of_the_table_arrives(family, theta, saved, examine, settings_of):
    """Whatever its value: none of these classes knows the table, all of them have a default."""
    config = saved(family, text={"rope_parameters": {"rope_type": "default", "rope_theta": theta}})
    audit = examine(config)
    assert audit.faults == ()
    assert settings_of(audit.config)["rope_theta"] == theta
    found = {difference.setting: difference for difference in audit.differences}["text_config.rope_theta"]
    assert (found.transformers, found.kind, found.repaired) == (theta, "rope", True)


def test_a_scaling_that_mlx_vlm_has_no_word_for_is_a_fault(saved, examine):
    """Its Aya Vision turns positions without any scaling."""
    scaling = {"factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 64}
    rope = {"rope_type": "llama3", "rope_theta": 500_000.0, **scaling}
    for config in (
        saved("aya_vision", text={"rope_parameters": rope}),
        saved("aya_vision", text={"rope_theta": 500_000.0, "rope_scaling": {"rope_type": "llama3", **scaling}}),
    ):
        faults = {fault.setting: fault for fault in examine(config).faults}
        assert str(faults["text_config.rope_type"]) == (
            "text_config.rope_type is 'llama3' for transformers and 'default' for mlx_vlm"
        )


@pytest.mark.parametrize("family", ["idefics2", "idefics3", "smolvlm"])
def test_a_scaling_that_is_applied_to_the_loaded_model_is_none(family, saved, examine):
    """Of the kinds that the repair knows; the base still has to arrive."""
    linear = {"rope_type": "linear", "rope_theta": 5e4, "factor": 8.0}
    audit = examine(saved(family, text={"rope_parameters": linear}))
    assert audit.faults == ()
    assert audit.config["text_config"]["rope_theta"] == 5e4
    strange = {"rope_type": "longrope", "rope_theta": 5e4, "factor": 8.0, "short_factor": [1.0], "long_factor": [2.0]}
    assert examine(saved(family, text={"rope_parameters": strange})).faults


def test_a_scaling_that_has_a_place_arrives(saved, examine, settings_of):
    """Mllama has the kind of scaling, under the old name."""
    rope = {"rope_type": "llama3", "rope_theta": 9e5, "factor": 8.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0}
    audit = examine(saved("mllama", text={"rope_parameters": {**rope, "original_max_position_embeddings": 64}}))
    assert audit.faults == ()
    taken = settings_of(audit.config)
    assert taken["rope_theta"] == 9e5
    assert taken["rope_scaling"]["rope_type"] == taken["rope_scaling"]["type"] == "llama3"
    assert taken["rope_scaling"]["factor"] == 8.0


def test_layers_of_two_kinds_get_a_theta_each(saved, examine, settings_of):
    """Gemma 3 asks for both under names of its own."""
    tables = {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 2e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 3e4},
    }
    audit = examine(saved("gemma3", text={"rope_parameters": tables}))
    assert audit.faults == ()
    taken = settings_of(audit.config)
    assert (taken["rope_global_base_freq"], taken["rope_local_base_freq"]) == (2e6, 3e4)
    assert taken["rope_scaling"]["factor"] == 8.0


def test_a_theta_under_the_old_name_arrives_under_another_one(examine, settings_of):
    """Gemma 3 of mlx_vlm never looks at rope_theta, which every release names."""
    text = {"model_type": "gemma3_text", "hidden_size": 64, "rope_theta": 5e5, "rope_local_base_freq": 2e4}
    audit = examine({"model_type": "gemma3", "text_config": text, "vision_config": {}})
    taken = settings_of(audit.config)
    assert (taken["rope_global_base_freq"], taken["rope_local_base_freq"]) == (5e5, 2e4)


@pytest.mark.parametrize(("layers", "every"), [(7, 3), (12, 4), (4, 2)])
def test_layers_counted_off_by_a_pattern(layers, every, saved, examine, settings_of):
    """Which layers look at a window only is a list here and a number there."""
    kinds = ["full_attention" if (layer + 1) % every == 0 else "sliding_attention" for layer in range(layers)]
    audit = examine(saved("gemma3", text={"num_hidden_layers": layers, "layer_types": kinds}))
    assert audit.faults == ()
    assert settings_of(audit.config)["sliding_window_pattern"] == every


def test_layers_without_a_pattern_are_a_fault(saved, examine):
    """No number says which they are."""
    kinds = ["full_attention", "sliding_attention", "sliding_attention", "full_attention"]
    (fault,) = examine(saved("gemma3", text={"num_hidden_layers": 4, "layer_types": kinds})).faults
    assert (fault.setting, fault.kind) == ("text_config.sliding_window_pattern", "layers")


@pytest.mark.parametrize("width", [64, 2560])
def test_the_width_is_the_text_models(width, saved, examine, settings_of):
    """Gemma 3's pictures are scaled by a width that its files do not name at the top."""
    audit = examine(saved("gemma3", text={"hidden_size": width}))
    assert settings_of(audit.config, "")["hidden_size"] == width


@pytest.mark.parametrize("token", [7, 151_343])
def test_the_image_token_is_the_one_that_is_named(token, saved, examine, settings_of):
    """GLM-4.1V has a default of its own under another name."""
    audit = examine(saved("glm4v", image_token_id=token, text={"vocab_size": 152_000}))
    assert settings_of(audit.config, "")["image_token_index"] == token


def test_a_default_that_differs_is_written(examine, settings_of):
    """Neither file names the number of heads; transformers' default is meant."""
    audit = examine({"model_type": "mllama", "text_config": {}, "vision_config": {"attention_heads": 4}})
    assert settings_of(audit.config, "vision_config")["num_attention_heads"] == 4


def test_what_is_written_and_taken_is_no_difference(saved, examine):
    """However unusual it is."""
    config = saved("smolvlm", text={"rms_norm_eps": 3e-3, "rope_parameters": {"rope_theta": 1e5}})
    settings = {difference.setting for difference in examine(config).differences}
    assert settings == {"text_config.rope_theta"}


def test_the_file_that_was_read_stays_as_it_is(saved, examine):
    """A copy is written into."""
    config = saved("smolvlm")
    before = str(config)
    assert examine(config).config != config
    assert str(config) == before


def test_a_family_that_transformers_does_not_know_is_not_compared(examine):
    """Only what the file itself says of positions."""
    text = {"model_type": "qwen2", "rope_parameters": {"rope_theta": 77.0, "rope_type": "default"}}
    audit = examine({"model_type": "fastvlm", "hidden_size": 64, "rope_parameters": text["rope_parameters"]})
    assert [difference.setting for difference in audit.differences] == ["text_config.rope_theta"]
    assert audit.faults == ()


def test_no_code_of_a_checkpoint_runs(examine):
    """A configuration that names code of its own is read as the class its type names."""
    audit = examine({"model_type": "smolvlm", "auto_map": {"AutoConfig": "evil.Evil"}, "text_config": {}})
    assert audit.faults == ()


def test_what_mlx_vlm_cannot_read_is_a_fault_with_its_words(saved, examine):
    """Said before anything is loaded."""
    config = saved("smolvlm") | {"model_type": "qwen3_omni_moe"}
    (fault,) = examine(config).faults
    assert "it cannot read config.json" in str(fault)


@pytest.mark.parametrize(
    ("part", "value"),
    [("text_config", []), ("text_config", {"layer_types": 3}), ("architectures", True), ("vision_config", "x")],
)
def test_a_file_that_makes_no_sense_is_a_fault_or_read(part, value, saved, examine):
    """It is said, and nothing breaks."""
    audit = examine(saved("llava") | {part: value})
    assert all(str(fault) for fault in audit.faults)


def tied_part(tied, *, top=None, family="mistral3"):
    text = {"model_type": "mistral", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    text |= {"intermediate_size": 96, "rms_norm_eps": 1e-5, "vocab_size": 512, "rope_theta": 1e4, "head_dim": 16}
    text |= {} if tied is None else {"tie_word_embeddings": tied}
    named = {} if top is None else {"tie_word_embeddings": top}
    return {"model_type": family, "text_config": text, "vision_config": {"model_type": "pixtral"}, **named}


@pytest.mark.parametrize(
    ("text", "top", "tensors", "tied"),
    [
        (None, True, (), True),  # as transformers 5 saves a model without a head
        (None, False, (), False),
        (None, True, ("language_model.model.norm.weight",), True),
        (True, None, (), True),
        (True, False, (), False),
        (True, False, ("model.norm.weight",), True),  # nothing else to choose words by
        (None, None, (), False),
        (True, True, ("language_model.lm_head.weight",), False),
        (True, True, ("lm_head.weight",), False),
        (True, True, ("talker.lm_head.weight", "model.norm.weight"), True),
        (False, None, ("lm_head.weight",), False),
    ],
)
def test_the_whole_model_has_its_say_and_the_weights_the_last(text, top, tensors, tied, ask_desk, settings_of):
    """mlx_vlm asks its language model alone."""
    audit = ask_desk("audit", "audit_config", tied_part(text, top=top), tensors)
    assert audit.faults == ()
    assert settings_of(audit.config)["tie_word_embeddings"] is tied
