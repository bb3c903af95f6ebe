"""Norms whose epsilon mlx_vlm leaves at a default of its own, whatever the checkpoint names.

The layer norms before and behind the blocks of a SigLIP tower are made with 1e-5, where checkpoints have 1e-6; the
norms of Idefics 2's resampler take the text model's, and those of Granite 4's projectors are made with 1e-5 for 1e-12.
It matters where activations are small.
"""

from __future__ import annotations

from typing import Any

from vlmkit.engines.families.repairs.evidence import complete
from vlmkit.engines.families.repairs.repair import Repair

__all__ = ["REPAIR"]

_OUTER_NORMS = ("post_layernorm", "pre_layrnorm")
_TOWERS = ("vision_tower", "vision_model")


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    settings = complete(config)
    tower = next((getattr(model, name) for name in _TOWERS if hasattr(model, name)), None)
    changed = _set(tower, _OUTER_NORMS, getattr(settings.vision_config, "layer_norm_eps", None))
    resampler = getattr(getattr(model, "connector", None), "perceiver_resampler", None)
    if resampler is not None:
        changed += _set(resampler, ("norm", "layernorm"), settings.perceiver_config.rms_norm_eps)
    for projector in [*getattr(model, "layerwise_projectors", ()), *(getattr(model, "spatial_projectors", None) or ())]:
        changed += _set(projector, ("layernorm", "LayerNorm"), settings.qformer_config.layer_norm_eps)
    return changed > 0


def _set(part: Any, endings: tuple[str, ...], epsilon: float | None) -> int:
    named = () if part is None else part.named_modules()
    norms = [module for name, module in named if name.endswith(endings) and module.eps != epsilon]
    for norm in norms if epsilon else ():
        norm.eps = epsilon
    return len(norms) if epsilon else 0


REPAIR = Repair(
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
    after_load=_mend,
)
