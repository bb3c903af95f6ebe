"""Puts NumPy kernels in the place of mlx functions: on the desk's thread only, after each has been checked here.

mlx_vlm's models call ``mx.fast.rms_norm``, ``nn.silu`` and so on by these names at each step, so what stands under the
name decides. Other threads, other number formats and unusual options go on to mlx. Imported on the desk only.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx.nn.layers import activations, embedding
from mlx.nn.layers import linear as linears

from vlmkit.engines import blas, kernels
from vlmkit.engines.desk import is_here

__all__ = ["SUBSTITUTES", "Substitute", "check", "install", "installed"]

_log = logging.getLogger("vlmkit")

# Both compute in single precision and add in another order.
_RELATIVE, _ABSOLUTE = 2e-4, 2e-5
_LARGE = 2**13


@dataclass(frozen=True, kw_only=True)
class Substitute:
    """One function and where it goes.

    Attributes
    ----------
    owners : tuple of object
        Modules or classes whose attribute is replaced.
    name : str
    function : callable
        Takes what the original takes.
    fits : callable
        Whether it is written for these arguments.
    sample : callable
        Arguments to compare it with the original on, as (positional, by name).
    """

    owners: tuple[Any, ...]
    name: str
    function: Callable[..., Any]
    fits: Callable[..., bool]
    sample: Callable[[], list[tuple[tuple[Any, ...], dict[str, Any]]]]


def _single(*arrays: Any) -> bool:
    return all(array is None or array.dtype == mx.float32 for array in arrays)


def _worth_waiting(x: Any) -> bool:
    """Whether NumPy's speed outweighs the wait until mlx's own thread has computed the array.

    One row comes out of a product that NumPy has the result of already; else the array must be large.
    """
    return bool(x.size == x.shape[-1] or x.size >= _LARGE)


def _fits_elementwise(x: Any) -> bool:
    return _single(x) and x.ndim > 0 and _worth_waiting(x)


def _fits_last_axis(x: Any, axis: Any = None, **options: Any) -> bool:
    last = axis in (-1, x.ndim - 1)
    return last and _single(x) and x.size >= _LARGE and options.get("stream") is None


def _fits_rms_norm(x: Any, weight: Any, eps: float, **options: Any) -> bool:  # noqa: ARG001
    return _single(x, weight) and x.size == x.shape[-1] and options.get("stream") is None


def _fits_rope(x: Any, dims: int, **options: Any) -> bool:
    one_place = x.ndim >= 3 and x.shape[0] == x.shape[-2] == 1
    return one_place and _single(x, options.get("freqs")) and dims % 2 == 0 and options.get("stream") is None


def _fits_attention(q: Any, k: Any, v: Any, **options: Any) -> bool:
    mask = options.get("mask")
    plain = all(options.get(option) is None for option in ("sinks", "stream")) and not options.get("force_fused")
    one_row_or_large = q.shape[0] == q.shape[-2] == 1 or q.shape[-2] * k.shape[-2] >= kernels.LARGE_SCORES
    known_mask = isinstance(mask, str | None) or mask.dtype in (mx.bool_, mx.float32)
    return plain and one_row_or_large and _single(q, k, v) and known_mask


def _normal(*shape: int, seed: int = 0) -> Any:
    return mx.array(np.random.default_rng(seed).standard_normal(shape, np.float32))


def _elementwise_samples() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [((3 * _normal(1, 67),), {}), ((30 * _normal(2, 20_000, seed=1),), {})]


def _last_axis_samples() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [((20 * _normal(3, 7000),), {"axis": -1})]


def _rms_norm_samples() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [((_normal(1, 1, 64), _normal(64, seed=1), 1e-5), {}), ((_normal(1, 1, 96), None, 1e-6), {})]


def _rope_samples() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    plain = {"traditional": False, "base": 10000.0, "scale": 1.0}
    return [
        ((_normal(1, 3, 1, 16), 16), plain | {"offset": 11}),
        ((_normal(1, 3, 1, 16), 8), plain | {"offset": mx.array([90]), "traditional": True, "scale": 0.5}),
        ((_normal(1, 2, 1, 16), 16), plain | {"offset": 3, "base": None, "freqs": mx.abs(_normal(8, seed=2)) + 1}),
    ]


def _attention_samples() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    def qkv(batch: int, heads: int, groups: int, length: int, keys: int) -> tuple[Any, Any, Any]:
        return (
            _normal(batch, heads, length, 16),
            _normal(batch, groups, keys, 16, seed=1),
            _normal(batch, groups, keys, 16, seed=2),
        )

    seen = mx.array(np.arange(21) >= 6)[None, None, None, :]
    return [
        (qkv(1, 6, 2, 1, 21), {"scale": 0.25, "mask": seen}),
        (qkv(2, 6, 3, 260, 300), {"scale": 0.25, "mask": "causal"}),
        (qkv(1, 4, 2, 260, 256), {"scale": 0.25}),
        (qkv(1, 4, 4, 256, 260), {"scale": 0.25, "mask": _normal(1, 1, 256, 260, seed=3)}),
    ]


def _elementwise(name: str, function: Callable[..., Any], *more_owners: Any) -> Substitute:
    return Substitute(
        owners=(nn, activations, *more_owners),
        name=name,
        function=function,
        fits=_fits_elementwise,
        sample=_elementwise_samples,
    )


SUBSTITUTES = (
    _elementwise("silu", kernels.silu),
    _elementwise("gelu", kernels.gelu),
    _elementwise("gelu_approx", kernels.gelu_tanh),
    _elementwise("gelu_fast_approx", kernels.gelu_fast),
    Substitute(
        owners=(mx,),
        name="softmax",
        function=kernels.softmax,
        fits=_fits_last_axis,
        sample=_last_axis_samples,
    ),
    Substitute(
        owners=(mx,),
        name="logsumexp",
        function=kernels.logsumexp,
        fits=_fits_last_axis,
        sample=lambda: [((20 * _normal(3, 7000),), {"axis": -1, "keepdims": keep}) for keep in (True, False)],
    ),
    Substitute(
        owners=(mx.fast,),
        name="rms_norm",
        function=kernels.rms_norm,
        fits=_fits_rms_norm,
        sample=_rms_norm_samples,
    ),
    Substitute(owners=(mx.fast,), name="rope", function=kernels.rope, fits=_fits_rope, sample=_rope_samples),
    Substitute(
        owners=(mx.fast,),
        name="scaled_dot_product_attention",
        function=kernels.attention,
        fits=_fits_attention,
        sample=_attention_samples,
    ),
)


def _matvec_substitutes(library: str) -> tuple[Substitute, ...]:
    """Linear layers and tied heads on one row."""
    sgemv = kernels.sgemv_of(library)
    if sgemv is None:
        return ()
    matvec = kernels.Matvec(sgemv)

    def linear(layer: Any, x: Any) -> Any:
        product = matvec(layer["weight"], x)
        return product + layer["bias"] if "bias" in layer else product

    def layers() -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [((linears.Linear(96, 200, bias=bias), _normal(1, 1, 96)), {}) for bias in (True, False)]

    return (
        Substitute(
            owners=(linears.Linear,),
            name="__call__",
            function=linear,
            fits=lambda layer, x: matvec.fits(layer["weight"], x),
            sample=layers,
        ),
        Substitute(
            owners=(embedding.Embedding,),
            name="as_linear",
            function=lambda layer, x: matvec(layer["weight"], x),
            fits=lambda layer, x: matvec.fits(layer["weight"], x),
            sample=lambda: [((embedding.Embedding(200, 96), _normal(1, 1, 96)), {})],
        ),
    )


_installed: list[str] = []


def installed() -> tuple[str, ...]:
    """Names of what was put in."""
    return tuple(_installed)


def install() -> None:
    """Put in everything that agrees with mlx here; the first call, on the desk, decides."""
    if _installed:
        return
    # A function being compiled is given arrays without memory, which NumPy cannot look into.
    mx.disable_compile()
    library = blas.library()
    for substitute in (*SUBSTITUTES, *(_matvec_substitutes(library) if library else ())):
        if fault := check(substitute):
            _log.warning("A fast kernel is not used, %s. Models are slower here than they could be.", fault)
        else:
            _put_in(substitute)
            _installed.append(substitute.name)


def check(substitute: Substitute) -> str:
    """What a substitute does differently from the original; empty where nothing.

    Parameters
    ----------
    substitute : Substitute
    """
    original = inspect.unwrap(getattr(substitute.owners[0], substitute.name))
    for positional, named in substitute.sample():
        if not substitute.fits(*positional, **named):
            return f"{substitute.name} is not written for its own sample"
        try:
            expected = np.asarray(original(*positional, **named))
            got = np.asarray(substitute.function(*positional, **named))
        except Exception as error:  # noqa: BLE001  whatever it is, mlx's own function will do
            return f"{substitute.name} fails with {type(error).__name__}: {error}"
        if expected.shape != got.shape or not np.allclose(got, expected, rtol=_RELATIVE, atol=_ABSOLUTE):
            return f"{substitute.name} differs from mlx"
    return ""


def _put_in(substitute: Substitute) -> None:
    original = getattr(substitute.owners[0], substitute.name)
    function, fits = substitute.function, substitute.fits

    def dispatch(*positional: Any, **named: Any) -> Any:
        # Also the sign of life of a long prompt: a model calls these in each of its layers.
        if is_here() and fits(*positional, **named):
            return function(*positional, **named)
        return original(*positional, **named)

    dispatch.__wrapped__ = original  # type: ignore[attr-defined]
    for owner in substitute.owners:
        setattr(owner, substitute.name, dispatch)
