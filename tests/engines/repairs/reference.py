"""Transformer layers as their papers define them, in plain numpy: what repaired models are compared with."""

import numpy as np


def numbered(model, seed=5, scale=0.4):
    """Give an mlx model weights that are the same each time, and return it."""
    import mlx.core as mx
    from mlx.utils import tree_flatten, tree_unflatten

    numbers = np.random.default_rng(seed)
    made = [
        (name, mx.array(numbers.normal(size=old.shape, scale=scale).astype(np.float32)))
        for name, old in tree_flatten(model.parameters())
    ]
    model.update(tree_unflatten(made))
    return model


def weights_of(module):
    """Weights by name, in double precision."""
    from mlx.utils import tree_flatten

    return {name: np.array(weight, np.float64) for name, weight in tree_flatten(module.parameters())}


def norm(x, weight, eps=1e-6):
    """Gemma's norm, whose weights are counted from one."""
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * (1 + weight)


def turned(x, base):
    """Rotary positions; x has shape (heads, tokens, width)."""
    half = x.shape[-1] // 2
    angles = np.arange(x.shape[1])[:, None] / base ** (np.arange(half) / half)
    left, right = x[..., :half], x[..., half:]
    return np.concatenate(
        [left * np.cos(angles) - right * np.sin(angles), right * np.cos(angles) + left * np.sin(angles)], -1
    )


def gelu(x):
    """The approximation by tanh."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def heads(x, weight, width):
    """A projection, as (heads, tokens, width)."""
    return (x @ weight.T).reshape(len(x), -1, width).swapaxes(0, 1)


def attended(query, key, value, sees, scale, cap=None):
    """Each token's mixture of what it sees: `sees` takes the places of a query and a key."""
    shared = len(query) // len(key)
    scores = query @ np.repeat(key, shared, 0).swapaxes(1, 2) * scale
    if cap is not None:
        scores = np.tanh(scores / cap) * cap
    places = range(query.shape[1])
    mask = np.array([[sees(q, k) for k in places] for q in places])
    scores = np.where(mask, np.exp(scores - scores.max(-1, keepdims=True)), 0)
    mixed = scores / scores.sum(-1, keepdims=True) @ np.repeat(value, shared, 0)
    return mixed.swapaxes(0, 1).reshape(query.shape[1], -1)


def gated(x, weights, prefix):
    """Gemma's two-armed layer."""
    gate, up, down = (weights[f"{prefix}.{name}_proj.weight"].T for name in ("gate", "up", "down"))
    return (gelu(x @ gate) * (x @ up)) @ down
