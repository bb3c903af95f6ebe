"""Text models of several families: which one InternVL is built on, rope scaling, and windows of attention.

Imported on the desk only.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx_vlm.models.cache import RotatingKVCache

from vlmkit.engines.families import reading
from vlmkit.engines.repairs.repair import Repair, override

__all__ = ["INTERNVL", "ROPE_SCALING", "WINDOW", "wavelengths"]

# Compared with transformers; others are left to mlx_vlm, which refuses weights that do not fit.
_COMPARED = frozenset({"llama", "qwen2"})


def _prepare_internvl(config: dict[str, Any]) -> AbstractContextManager[None] | None:
    """InternVL as transformers lays it out: more text models than Qwen 3.

    mlx_vlm builds each with Qwen 3's text model. InternVL 3 has Qwen 2's, whose weights do not fit into it; others have
    Llama's. mlx_vlm has these text models, too: the one that the checkpoint names stands in for Qwen 3's while the
    checkpoint is loaded.
    """
    kind = config.get("text_config", {}).get("model_type")
    if kind not in _COMPARED or _internvl().LanguageModel.__module__ != "mlx_vlm.models.qwen3.language":
        return None
    return _standing_in(kind)


def _internvl() -> Any:
    # Not at the top: it hooks its processor in, which nobody needs who loads another family.
    return importlib.import_module("mlx_vlm.models.internvl")


@contextmanager
def _standing_in(kind: str) -> Iterator[None]:
    language = importlib.import_module(f"mlx_vlm.models.{kind}.language").LanguageModel
    settings = importlib.import_module(f"mlx_vlm.models.{kind}.config").ModelConfig
    family = _internvl()
    before = family.LanguageModel, family.TextConfig
    family.LanguageModel = family.internvl.LanguageModel = language
    family.TextConfig = settings
    try:
        yield
    finally:
        family.LanguageModel, family.TextConfig = before
        family.internvl.LanguageModel = before[0]


INTERNVL = Repair(
    families=frozenset({"internvl"}),
    remark="mlx_vlm builds every InternVL on Qwen 3; here it is built on the text model that the checkpoint names.",
    before_load=_prepare_internvl,
)


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


def _mend_rope_scaling(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
    """Text models of Idefics, SmolVLM and the older InternVL: rope scaling, which mlx_vlm does not read.

    The kinds that change frequencies once for all are computed here as transformers does: linear, Llama 3's and YaRN.
    "dynamic" changes them past the context length of the checkpoint only, up to which asks are taken, and so needs
    nothing. Any other kind is refused, as positions would be wrong without a sign of it.
    """
    scaling = _scaling_of(config)
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


def _scaling_of(config: dict[str, Any]) -> dict[str, Any]:
    text = config.get("text_config") or config.get("llm_config") or {}
    return text.get("rope_scaling") or text.get("rope_parameters") or {}


def _scale(rope: Any, lengths: Any, strength: float) -> None:
    def turn(self: Any, x: Any, offset: Any = 0) -> Any:
        scaled = x if strength == 1.0 else x * strength
        return mx.fast.rope(
            scaled, self.dims, traditional=self.traditional, base=None, scale=1.0, offset=offset, freqs=lengths
        )

    override(rope, __call__=turn)


ROPE_SCALING = Repair(
    families=frozenset({"idefics2", "idefics3", "internvl_chat", "smolvlm"}),
    remark="mlx_vlm leaves the rope scaling of the checkpoint out; here it is applied.",
    after_load=_mend_rope_scaling,
)


def _mend_window(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
    """Language models of Mistral's and Qwen 2's kind: layers that look back no further than a window.

    In some families mlx_vlm lets each layer see everything, whatever the configuration says. What is shorter than a
    window comes out right, what is longer does not. Where all layers have the same window, caches that keep no more
    give it to them, as they make the masks. Where only some have one, the model is refused: one mask serves all layers
    there.
    """
    windows = _windows(reading.transformers_parts(config)["text_config"])
    if windows == {None} or hasattr(model.language_model, "make_cache"):
        return False
    if len(windows) > 1:
        message = "some of its layers look back no further than a window, and mlx_vlm has no windows in this family"
        raise ValueError(message)
    (window,) = windows

    def make_cache(self: Any) -> list[Any]:
        return [RotatingKVCache(max_size=window) for _ in self.layers]

    override(model.language_model, make_cache=make_cache)
    return True


def _windows(text: Any) -> set[int | None]:
    """Windows of the layers, None where a layer sees everything that a prompt can hold."""
    # A kind of model that knows no window may have the setting all the same.
    window = text.sliding_window if hasattr(type(text), "sliding_window") else None
    if not window or window >= getattr(text, "max_position_embeddings", window):
        return {None}
    kinds = getattr(text, "layer_types", None) or ["sliding_attention"]
    return {window if kind == "sliding_attention" else None for kind in kinds}


WINDOW = Repair(
    families=frozenset({"idefics2", "internvl", "internvl_chat", "llava", "llava_next", "llava_onevision", "pixtral"}),
    remark="mlx_vlm knows no window of attention in this family: here each layer looks back as far as it was made to.",
    after_load=_mend_window,
)
