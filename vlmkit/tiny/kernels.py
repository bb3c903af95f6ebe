"""Activations and losses for training on a CPU: NumPy inside MLX's automatic differentiation.

MLX's exp and tanh take 25 to 40 ns an element on Linux CPUs, NumPy's about 1 ns; with the matrix products in OpenBLAS
they would be most of a training step. Each function equals its MLX namesake (tests compare values and gradients), which
takes its place where MLX computes on a GPU.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn

__all__ = ["cross_entropy", "gelu", "losses_of", "softmax", "swiglu"]

_differentiable: Any = mx.custom_function  # typed as a plain object
_ROOT = 0.7978845608028654  # sqrt(2 / pi)
_CUBE = 0.044715


def _host(array: mx.array) -> np.ndarray:
    view: np.ndarray = np.array(array, copy=False)
    return view


def _on_gpu() -> bool:
    return mx.default_device() == mx.Device(mx.gpu)


def gelu(x: mx.array) -> mx.array:
    """GELU in its tanh form (arXiv:1606.08415), as SigLIP uses it; any shape, float32."""
    result: mx.array = nn.gelu_approx(x) if _on_gpu() else _gelu_on_cpu(x)
    return result


def swiglu(gate: mx.array, up: mx.array) -> mx.array:
    """``silu(gate) * up`` (arXiv:2002.05202); equal shapes, float32."""
    result: mx.array = nn.silu(gate) * up if _on_gpu() else _swiglu_on_cpu(gate, up)
    return result


def softmax(scores: mx.array) -> mx.array:
    """Softmax over the last axis; float32."""
    result: mx.array = mx.softmax(scores, axis=-1) if _on_gpu() else _softmax_on_cpu(scores)
    return result


def cross_entropy(logits: mx.array, targets: mx.array, weights: mx.array, smoothing: float = 0.0) -> mx.array:
    """Weighted sum of cross entropies.

    Parameters
    ----------
    logits : array of float32, shape (n, classes)
    targets : array of int32, shape (n,)
    weights : array of float32, shape (n,)
    smoothing : float, default 0
        Share of each target that is spread evenly over all classes.

    Returns
    -------
    array of float32, shape ()
    """
    if _on_gpu():
        losses = nn.losses.cross_entropy(logits, targets, label_smoothing=smoothing)
        total: mx.array = (losses * weights).sum()
        return total
    loss: mx.array = _cross_entropy_on_cpu(logits, targets, weights, mx.array(smoothing))
    return loss


def _tanh_of(a: np.ndarray) -> np.ndarray:
    inner = a * a
    inner *= _CUBE * _ROOT
    inner += _ROOT
    inner *= a
    result: np.ndarray = np.tanh(inner)
    return result


@_differentiable
def _gelu_on_cpu(x: mx.array) -> mx.array:
    a = _host(x)
    t = _tanh_of(a)
    t += 1
    t *= a
    t *= 0.5
    return mx.array(t)


@_gelu_on_cpu.vjp
def _gelu_vjp(x: mx.array, cotangent: mx.array, _: mx.array) -> mx.array:
    a = _host(x)
    t = _tanh_of(a)
    slope = (3 * _CUBE * _ROOT) * a
    slope *= a
    slope += _ROOT
    slope *= 1 - t * t
    slope *= a
    slope += 1 + t
    slope *= 0.5
    slope *= _host(cotangent)
    return mx.array(slope)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    half = np.tanh(a * 0.5)
    half += 1
    half *= 0.5
    return half


@_differentiable
def _swiglu_on_cpu(gate: mx.array, up: mx.array) -> mx.array:
    a = _host(gate)
    s = _sigmoid(a)
    s *= a
    s *= _host(up)
    return mx.array(s)


@_swiglu_on_cpu.vjp
def _swiglu_vjp(primals: tuple[mx.array, mx.array], cotangent: mx.array, _: mx.array) -> tuple[mx.array, mx.array]:
    gate, up, c = _host(primals[0]), _host(primals[1]), _host(cotangent)
    s = _sigmoid(gate)
    silu = s * gate
    d_up = silu * c
    silu *= 1 - s
    silu += s  # now the derivative of silu
    silu *= up
    silu *= c
    return mx.array(silu), mx.array(d_up)


@_differentiable
def _softmax_on_cpu(scores: mx.array) -> mx.array:
    a = _host(scores)
    e = a - a.max(axis=-1, keepdims=True)
    np.exp(e, out=e)
    e /= e.sum(axis=-1, keepdims=True)
    return mx.array(e)


@_softmax_on_cpu.vjp
def _softmax_vjp(_: mx.array, cotangent: mx.array, output: mx.array) -> mx.array:
    p, c = _host(output), _host(cotangent)
    d = p * c
    d -= p * d.sum(axis=-1, keepdims=True)
    return mx.array(d)


@_differentiable
def _cross_entropy_on_cpu(logits: mx.array, targets: mx.array, weights: mx.array, smoothing: mx.array) -> mx.array:
    log_shares = _log_softmax(_host(logits))
    part = float(_host(smoothing))
    picked = np.take_along_axis(log_shares, _host(targets)[:, None], axis=-1)[:, 0]
    losses = -(1 - part) * picked - part * log_shares.mean(axis=-1)
    return mx.array(float((losses * _host(weights)).sum()))


@_cross_entropy_on_cpu.vjp
def _cross_entropy_vjp(
    primals: tuple[mx.array, mx.array, mx.array, mx.array], cotangent: mx.array, _: mx.array
) -> tuple[mx.array, mx.array, mx.array, mx.array]:
    logits, targets, weights, smoothing = primals
    part = float(_host(smoothing))
    p = np.exp(_log_softmax(_host(logits)))
    p -= part / p.shape[-1]
    p[np.arange(len(p)), _host(targets)] -= 1 - part
    p *= (_host(weights) * float(_host(cotangent)))[:, None]
    return mx.array(p), mx.zeros_like(targets), mx.zeros_like(weights), mx.zeros_like(smoothing)


def _log_softmax(a: np.ndarray) -> np.ndarray:
    shifted = a - a.max(axis=-1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    result: np.ndarray = shifted
    return result


def losses_of(logits: mx.array, targets: np.ndarray) -> np.ndarray:
    """Cross entropy of each row, to look at; nothing is learned from it."""
    picked = np.take_along_axis(_log_softmax(np.array(logits)), targets[:, None], axis=-1)[:, 0]
    return -picked
