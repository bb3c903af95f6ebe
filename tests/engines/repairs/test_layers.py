"""Activation functions, gates and epsilons are those that a checkpoint names."""

import importlib
import math

import numpy as np
import pytest

from tests.engines.repairs import test_llava
from tests.engines.repairs.building import build, mend
from tests.engines.repairs.test_positions import config
from vlmkit.engines.desk import desk

# Of 1.5, by the definitions.
VALUES = {
    "gelu": 0.75 * (1 + math.erf(1.5 / math.sqrt(2))),
    "gelu_pytorch_tanh": 0.75 * (1 + math.tanh(math.sqrt(2 / math.pi) * (1.5 + 0.044715 * 1.5**3))),
    "quick_gelu": 1.5 / (1 + math.exp(-1.702 * 1.5)),
    "silu": 1.5 / (1 + math.exp(-1.5)),
    "relu": 1.5,
}


def of_idefics2(named):
    import mlx.core as mx

    settings = config("idefics2", 4)
    settings["vision_config"] |= named
    model = build("idefics2", settings)
    changed = mend("layers.ACTIVATIONS", model, settings)
    value = model.vision_model.encoder.layers[0].mlp.activation_fn(mx.array([1.5]))
    return changed, np.array(value)[0]


@pytest.mark.parametrize("name", VALUES)
def test_the_tower_has_the_kind_named(repairs, name):
    """mlx_vlm always takes the quick one for this family."""
    changed, value = desk().call(lambda: of_idefics2({"hidden_act": name}))
    assert changed is (name != "quick_gelu")
    assert value == pytest.approx(VALUES[name], abs=1e-6)


def test_what_is_left_out_is_as_in_transformers(repairs):
    """A configuration that names none means the default of its family."""
    changed, value = desk().call(lambda: of_idefics2({}))
    assert changed
    assert value == pytest.approx(VALUES["gelu_pytorch_tanh"], abs=1e-6)


def test_the_projector_has_its_own(repairs):
    """InternVL's names it apart from the tower's; other models of the process keep theirs."""

    def work():
        import mlx.core as mx
        from mlx import nn

        settings = {"model_type": "internvl", "text_config": {"model_type": "qwen3"}, "projector_hidden_act": "gelu"}
        model = nn.Module()
        model.multi_modal_projector = nn.Module()
        model.multi_modal_projector.activation = nn.GELU(approx="precise")
        assert mend("layers.ACTIVATIONS", model, settings)
        x = mx.array([1.5])
        return [float(kind(x).item()) for kind in (model.multi_modal_projector.activation, nn.GELU(approx="precise"))]

    own, other = desk().call(work)
    assert own == pytest.approx(VALUES["gelu"], abs=1e-6)
    assert other == pytest.approx(VALUES["gelu_pytorch_tanh"], abs=1e-6)


def test_a_merger_is_exact_whatever_the_tower_is(repairs):
    """Qwen 3 VL with experts has the two the other way round in mlx_vlm."""

    def work():
        import mlx.core as mx
        from mlx import nn
        from mlx_vlm.models.qwen3_vl_moe import VisionConfig, VisionModel

        vision = {"depth": 1, "hidden_size": 8, "intermediate_size": 8, "out_hidden_size": 8, "num_heads": 1}
        vision |= {"patch_size": 2, "num_position_embeddings": 4, "deepstack_visual_indexes": [0]}
        model = nn.Module()
        model.vision_tower = VisionModel(VisionConfig.from_dict({"model_type": "qwen3_vl_moe", **vision}))
        assert mend("layers.ACTIVATIONS", model, {"model_type": "qwen3_vl_moe", "vision_config": vision})
        tower, x = model.vision_tower, mx.array([1.5])
        kinds = (tower.blocks[0].mlp.act_fn, tower.merger.act_fn, tower.deepstack_merger_list[0].act_fn)
        return [float(kind(x).item()) for kind in kinds]

    tower, merger, deep = desk().call(work)
    assert tower == pytest.approx(VALUES["gelu_pytorch_tanh"], abs=1e-6)
    assert merger == deep == pytest.approx(VALUES["gelu"], abs=1e-6)


