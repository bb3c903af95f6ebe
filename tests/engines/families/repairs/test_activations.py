"""Each tower has the kind of GELU that its checkpoint names."""

import math

import numpy as np
import pytest

from tests.engines.families.repairs.building import build, mend
from tests.engines.families.repairs.test_patch_positions import config
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
    changed = mend("activations", model, settings)
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
        assert mend("activations", model, settings)
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
        assert mend("activations", model, {"model_type": "qwen3_vl_moe", "vision_config": vision})
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
        assert mend("activations", model, {"model_type": "minicpmv4_6"})
        x = mx.array([1.5])
        return [float(kind(x).item()) for kind in (model.merger.mlp[0].act, model.vit_merger.act)]

    beside, within = desk().call(work)
    assert beside == pytest.approx(VALUES["gelu"], abs=1e-6)
    assert within == pytest.approx(VALUES["gelu_pytorch_tanh"], abs=1e-6)
