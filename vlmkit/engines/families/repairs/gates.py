"""Layers with a gate, down(f(gate(x)) · up(x)), whose f is silu in mlx_vlm, whatever the checkpoint names.

Pixtral's tower has the exact GELU where a configuration says nothing, and a language model may have been trained with
any. Here f is the one named; a name that is not known here is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlx import nn

from vlmkit.engines.families import reading
from vlmkit.engines.families.repairs.evidence import reads
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]

_FUNCTIONS = {
    "gelu": nn.gelu,
    "gelu_pytorch_tanh": nn.gelu_approx,
    "gelu_new": nn.gelu_approx,
    "quick_gelu": nn.gelu_fast_approx,
    "relu": nn.relu,
}
_PARTS = {"text_config": ("language_model",), "vision_config": ("vision_tower", "vision_model")}


def _mend(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
    known = reading.transformers_parts(config)
    wrong = [
        (module, named)
        for part, places in _PARTS.items()
        if (named := getattr(known[part], "hidden_act", None)) not in (None, "silu", "swish")
        for place in places
        if hasattr(model, place)
        for _, module in getattr(model, place).named_modules()
        if _has_silu_gate(module)
    ]
    for module, named in wrong:
        override(module, __call__=_gated(_function(named)))
    return bool(wrong)


def _has_silu_gate(module: Any) -> bool:
    has_gate = all(name in module for name in ("gate_proj", "up_proj", "down_proj"))
    return has_gate and any(reads(type(module).__call__, name) for name in ("swiglu(", "silu("))


def _function(name: str) -> Callable[[Any], Any]:
    if name not in _FUNCTIONS:
        message = f"its layers use {name!r}, an activation function that is not known here"
        raise ValueError(message)
    return _FUNCTIONS[name]


def _gated(function: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def call(self: Any, x: Any) -> Any:
        return self.down_proj(function(self.gate_proj(x)) * self.up_proj(x))

    return call


REPAIR = Repair(
    families=frozenset({"idefics2", "idefics3", "llava", "llava_next", "mistral3", "pixtral", "smolvlm"}),
    remark="mlx_vlm gates layers by silu, and the checkpoint names another function; here it is the one named.",
    after_load=_mend,
)
