"""NumPy in place of mlx where mlx is slow on a CPU under Linux, on the desk alone.

mlx's exp, tanh and erf take 13 to 28 ns an element there, NumPy's less than one; small operations cost more to dispatch
than to do; and a matrix times one row goes through a kernel made for many. Each function here equals its namesake in
mlx up to rounding; `kernel_patches` checks that before it puts them in, and keeps from them what they are not written
for.
Imported on the desk only.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import mlx.core as mx
import numpy as np

__all__ = [
    "LARGE_SCORES",
    "Matvec",
    "attention",
    "gelu",
    "gelu_fast",
    "gelu_tanh",
    "logsumexp",
    "rms_norm",
    "rope",
    "sgemv_of",
    "sigmoid",
    "silu",
    "softmax",
]

# Elements worked on at a time: what a core keeps in its second-level cache, with room for a temporary.
_BLOCK = 2**15
# Below this many attention scores all heads go through one product; above, each head in turn stays in cache.
LARGE_SCORES = 2**16
_SMALLEST_MATRIX = 2**13

_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)  # Abramowitz and Stegun 7.1.26
_ERF_P = 0.3275911


def _host(array: Any) -> Any:
    """The array's own memory, as NumPy sees it; computes it if that has not been done."""
    return np.asarray(array)


