"""Towers whose kind of GELU is fixed in mlx_vlm, whatever the checkpoint names.

There are three: exact, by tanh, and quick, x·sigmoid(1.702x). They differ by up to 0.02 in each layer, which grows from
layer to layer.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx import nn

from vlmkit.engines.families.repairs.evidence import complete
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]

# What transformers calls them, and the name of the function in mlx.
_FUNCTIONS = {
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


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    towers = [module for part in _TOWERS for module in _named(model, part)]
    if config["model_type"] in _WITHOUT_CLASS:
        return _set(towers, config.get("vision_config", {}).get("hidden_act", "gelu"))
    settings = complete(config)
    mergers = [named for named in towers if _MERGER in named[0]] + _named(model, _MERGER)
    projectors = [module for part in _PROJECTORS for module in _named(model, part)]
    changed = [
        _set(
            [named for named in towers if _MERGER not in named[0]], getattr(settings.vision_config, "hidden_act", None)
        ),
        _set(mergers, "gelu"),
        _set(projectors, getattr(settings, "projector_hidden_act", None)),
    ]
    return any(changed)


def _named(model: Any, part: str) -> list[tuple[str, Any]]:
    return list(getattr(model, part).named_modules()) if hasattr(model, part) else []


def _set(modules: list[tuple[str, Any]], name: str | None) -> bool:
    function = _FUNCTIONS.get(name or "")
    if function is None:
        return False
    wrong = [module for _, module in modules if isinstance(module, nn.GELU) and not _is(module, function)]
    for module in wrong:
        # Looked up at each call: a faster function may stand under the name by then.
        override(module, __call__=lambda _self, x: getattr(nn, function)(x))
    return bool(wrong)


def _is(module: Any, function: str) -> bool:
    one = mx.array([1.0])
    return bool(mx.allclose(module(one), getattr(nn, function)(one), rtol=1e-5).item())


REPAIR = Repair(
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
    after_load=_mend,
)
