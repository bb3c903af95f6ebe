"""GLM-4V: positions of the parts of a picture, and several pictures.

Three faults of mlx_vlm. The tower was trained with a square grid of positions, which is interpolated to the grid of
each picture: bicubic, with the border repeated; mlx_vlm interpolates bilinear, with zeros outside. Its attention splits
the parts of all pictures into three pieces, whatever their number, so with four or more the last ones look at each
other. Its norms have an epsilon of their own. Here positions are interpolated as transformers does, each picture
attends to itself alone, and the epsilon is the checkpoint's.
"""

from __future__ import annotations

import itertools
from typing import Any

import mlx.core as mx
import numpy as np

from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR", "bicubic"]

_SHARPNESS = -0.75


def bicubic(length: int, size: int) -> np.ndarray[Any, Any]:
    """Weights that interpolate a line of values.

    Parameters
    ----------
    length : int
        Values wanted.
    size : int
        Values given.

    Returns
    -------
    float array of shape (length, size)
    """
    at = (np.arange(length) + 0.5) / length * size - 0.5
    weights = np.zeros((length, size))
    for tap in range(-1, 3):
        source = np.floor(at).astype(int) + tap
        np.add.at(weights, (np.arange(length), np.clip(source, 0, size - 1)), _cubic(np.abs(at - source)))
    return weights


def _cubic(distance: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    near = ((_SHARPNESS + 2) * distance - (_SHARPNESS + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance - 4
    return np.where(distance <= 1, near, np.where(distance < 2, _SHARPNESS * far, 0.0))


def _add_positions(self: Any, embeddings: Any, lengths: Any, image_shapes: Any, h_coords: Any, w_coords: Any) -> Any:
    learned = self.position_embedding.weight
    size = round(learned.shape[0] ** 0.5)
    grid = learned.reshape(size, -1).astype(mx.float32)
    added, begin = [], 0
    for length, (_, rows, columns) in zip(lengths, np.array(image_shapes).tolist(), strict=True):
        down = (mx.array(bicubic(rows, size), mx.float32) @ grid).reshape(rows, size, -1)
        whole = mx.array(bicubic(columns, size), mx.float32) @ down
        end = begin + int(length)
        added.append(whole[h_coords[begin:end], w_coords[begin:end]])
        begin = end
    return embeddings + mx.concatenate(added).astype(learned.dtype)


def _attend_apart(attention: Any) -> None:
    original = type(attention).__call__

    def call(self: Any, x: Any, cu_seqlens: Any, rotary_pos_emb: Any = None) -> Any:
        bounds = cu_seqlens.tolist()
        pieces = [
            original(self, x[a:b], mx.array([0, b - a]), rotary_pos_emb[a:b]) for a, b in itertools.pairwise(bounds)
        ]
        return mx.concatenate(pieces)

    override(attention, __call__=call)


def _is_wrong(embeddings: Any) -> bool:
    """Whether positions of a picture of 2 by 2 parts come out otherwise; few values are enough to tell."""
    size = embeddings.position_embedding.weight.shape[-1]
    rows, columns = mx.array([0, 0, 1, 1]), mx.array([0, 1, 0, 1])
    given = (mx.zeros((4, size)), [4], mx.array([[1, 2, 2]]), rows, columns)
    got, right = embeddings(*given), _add_positions(embeddings, *given)
    return not mx.allclose(got, right, rtol=1e-3, atol=1e-6)


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    tower = model.vision_tower
    if not _is_wrong(tower.embeddings):
        return False
    override(tower.embeddings, __call__=_add_positions)
    for block in tower.blocks:
        block.norm1.eps = block.norm2.eps = tower.config.rms_norm_eps
        _attend_apart(block.attn)
    return True


REPAIR = Repair(
    families=frozenset({"glm4v", "glm4v_moe"}),
    remark="mlx_vlm puts parts of a picture elsewhere and mixes four or more pictures; here neither happens.",
    after_load=_mend,
)
