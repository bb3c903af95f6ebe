"""Norms have the epsilon of their checkpoint."""

from tests.engines.families.repairs.building import build, mend
from tests.engines.families.repairs.test_patch_positions import config
from vlmkit.engines.desk import desk


def norms(family, **changes):
    settings = config(family, 4)
    settings["vision_config"] |= changes.pop("vision", {})
    settings["perceiver_config"] = settings["perceiver_config"] | changes.pop("perceiver", {})
    model = build(family, settings)
    return mend("epsilons", model, settings), model


def test_the_outer_norm_of_a_tower(repairs):
    """Named, or transformers' default; where it fits already, nothing is changed."""

    def work():
        named, model = norms("idefics3", vision={"layer_norm_eps": 1e-3})
        default, other = norms("smolvlm")
        fitting, _ = norms("smolvlm", vision={"layer_norm_eps": 1e-5})
        return named, model.vision_model.post_layernorm.eps, default, other.vision_model.post_layernorm.eps, fitting

    assert desk().call(work) == (True, 1e-3, True, 1e-6, False)


def test_a_resampler_has_its_own(repairs):
    """Idefics 2's is not the text model's; norms inside its layers and behind them."""

    def work():
        _, model = norms("idefics2", perceiver={"hidden_size": 8, "rms_norm_eps": 1e-4})
        resampler = model.connector.perceiver_resampler
        layer = resampler.layers[0]
        inner = (layer.input_latents_norm, layer.input_context_norm, layer.post_attention_layernorm)
        return {norm.eps for norm in (*inner, resampler.norm)}, model.language_model.norm.eps

    assert desk().call(work) == ({1e-4}, 1e-5)
