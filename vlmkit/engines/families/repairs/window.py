"""Language models of Mistral's and Qwen 2's kind: layers that look back no further than a window.

In some families mlx_vlm lets each layer see everything, whatever the configuration says. What is shorter than a window
comes out right, what is longer does not. Where all layers have the same window, caches that keep no more give it to
them, as they make the masks. Where only some have one, the model is refused: one mask serves all layers there.
"""

from __future__ import annotations

from typing import Any

from mlx_vlm.models.cache import RotatingKVCache

from vlmkit.engines.families import reading
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]


def _mend(model: Any, _processor: Any, config: dict[str, Any]) -> bool:
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


REPAIR = Repair(
    families=frozenset({"idefics2", "internvl", "internvl_chat", "llava", "llava_next", "llava_onevision", "pixtral"}),
    remark="mlx_vlm knows no window of attention in this family: here each layer looks back as far as it was made to.",
    after_load=_mend,
)
