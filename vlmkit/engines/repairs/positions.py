"""Positions of the parts of a picture: Idefics and SmolVLM, MiniCPM, GLM-4V.

A tower has learned a square grid of positions; a picture of any size shares it. Imported on the desk only.
"""

from __future__ import annotations

import itertools
from typing import Any

import mlx.core as mx
import numpy as np

from vlmkit.engines.repairs.repair import Repair, override

__all__ = ["GLM4V", "IDEFICS", "MINICPM", "bicubic", "positions"]


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


def _embed_idefics(self: Any, x: Any, mask: Any = None) -> Any:
    parts = self.patch_embedding(x)
    count, rows, columns, _ = parts.shape
    given = np.ones((count, rows, columns), bool) if mask is None else np.array(mask).astype(bool)
    places = positions(given, self.image_size // self.patch_size)
    return mx.flatten(parts, start_axis=1, end_axis=2) + self.position_embedding(mx.array(places))


class _Numbered:
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


def _misplaces_idefics(embeddings: Any) -> bool:
    size, patch = embeddings.image_size, embeddings.patch_size
    for height, width in ((size, size), (size // patch // 2 * patch + patch, size), (size, 3 * patch)):
        x, mask = mx.zeros((1, height, width, 1)), mx.ones((1, height // patch, width // patch), mx.bool_)
        got, right = (
            type(embeddings).__call__(_Numbered(embeddings), x, mask),
            _embed_idefics(_Numbered(embeddings), x, mask),
        )
        if not mx.array_equal(got, right):
            return True
    return False


def _mend_idefics(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    """Idefics and SmolVLM: which learned position each part of a picture gets.

    A picture of any size shares the square grid of positions that its tower was trained with: part i of n gets the
    position whose share of the side begins at or before i/n. mlx_vlm's Idefics 2 takes one position less, and the first
    of a row the last of the one before. Its Idefics 3, which SmolVLM shares, adds boundaries up in single precision,
    whose rounding takes one position less for a stretch of a side, in the released grids of 26 and 27 parts. Here
    shares are compared as transformers does.
    """
    embeddings = model.vision_model.embeddings
    if not _misplaces_idefics(embeddings):
        return False
    override(embeddings, __call__=_embed_idefics)
    return True


IDEFICS = Repair(
    families=frozenset({"idefics2", "idefics3", "smolvlm"}),
    remark="mlx_vlm gives parts of a picture the position of their neighbour; here they get their own.",
    after_load=_mend_idefics,
)


class _Recorded:
    """Stands in for the embeddings of a tower: a position's vector is what a function makes of its number."""

    def __init__(self, embeddings: Any, position_embedding: Any) -> None:
        self._embeddings = embeddings
        self.position_embedding = position_embedding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embeddings, name)


def _packed_places(sizes: Any, length: int, side: int) -> Any:
    """Positions of the parts of each picture, 0 behind them."""
    rows = []
    for height, width in np.array(sizes).tolist():
        places = positions(np.ones((1, max(height, 1), max(width, 1)), bool), side)[0][:length]
        rows.append(np.pad(places, (0, length - len(places))))
    return mx.array(np.stack(rows))


def _side(embeddings: Any) -> int:
    side: int = round(embeddings.position_embedding.weight.shape[0] ** 0.5)
    return side


def _mend_minicpm(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    """MiniCPM: which learned position each part of a picture gets.

    Its tower shares the square grid of positions with that of Idefics 3, and mlx_vlm adds its boundaries up in single
    precision here, too: for a stretch of a side the parts get the position of their neighbour, in the released grid of
    70 parts. Parts come in one row, with the rows and columns that they stand for beside them.
    """
    embeddings = getattr(getattr(model, "vision_tower", None), "embeddings", None)
    if embeddings is None or not _misplaces_minicpm(embeddings):
        return False
    original = type(embeddings).__call__

    def embed(self: Any, pixel_values: Any, patch_attention_mask: Any = None, tgt_sizes: Any = None) -> Any:
        if tgt_sizes is None:
            return original(self, pixel_values, patch_attention_mask, tgt_sizes)
        bare = _Recorded(self, lambda places: mx.zeros((*places.shape, 1)))
        parts = original(bare, pixel_values, patch_attention_mask, tgt_sizes)
        return parts + self.position_embedding(_packed_places(tgt_sizes, parts.shape[1], _side(self)))

    override(embeddings, __call__=embed)
    return True


def _misplaces_minicpm(embeddings: Any) -> bool:
    """Whether the positions of a picture that fills the grid are others than one after another."""
    seen: list[Any] = []

    def note(places: Any) -> Any:
        seen.append(places)
        return mx.zeros((*places.shape, 1))

    side, patch = _side(embeddings), embeddings.patch_size
    x = mx.zeros((1, patch, patch * side * side, embeddings.config.num_channels))
    sizes = mx.array([[side, side]])
    type(embeddings).__call__(_Recorded(embeddings, note), x, None, sizes)
    return not mx.array_equal(seen[0], _packed_places(sizes, side * side, side))


MINICPM = Repair(
    families=frozenset({"minicpmo", "minicpmv4_6", "minicpmv4_7"}),
    remark="mlx_vlm gives some parts of a picture the position of the one beside it; here each has its own.",
    after_load=_mend_minicpm,
)


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


def _embed_glm4v(self: Any, embeddings: Any, lengths: Any, image_shapes: Any, h_coords: Any, w_coords: Any) -> Any:
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


def _misplaces_glm4v(embeddings: Any) -> bool:
    """Whether positions of a picture of 2 by 2 parts come out otherwise; few values are enough to tell."""
    size = embeddings.position_embedding.weight.shape[-1]
    rows, columns = mx.array([0, 0, 1, 1]), mx.array([0, 1, 0, 1])
    given = (mx.zeros((4, size)), [4], mx.array([[1, 2, 2]]), rows, columns)
    got, right = embeddings(*given), _embed_glm4v(embeddings, *given)
    return not mx.allclose(got, right, rtol=1e-3, atol=1e-6)


def _mend_glm4v(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    """GLM-4V: positions of the parts of a picture, and several pictures.

    Three faults of mlx_vlm. The tower was trained with a square grid of positions, which is interpolated to the grid of
    each picture: bicubic, with the border repeated; mlx_vlm interpolates bilinear, with zeros outside. Its attention
    splits the parts of all pictures into three pieces, whatever their number, so with four or more the last ones look
    at each other. Its norms have an epsilon of their own. Here positions are interpolated as transformers does, each
    picture attends to itself alone, and the epsilon is the checkpoint's.
    """
    tower = model.vision_tower
    if not _misplaces_glm4v(tower.embeddings):
        return False
    override(tower.embeddings, __call__=_embed_glm4v)
    for block in tower.blocks:
        block.norm1.eps = block.norm2.eps = tower.config.rms_norm_eps
        _attend_apart(block.attn)
    return True


GLM4V = Repair(
    families=frozenset({"glm4v", "glm4v_moe"}),
    remark="mlx_vlm puts parts of a picture elsewhere and mixes four or more pictures; here neither happens.",
    after_load=_mend_glm4v,
)
