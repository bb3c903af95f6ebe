"""Idefics and SmolVLM: which learned position each part of a picture gets.

A picture of any size shares the square grid of positions that its tower was trained with: part i of n gets the position
whose share of the side begins at or before i/n. mlx_vlm's Idefics 2 takes one position less, and the first of a row the
last of the one before. Its Idefics 3, which SmolVLM shares, adds boundaries up in single precision, whose rounding
takes one position less for a stretch of a side, in the released grids of 26 and 27 parts. Here shares are compared as
transformers does.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR", "positions"]


def positions(mask: np.ndarray[Any, Any], side: int) -> np.ndarray[Any, Any]:
    """Position of each part of pictures.

    Parameters
    ----------
    mask : bool array of shape (pictures, rows, columns)
        Where a picture is, and not the padding right of and below it.
    side : int
        Positions along each side of the learned grid.

    Returns
    -------
    int array of shape (pictures, rows * columns); 0 in the padding.
    """
    count, rows, columns = mask.shape
    down = np.stack([_along(rows, int(part[:, 0].sum()), side) for part in mask])
    across = np.stack([_along(columns, int(part[0].sum()), side) for part in mask])
    grid = down[:, :, None] * side + across[:, None, :]
    return np.where(mask, grid, 0).reshape(count, rows * columns)


def _along(length: int, filled: int, side: int) -> np.ndarray[Any, Any]:
    boundaries = np.arange(1 / side, 1.0, 1 / side).astype(np.float32)
    shares = np.arange(length, dtype=np.float32) * (np.float32(1) / np.float32(max(filled, 1)))
    places: np.ndarray[Any, Any] = np.digitize(np.minimum(shares, np.float32(1 - 1e-6)), boundaries)
    return places


def _embed(self: Any, x: Any, mask: Any = None) -> Any:
    parts = self.patch_embedding(x)
    count, rows, columns, _ = parts.shape
    given = np.ones((count, rows, columns), bool) if mask is None else np.array(mask).astype(bool)
    places = positions(given, self.image_size // self.patch_size)
    return mx.flatten(parts, start_axis=1, end_axis=2) + self.position_embedding(mx.array(places))


class _Places:
    """Stands in for the embeddings of a tower: parts are zero and a position's vector is its number."""

    def __init__(self, embeddings: Any) -> None:
        self._embeddings = embeddings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embeddings, name)

    def patch_embedding(self, x: Any) -> Any:
        count, height, width, _ = x.shape
        return mx.zeros((count, height // self.patch_size, width // self.patch_size, 1))

    def position_embedding(self, places: Any) -> Any:
        return places[..., None].astype(mx.float32)


def _is_wrong(embeddings: Any) -> bool:
    size, patch = embeddings.image_size, embeddings.patch_size
    for height, width in ((size, size), (size // patch // 2 * patch + patch, size), (size, 3 * patch)):
        x, mask = mx.zeros((1, height, width, 1)), mx.ones((1, height // patch, width // patch), mx.bool_)
        got, right = type(embeddings).__call__(_Places(embeddings), x, mask), _embed(_Places(embeddings), x, mask)
        if not mx.array_equal(got, right):
            return True
    return False


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    embeddings = model.vision_model.embeddings
    if not _is_wrong(embeddings):
        return False
    override(embeddings, __call__=_embed)
    return True


REPAIR = Repair(
    families=frozenset({"idefics2", "idefics3", "smolvlm"}),
    remark="mlx_vlm gives parts of a picture the position of their neighbour; here they get their own.",
    after_load=_mend,
)
