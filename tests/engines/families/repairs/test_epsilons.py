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


def test_projectors_that_ask_have_their_own(repairs):
    """Granite 4's, of both kinds; the norm in front of each is of the projector itself and stays."""

    def work():
        from mlx import nn
        from mlx_vlm.models.granite4_vision import ModelConfig
        from mlx_vlm.models.granite4_vision.downsampling import WindowQFormerDownsampler

        vision = {"model_type": "siglip_vision_model", "hidden_size": 64, "image_size": 32, "patch_size": 8}
        settings = {"model_type": "granite4_vision", "vision_config": vision, "downsample_rate": "2/4"}
        settings["qformer_config"] = {"model_type": "blip_2_qformer", "layer_norm_eps": 1e-7}
        model = nn.Module()
        model.layerwise_projectors = [WindowQFormerDownsampler(ModelConfig.from_dict(settings))]
        model.spatial_projectors = [WindowQFormerDownsampler(ModelConfig.from_dict(settings), spatial_offset=1)]
        changed = mend("epsilons", model, settings)
        parts = (*model.layerwise_projectors, *model.spatial_projectors)
        norms = [module.eps for part in parts for _, module in part.qformer.named_modules() if hasattr(module, "eps")]
        return changed, len(norms), set(norms), {part.norm.eps for part in parts}

    assert desk().call(work) == (True, 8, {1e-7}, {1e-6})
