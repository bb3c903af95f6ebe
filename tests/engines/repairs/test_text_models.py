"""InternVL's text models, rope scaling and windows: each as its configuration names it."""

import importlib

import numpy as np
import pytest

from tests.engines.repairs import reference, test_llava
from tests.engines.repairs.building import build, mend, numbers
from tests.engines.repairs.test_positions import config
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
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.text_models")).INTERNVL


@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_the_text_model_is_the_one_named(row, kind):
    """While a checkpoint is loaded; what comes after it is built as before."""

    def work():
        from tests.engines.repairs.building import build

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


LLAMA = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
OWN_YARN = YARN | {
    "factor": 8.0,
    "mscale": 0.7,
    "mscale_all_dim": 1.2,
    "beta_fast": 8,
    "beta_slow": 2,
    "truncate": False,
}
# What transformers 5.24 computed for heads of 16 and a base of 10000.
PLAIN = [1.0, 3.1623, 10.0, 31.6228, 100.0, 316.2278, 1000.0, 3162.2777]
SEEN = [
    (LLAMA, [1.0, 4.0919, 76.6739, 252.9822, 800.0, 2529.822, 7999.9995, 25298.2188], 1.0),
    (YARN, [1.0, 4.2164, 20.0, 126.4911, 400.0, 1264.911, 3999.9998, 12649.1094], 1.138629),
    (OWN_YARN, [1.0, 7.4267, 80.0, 252.9822, 800.0, 2529.822, 7999.9995, 25298.2188], 0.916791),
    ({"type": "linear", "factor": 4.0}, [4 * length for length in PLAIN], 1.0),
    ({"rope_type": "dynamic", "factor": 4.0}, PLAIN, 1.0),
    ({}, PLAIN, 1.0),
]


@pytest.fixture(scope="session")
def wavelengths(repairs):
    return desk().call(lambda: importlib.import_module(f"{repairs.__name__}.text_models")).wavelengths


@pytest.mark.parametrize(("scaling", "lengths", "strength"), SEEN)
def test_lengths_are_those_of_transformers(wavelengths, scaling, lengths, strength):
    """Of every kind that changes them once for all."""
    got = wavelengths(16, 1e4, scaling)
    assert np.allclose(got[0], lengths, rtol=1e-4)
    assert got[1] == pytest.approx(strength, abs=1e-6)


def test_unknown_kinds_are_refused(wavelengths):
    """Positions without a sign that they are wrong are worse than none."""
    with pytest.raises(ValueError, match="longrope"):
        wavelengths(16, 1e4, {"rope_type": "longrope", "factor": 4.0})


def turned(x, lengths, strength, offset):
    """Rope by its definition, on halves."""
    angles = (np.arange(x.shape[-2]) + offset)[:, None] / np.array(lengths)
    one, two = np.split(x, 2, axis=-1)
    cos, sin = np.cos(angles), np.sin(angles)
    return strength * np.concatenate([one * cos - two * sin, two * cos + one * sin], axis=-1)


@pytest.mark.parametrize("family", ["idefics2", "idefics3", "smolvlm"])
@pytest.mark.parametrize("where", ["rope_scaling", "rope_parameters"])
def test_layers_turn_so(repairs, family, where):
    """Under either name; heads at any place of a text."""
    settings = config(family, 4)
    settings["text_config"] |= {"hidden_size": 16, "rope_theta": 1e4, where: OWN_YARN, "num_hidden_layers": 2}

    def work():
        model = build(family, settings)
        assert mend("text_models.ROPE_SCALING", model, settings)
        x = numbers(1, 2, 3, 16)
        return [np.array(layer.self_attn.rope(x, offset=90)) for layer in model.language_model.layers], np.array(x)

    got, x = desk().call(work)
    right = turned(x, *SEEN[2][1:], 90)
    assert np.allclose(got, [right] * 2, atol=1e-3)


@pytest.mark.parametrize("scaling", [None, {"rope_type": "default"}, {"type": "dynamic", "factor": 2.0}])
def test_nothing_is_changed_without_need(repairs, scaling):
    """No scaling, or one that begins where asks end."""
    settings = config("smolvlm", 4)
    settings["text_config"] |= {"rope_scaling": scaling}
    assert not desk().call(lambda: mend("text_models.ROPE_SCALING", build("smolvlm", settings), settings))


WINDOW = 4


def config_window(**text):
    return {
        "model_type": "llava_next",
        "text_config": {**test_llava.TEXT, "sliding_window": WINDOW, **text},
        "vision_config": test_llava.VISION,
    }


def mend_window(model, settings):
    return importlib.import_module("vlmkit.engines.repairs.text_models").WINDOW.after_load(model, None, settings)


def last_logits(model, ids, steps):
    """Logits behind all but `steps` tokens, then behind each of these."""
    import mlx.core as mx
    from mlx_vlm.models.cache import make_prompt_cache

    language = model.language_model
    cache = make_prompt_cache(language)
    made = [language(mx.array([ids[:-steps]]), cache=cache).logits[0, -1]]
    made += [language(mx.array([[token]]), cache=cache).logits[0, -1] for token in ids[-steps:]]
    return np.array(mx.stack(made))


@pytest.mark.usefixtures("repairs")
def test_what_has_left_the_window_changes_nothing():
    """With one layer; and what is in it does."""

    def work():
        model = reference.numbered(test_llava.build_next())
        assert mend_window(model, config_window())
        ids = [1, 2, 3, 4, 5, 6, 7, 8]
        given, older, newer = (
            last_logits(model, other, 2) for other in (ids, [9, 9, *ids[2:]], [*ids[:4], 9, *ids[5:]])
        )
        return given, older, newer

    given, older, newer = desk().call(work)
    assert np.abs(given - older).max() < 1e-5
    assert np.abs(given - newer).max(axis=1).min() > 1e-2


@pytest.mark.parametrize(
    "text",
    [
        {"sliding_window": None},
        {"sliding_window": 4096, "max_position_embeddings": 4096},
        {"model_type": "llama"},
        {"model_type": "qwen2", "use_sliding_window": False},
    ],
)
@pytest.mark.usefixtures("repairs")
def test_a_model_without_windows_is_left_alone(text):
    """None named, one that no prompt reaches, or one that its kind does not use."""
    assert not desk().call(lambda: mend_window(test_llava.build_next(), config_window(**text)))


@pytest.mark.usefixtures("repairs")
def test_windows_of_some_layers_are_refused():
    """Qwen 2 may have them in its upper layers."""
    some = config_window(model_type="qwen2", use_sliding_window=True, max_window_layers=1, num_hidden_layers=2)
    with pytest.raises(ValueError, match="some of its layers look back no further than a window"):
        desk().call(lambda: mend_window(test_llava.build_next(), some))


@pytest.mark.usefixtures("repairs")
def test_caches_of_its_own_are_left_alone():
    """As a mended mlx_vlm would make them."""

    def work():
        model = test_llava.build_next()
        assert mend_window(model, config_window())
        return mend_window(model, config_window())

    assert not desk().call(work)