def test_a_merger_beside_the_tower_is_exact(repairs):
    """MiniCPM's, where mlx_vlm has the one by tanh; the merger within its tower has that and keeps it."""

    def work():
        import mlx.core as mx
        from mlx import nn
        from mlx_vlm.models.minicpmv4_6.minicpmv4_6 import Merger, VitMerger

        model = nn.Module()
        model.merger, model.vit_merger = Merger(8, 8), VitMerger(8, 8, num_heads=1)
        assert mend("layers.ACTIVATIONS", model, {"model_type": "minicpmv4_6"})
        x = mx.array([1.5])
        return [float(kind(x).item()) for kind in (model.merger.mlp[0].act, model.vit_merger.act)]

    beside, within = desk().call(work)
    assert beside == pytest.approx(VALUES["gelu"], abs=1e-6)
    assert within == pytest.approx(VALUES["gelu_pytorch_tanh"], abs=1e-6)


FUNCTIONS = {
    "gelu": lambda x: x / 2 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_pytorch_tanh": lambda x: x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "quick_gelu": lambda x: x / (1 + math.exp(-1.702 * x)),
    "relu": lambda x: max(x, 0.0),
    "silu": lambda x: x / (1 + math.exp(-x)),
}


def mend_gates(model, **text):
    settings = {"model_type": "llava_next", "text_config": {**test_llava.TEXT, **text}}
    settings["vision_config"] = test_llava.VISION
    return importlib.import_module("vlmkit.engines.repairs.layers").GATES.after_load(model, None, settings)


def gate(model):
    return model.language_model.model.layers[0].mlp


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.usefixtures("repairs")
def test_the_gate_is_the_one_named(name):
    """And that of another model of the process stays silu."""

    def work():
        import mlx.core as mx

        model, other = test_llava.build_next(), test_llava.build_next()
        changed = mend_gates(model, hidden_act=name)
        x = mx.array(np.random.default_rng(1).normal(size=(1, 2, test_llava.TEXT["hidden_size"])))
        weights = {key: np.array(getattr(gate(model), f"{key}_proj").weight) for key in ("gate", "up", "down")}
        return changed, np.array(x), weights, np.array(gate(model)(x)), np.array(gate(other)(x))

    changed, x, w, mended, other = desk().call(work)
    for named, made in ((name, mended), ("silu", other)):
        right = (np.vectorize(FUNCTIONS[named])(x @ w["gate"].T) * (x @ w["up"].T)) @ w["down"].T
        assert np.abs(made - right).max() < 1e-5
    assert changed is (name != "silu")


@pytest.mark.usefixtures("repairs")
def test_a_function_that_is_not_known_is_refused():
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="'tanh', an activation function that is not known here"):
        desk().call(lambda: mend_gates(test_llava.build_next(), hidden_act="tanh"))


@pytest.mark.usefixtures("repairs")
def test_a_tower_has_its_own():
    """Pixtral's has GELU where nothing is named, and layers without a gate are left alone."""

    def work():
        from mlx_vlm.models.pixtral.vision import MLP, VisionConfig

        model = test_llava.build_next()
        model.vision_tower.gated = MLP(VisionConfig(hidden_size=4, intermediate_size=4))
        repair = importlib.import_module("vlmkit.engines.repairs.layers").GATES
        settings = {"model_type": "pixtral", "text_config": {"model_type": "mistral"}}
        changed = repair.after_load(model, None, settings | {"vision_config": {"model_type": "pixtral"}})
        return changed, type(model.vision_tower.gated) is MLP

    assert desk().call(work) == (True, False)


def norms(family, **changes):
    settings = config(family, 4)
    settings["vision_config"] |= changes.pop("vision", {})
    settings["perceiver_config"] = settings["perceiver_config"] | changes.pop("perceiver", {})
    model = build(family, settings)
    return mend("layers.EPSILONS", model, settings), model


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
        changed = mend("layers.EPSILONS", model, settings)
        parts = (*model.layerwise_projectors, *model.spatial_projectors)
        norms = [module.eps for part in parts for _, module in part.qformer.named_modules() if hasattr(module, "eps")]
        return changed, len(norms), set(norms), {part.norm.eps for part in parts}

    assert desk().call(work) == (True, 8, {1e-7}, {1e-6})