def _blockwise(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make an elementwise function of a small array one of any array."""

    def apply(x: Any) -> Any:
        values = np.ascontiguousarray(_host(x)).reshape(-1)
        result = np.empty_like(values)
        for start in range(0, values.size, _BLOCK):
            result[start : start + _BLOCK] = function(values[start : start + _BLOCK])
        return mx.array(result.reshape(x.shape))

    return apply


def _sigmoid(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def _gelu(x: Any) -> Any:
    scaled = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(_ERF_P) * scaled)
    series = np.float32(_ERF[4])
    for factor in _ERF[3::-1]:
        series = series * t + np.float32(factor)
    tail = 0.5 * series * t * np.exp(-scaled * scaled)
    return x * np.where(x < 0, tail, 1 - tail)


def _gelu_tanh(x: Any) -> Any:
    inner = np.float32((2 / np.pi) ** 0.5) * x * (1 + np.float32(0.044715) * x * x)
    return 0.5 * x * (1 + np.tanh(inner))


silu = _blockwise(lambda x: x * _sigmoid(x))
sigmoid = _blockwise(_sigmoid)
gelu = _blockwise(_gelu)
gelu_tanh = _blockwise(_gelu_tanh)
gelu_fast = _blockwise(lambda x: x * _sigmoid(np.float32(1.702) * x))


def softmax(x: Any, axis: int = -1, **_options: Any) -> Any:  # noqa: ARG001  the guard lets the last axis pass only
    """Softmax over the last axis."""
    return mx.array(_softmax(np.array(_host(x))))


def _softmax(scores: Any) -> Any:
    """Softmax over the last axis, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def logsumexp(x: Any, axis: int = -1, keepdims: bool = False, **_options: Any) -> Any:  # noqa: ARG001
    """Logarithm of the sum of exponentials over the last axis."""
    values = _host(x)
    top = values.max(axis=-1, keepdims=True)
    result = np.log(np.exp(values - top).sum(axis=-1, keepdims=True)) + top
    return mx.array(result if keepdims else result[..., 0])


def rms_norm(x: Any, weight: Any, eps: float, **_options: Any) -> Any:
    """Root mean square normalization (arXiv:1910.07467)."""
    values = _host(x)
    scale = 1 / np.sqrt(
        np.einsum("...i,...i->...", values, values)[..., None] / np.float32(x.shape[-1]) + np.float32(eps)
    )
    return mx.array(values * scale if weight is None else values * scale * _host(weight))


def rope(
    x: Any,
    dims: int,
    *,
    traditional: bool,
    base: float | None,
    scale: float,
    offset: Any,
    freqs: Any = None,
    **_options: Any,
) -> Any:
    """Rotary position embedding (arXiv:2104.09864); arguments as ``mx.fast.rope``."""
    values = _host(x)
    steps = np.asarray(offset, np.float32).reshape(-1, 1) + np.arange(values.shape[-2], dtype=np.float32)
    if base is None:
        speeds = 1 / _host(freqs)
    else:
        speeds = np.exp(np.arange(dims // 2, dtype=np.float32) * np.float32(-2 * np.log(base) / dims))
    angles = (steps * np.float32(scale))[..., None] * speeds
    angles = angles.reshape(angles.shape[0], *[1] * (values.ndim - 3), *angles.shape[1:])
    cosine, sine = np.cos(angles), np.sin(angles)
    result = np.array(values)
    half = dims // 2
    first, second = (slice(0, dims, 2), slice(1, dims, 2)) if traditional else (slice(0, half), slice(half, dims))
    a, b = values[..., first], values[..., second]
    result[..., first] = a * cosine - b * sine
    result[..., second] = a * sine + b * cosine
    return mx.array(result)


def attention(q: Any, k: Any, v: Any, *, scale: float, mask: Any = None, **_options: Any) -> Any:
    """Scaled dot-product attention; arguments as ``mx.fast.scaled_dot_product_attention``."""
    queries, keys, values = _host(q), _host(k), _host(v)
    mask = _mask(mask, q.shape[-2], k.shape[-2])
    if q.shape[-2] * k.shape[-2] >= LARGE_SCORES:
        return _attention_by_head(q, k, v, scale, mask)
    batch, heads, length, width = queries.shape
    groups = keys.shape[1]
    queries = (queries * np.float32(scale)).reshape(batch, groups, heads // groups * length, width)
    scores = (queries @ keys.swapaxes(-1, -2)).reshape(batch, heads, length, -1)
    weights = _softmax(_masked(scores, mask)).reshape(batch, groups, heads // groups * length, -1)
    return mx.array((weights @ values).reshape(batch, heads, length, -1))


def _attention_by_head(q: Any, k: Any, v: Any, scale: float, mask: Any) -> Any:
    """The large products stay with mlx, whose BLAS has the threads; the softmax between them is ours."""
    share = q.shape[1] // k.shape[1]
    rows = []
    for row in range(q.shape[0]):
        heads = []
        for head in range(q.shape[1]):
            scores = (q[row, head] * scale) @ k[row, head // share].T
            part = None if mask is None else mask[min(row, mask.shape[0] - 1), min(head, mask.shape[1] - 1)]
            # Nobody else holds these scores, so they may change in place.
            _softmax(_masked(_host(scores), part))
            heads.append(scores @ v[row, head // share])
            mx.eval(heads[-1])
        rows.append(mx.stack(heads))
    return mx.stack(rows)


def _mask(mask: Any, length: int, keys: int) -> Any:
    """Mask as a NumPy array of four axes; None where everything is seen."""
    if mask is None or (isinstance(mask, str) and length == 1):
        return None
    if isinstance(mask, str):
        return np.tri(length, keys, keys - length, dtype=bool)[None, None]
    host = _host(mask)
    return host.reshape((1,) * (4 - host.ndim) + host.shape)


def _masked(scores: Any, mask: Any) -> Any:
    if mask is None:
        return scores
    if mask.dtype == bool:
        # A finite floor, as a row that sees nothing must not become NaN.
        np.copyto(scores, np.finfo(np.float32).min, where=~mask)
    else:
        scores += mask
    return scores


class Matvec:
    """A matrix times one row, by the BLAS's own function for it.

    Parameters
    ----------
    sgemv : ctypes function
        ``cblas_sgemv``.
    """

    def __init__(self, sgemv: Any) -> None:
        self._sgemv = sgemv

    def fits(self, weight: Any, x: Any) -> bool:
        """Whether this is one row, and a matrix worth the trouble."""
        one_row = x.size == x.shape[-1] and x.dtype == mx.float32
        return bool(one_row and weight.dtype == mx.float32 and weight.ndim == 2 and weight.size >= _SMALLEST_MATRIX)

    def __call__(self, weight: Any, x: Any) -> Any:
        """``x @ weight.T``."""
        matrix, row = np.ascontiguousarray(_host(weight)), np.ascontiguousarray(_host(x))
        rows, columns = matrix.shape
        result = np.empty((*x.shape[:-1], rows), np.float32)
        self._sgemv(
            _ROW_MAJOR, _NOT_TRANSPOSED, rows, columns, 1.0, _address(matrix), columns, _address(row), 1, 0.0,
            _address(result), 1,
        )  # fmt: skip
        return mx.array(result)


_ROW_MAJOR, _NOT_TRANSPOSED = 101, 111


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def sgemv_of(library: str) -> Any:
    """``cblas_sgemv`` of a loaded BLAS, ready to be called; None where it has none."""
    function = getattr(ctypes.CDLL(library), "cblas_sgemv", None)
    if function is not None:
        integer, real, pointer = ctypes.c_int, ctypes.c_float, ctypes.c_void_p
        function.argtypes = [*[integer] * 4, real, pointer, integer, pointer, integer, real, pointer, integer]
        function.restype = None
    return function
