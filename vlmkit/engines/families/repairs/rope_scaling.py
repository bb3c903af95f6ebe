"""Text models of Idefics, SmolVLM and the older InternVL: rope scaling, which mlx_vlm does not read.

The kinds that change frequencies once for all are computed here as transformers does: linear, Llama 3's and YaRN.
"dynamic" changes them past the context length of the checkpoint only, up to which asks are taken, and so needs nothing.
Any other kind is refused, as positions would be wrong without a sign of it.
"""

from __future__ import annotations

import math
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn

from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR", "wavelengths"]

_UNCHANGED = ("default", "dynamic")


def wavelengths(dims: int, base: float, scaling: dict[str, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """How rope turns pairs of a head.

    Parameters
    ----------
    dims : int
        Width of a head.
    base : float
        rope_theta.
    scaling : dict
        rope_scaling of a configuration.

    Returns
    -------
    lengths : float array of shape (dims / 2,)
        Tokens for one radian.
    strength : float
        By which queries and keys are multiplied.

    Raises
    ------
    ValueError
        The kind of scaling is not known.
    """
    lengths = base ** (np.arange(0, dims, 2, dtype=np.float64) / dims)
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "linear":
        return lengths * scaling["factor"], 1.0
    if kind == "llama3":
        return _llama3(lengths, scaling), 1.0
    if kind == "yarn":
        return _yarn(lengths, base, scaling)
    if kind in _UNCHANGED:
        return lengths, 1.0
    message = f"rope scaling of kind {kind!r} is not known for this family"
    raise ValueError(message)


def _llama3(lengths: np.ndarray[Any, Any], scaling: dict[str, Any]) -> np.ndarray[Any, Any]:
    factor, low, high = (scaling[name] for name in ("factor", "low_freq_factor", "high_freq_factor"))
    turns = scaling["original_max_position_embeddings"] / (2 * math.pi * lengths)
    share = np.clip((turns - low) / (high - low), 0, 1)
    scaled: np.ndarray[Any, Any] = lengths / ((1 - share) / factor + share)
    return scaled


def _yarn(lengths: np.ndarray[Any, Any], base: float, scaling: dict[str, Any]) -> tuple[np.ndarray[Any, Any], float]:
    factor, original = scaling["factor"], scaling["original_max_position_embeddings"]
    dims = 2 * len(lengths)

    def pair(turns: float) -> float:
        return dims * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))

    first, last = pair(scaling.get("beta_fast") or 32), pair(scaling.get("beta_slow") or 1)
    if scaling.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, dims - 1)
    ramp = np.clip((np.arange(len(lengths)) - first) / ((last - first) or 0.001), 0, 1)
    return lengths / (ramp / factor + 1 - ramp), _yarn_strength(factor, scaling)


def _yarn_strength(factor: float, scaling: dict[str, Any]) -> float:
    def strength(of: float) -> float:
        return 0.1 * of * math.log(factor) + 1.0 if factor > 1 else 1.0

    if (named := scaling.get("attention_factor")) is not None:
        return float(named)
    own, all_dims = scaling.get("mscale"), scaling.get("mscale_all_dim")
    return strength(own) / strength(all_dims) if own and all_dims else strength(1)


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    text = config.get("text_config") or config.get("llm_config") or {}
    scaling = text.get("rope_scaling") or text.get("rope_parameters") or {}
    ropes = [module for _, module in model.language_model.named_modules() if type(module) is nn.RoPE]
    if not ropes or ropes[0].scale != 1.0:
        return False
    first = ropes[0]
    lengths, strength = wavelengths(first.dims, first.base, scaling)
    if strength == 1.0 and np.allclose(lengths, wavelengths(first.dims, first.base, {})[0], rtol=1e-6):
        return False
    for rope in ropes:
        _scale(rope, mx.array(lengths.astype(np.float32)), strength)
    return True


def _scale(rope: Any, lengths: Any, strength: float) -> None:
    def turn(self: Any, x: Any, offset: Any = 0) -> Any:
        scaled = x if strength == 1.0 else x * strength
        return mx.fast.rope(
            scaled, self.dims, traditional=self.traditional, base=None, scale=1.0, offset=offset, freqs=lengths
        )

    override(rope, __call__=turn)


REPAIR = Repair(
    families=frozenset({"idefics2", "idefics3", "internvl_chat", "smolvlm"}),
    remark="mlx_vlm leaves the rope scaling of the checkpoint out; here it is applied.",
    after_load=_mend,
)
