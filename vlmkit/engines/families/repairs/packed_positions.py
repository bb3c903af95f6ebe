"""MiniCPM: which learned position each part of a picture gets.

Its tower shares the square grid of positions with that of Idefics 3, and mlx_vlm adds its boundaries up in single
precision here, too: for a stretch of a side the parts get the position of their neighbour, in the released grid of 70
parts. Parts come in one row, with the rows and columns that they stand for beside them.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from vlmkit.engines.families.repairs.patch_positions import positions
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]


class _Places:
    """Stands in for the embeddings of a tower: a position's vector is what a function makes of its number."""

    def __init__(self, embeddings: Any, position_embedding: Any) -> None:
        self._embeddings = embeddings
        self.position_embedding = position_embedding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embeddings, name)


def _places(sizes: Any, length: int, side: int) -> Any:
    """Positions of the parts of each picture, 0 behind them."""
    rows = []
    for height, width in np.array(sizes).tolist():
        places = positions(np.ones((1, max(height, 1), max(width, 1)), bool), side)[0][:length]
        rows.append(np.pad(places, (0, length - len(places))))
    return mx.array(np.stack(rows))


def _side(embeddings: Any) -> int:
    side: int = round(embeddings.position_embedding.weight.shape[0] ** 0.5)
    return side


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    embeddings = getattr(getattr(model, "vision_tower", None), "embeddings", None)
    if embeddings is None or not _is_wrong(embeddings):
        return False
    original = type(embeddings).__call__

    def embed(self: Any, pixel_values: Any, patch_attention_mask: Any = None, tgt_sizes: Any = None) -> Any:
        if tgt_sizes is None:
            return original(self, pixel_values, patch_attention_mask, tgt_sizes)
        bare = _Places(self, lambda places: mx.zeros((*places.shape, 1)))
        parts = original(bare, pixel_values, patch_attention_mask, tgt_sizes)
        return parts + self.position_embedding(_places(tgt_sizes, parts.shape[1], _side(self)))

    override(embeddings, __call__=embed)
    return True


def _is_wrong(embeddings: Any) -> bool:
    """Whether the positions of a picture that fills the grid are others than one after another."""
    seen: list[Any] = []

    def note(places: Any) -> Any:
        seen.append(places)
        return mx.zeros((*places.shape, 1))

    side, patch = _side(embeddings), embeddings.patch_size
    x = mx.zeros((1, patch, patch * side * side, embeddings.config.num_channels))
    sizes = mx.array([[side, side]])
    type(embeddings).__call__(_Places(embeddings, note), x, None, sizes)
    return not mx.array_equal(seen[0], _places(sizes, side * side, side))


REPAIR = Repair(
    families=frozenset({"minicpmo", "minicpmv4_6", "minicpmv4_7"}),
    remark="mlx_vlm gives some parts of a picture the position of the one beside it; here each has its own.",
    after_load=_mend,
)
