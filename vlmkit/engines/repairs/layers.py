"""What single layers compute, where mlx_vlm has a fixed choice: activation functions, gates, epsilons of norms.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlx.core as mx
from mlx import nn

from vlmkit.engines.families import reading
from vlmkit.engines.repairs.repair import Repair, complete_config, override, reads

__all__ = ["ACTIVATIONS", "EPSILONS", "GATES"]

# What transformers calls them, and the name of the function in mlx.
_NAMES_IN_MLX = {
    "gelu": "gelu",
    "gelu_pytorch_tanh": "gelu_approx",
    "gelu_new": "gelu_approx",
    "quick_gelu": "gelu_fast_approx",
    "relu": "relu",
    "silu": "silu",
}
_TOWERS = ("vision_tower", "vision_model")
_PROJECTORS = ("multi_modal_projector",)
# What stands between a tower and the text in Qwen's and MiniCPM's has the exact kind, whatever the tower has.
_MERGER = "merger"
# The released code of these says "gelu" where a configuration says nothing.
_WITHOUT_CLASS = ("internvl_chat",)


def _mend_activations(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
    """Towers whose kind of GELU is fixed in mlx_vlm, whatever the checkpoint names.

    There are three: exact, by tanh, and quick, x·sigmoid(1.702x). They differ by up to 0.02 in each layer, which grows
    from layer to layer.
    """
    towers = [module for part in _TOWERS for module in _modules_of(model, part)]
    if config["model_type"] in _WITHOUT_CLASS:
        return _set_activation(towers, config.get("vision_config", {}).get("hidden_act", "gelu"))
    settings = complete_config(config)
    mergers = [named for named in towers if _MERGER in named[0]] + _modules_of(model, _MERGER)
    projectors = [module for part in _PROJECTORS for module in _modules_of(model, part)]
    changed = [
        _set_activation(
            [named for named in towers if _MERGER not in named[0]], getattr(settings.vision_config, "hidden_act", None)
        ),
        _set_activation(mergers, "gelu"),
        _set_activation(projectors, getattr(settings, "projector_hidden_act", None)),
    ]
    return any(changed)


def _modules_of(model: Any, part: str) -> list[tuple[str, Any]]:
    return list(getattr(model, part).named_modules()) if hasattr(model, part) else []


def _set_activation(modules: list[tuple[str, Any]], name: str | None) -> bool:
    function = _NAMES_IN_MLX.get(name or "")
    if function is None:
        return False
    wrong = [module for _, module in modules if isinstance(module, nn.GELU) and not _is_function(module, function)]
    for module in wrong:
        # Looked up at each call: a faster function may stand under the name by then.
        override(module, __call__=lambda _self, x: getattr(nn, function)(x))
    return bool(wrong)


def _is_function(module: Any, function: str) -> bool:
    one = mx.array([1.0])
    return bool(mx.allclose(module(one), getattr(nn, function)(one), rtol=1e-5).item())


ACTIVATIONS = Repair(
    families=frozenset(
        {
            "granite4_vision",
            "idefics2",
            "internvl",
            "internvl_chat",
            "llava",
            "llava_next",
            "minicpmv4_6",
            "molmo2",
            "qwen3_vl_moe",
        }
    ),
    remark="mlx_vlm uses another activation function than the checkpoint names; here it is the one named.",
    after_load=_mend_activations,
)


_GATES = {
    "gelu": nn.gelu,
    "gelu_pytorch_tanh": nn.gelu_approx,
    "gelu_new": nn.gelu_approx,
    "quick_gelu": nn.gelu_fast_approx,
    "relu": nn.relu,
}
_GATED_PARTS = {"text_config": ("language_model",), "vision_config": _TOWERS}


def _mend_gates(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
    """Layers with a gate, down(f(gate(x)) · up(x)), whose f is silu in mlx_vlm, whatever the checkpoint names.

    Pixtral's tower has the exact GELU where a configuration says nothing, and a language model may have been trained
    with any. Here f is the one named; a name that is not known here is refused.
    """
    known = reading.transformers_parts(config)
    wrong = [
        (module, named)
        for part, places in _GATED_PARTS.items()
        if (named := getattr(known[part], "hidden_act", None)) not in (None, "silu", "swish")
        for place in places
        if hasattr(model, place)
        for _, module in getattr(model, place).named_modules()
        if _has_silu_gate(module)
    ]
    for module, named in wrong:
        override(module, __call__=_gated(_gate_function(named)))
    return bool(wrong)


def _has_silu_gate(module: Any) -> bool:
    has_gate = all(name in module for name in ("gate_proj", "up_proj", "down_proj"))
    return has_gate and any(reads(type(module).__call__, name) for name in ("swiglu(", "silu("))


def _gate_function(name: str) -> Callable[[Any], Any]:
    if name not in _GATES:
        message = f"its layers use {name!r}, an activation function that is not known here"
        raise ValueError(message)
    return _GATES[name]


def _gated(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def call(self: Any, x: Any) -> Any:
        return self.down_proj(function(self.gate_proj(x)) * self.up_proj(x))

    return call


GATES = Repair(
    families=frozenset({"idefics2", "idefics3", "llava", "llava_next", "mistral3", "pixtral", "smolvlm"}),
    remark="mlx_vlm gates layers by silu, and the checkpoint names another function; here it is the one named.",
    after_load=_mend_gates,
)


_OUTER_NORMS = ("post_layernorm", "pre_layrnorm")


def _mend_epsilons(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
    """Norms whose epsilon mlx_vlm leaves at a default of its own, whatever the checkpoint names.

    The layer norms before and behind the blocks of a SigLIP tower are made with 1e-5, where checkpoints have 1e-6; the
    norms of Idefics 2's resampler take the text model's, and those of Granite 4's projectors are made with 1e-5 for
    1e-12. It matters where activations are small.
    """
    settings = complete_config(config)
    tower = next((getattr(model, name) for name in _TOWERS if hasattr(model, name)), None)
    changed = _set_epsilon(tower, _OUTER_NORMS, getattr(settings.vision_config, "layer_norm_eps", None))
    resampler = getattr(getattr(model, "connector", None), "perceiver_resampler", None)
    if resampler is not None:
        changed += _set_epsilon(resampler, ("norm", "layernorm"), settings.perceiver_config.rms_norm_eps)
    for projector in [*getattr(model, "layerwise_projectors", ()), *(getattr(model, "spatial_projectors", None) or ())]:
        changed += _set_epsilon(projector, ("layernorm", "LayerNorm"), settings.qformer_config.layer_norm_eps)
    return changed > 0


def _set_epsilon(part: Any, endings: tuple[str, ...], epsilon: float | None) -> int:
    named = () if part is None else part.named_modules()
    norms = [module for name, module in named if name.endswith(endings) and module.eps != epsilon]
    for norm in norms if epsilon else ():
        norm.eps = epsilon
    return len(norms) if epsilon else 0


EPSILONS = Repair(
    families=frozenset(
        {
            "aya_vision",
            "gemma3",
            "granite4_vision",
            "idefics2",
            "idefics3",
            "llava",
            "llava_next",
            "paligemma",
            "smolvlm",
        }
    ),
    remark="mlx_vlm takes another epsilon for some norms than the checkpoint names; here it is the one named.",
    after_load=_mend_epsilons,
)
