"""The model to train, with earlier weights where they fit: parameters and sums of mlx-vlm's SmolVLM, in two halves.

Its activations are faster ones; a test holds both halves against mlx-vlm's own forward pass. Masks for padded pictures
are left out: training pictures are square after resizing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn
from mlx.utils import tree_flatten

from vlmkit.tiny import kernels
from vlmkit.tiny.blueprint import CONFIG, IMAGE, IMAGE_TOKENS

__all__ = ["adopted", "build", "read", "see"]


def build() -> Any:
    """Build mlx-vlm's own SmolVLM with random weights, seeded by ``mx.random.seed``."""
    from mlx_vlm.models import smolvlm

    config = smolvlm.ModelConfig.from_dict(CONFIG)
    config.text_config = smolvlm.TextConfig.from_dict(CONFIG["text_config"])
    config.vision_config = smolvlm.VisionConfig.from_dict(CONFIG["vision_config"])
    model = smolvlm.Model(config)
    model.language_model.embed_tokens.weight = 0.02 * mx.random.normal(model.language_model.embed_tokens.weight.shape)
    positions = model.vision_model.embeddings.position_embedding
    positions.weight = 0.02 * mx.random.normal(positions.weight.shape)
    return model


def _heads(x: mx.array, count: int) -> mx.array:
    rows, length, width = x.shape
    return x.reshape(rows, length, count, width // count).transpose(0, 2, 1, 3)


def _attend(q: mx.array, k: mx.array, v: mx.array, mask: mx.array | None) -> mx.array:
    scores = (q * (q.shape[-1] ** -0.5)) @ k.transpose(0, 1, 3, 2)
    if mask is not None:
        scores = scores + mask
    mixed: mx.array = kernels.softmax(scores) @ v
    return mixed.transpose(0, 2, 1, 3).reshape(q.shape[0], q.shape[2], -1)


def _position_ids(across: int, table_across: int) -> mx.array:
    """Position of each patch as mlx-vlm computes it: its place as a fraction, looked up in the larger table."""
    boundaries = mx.arange(1 / table_across, 1.0, 1 / table_across)
    fractions = mx.clip(mx.arange(across, dtype=mx.float32) / across, 0.0, 1.0 - 1e-6)
    line = mx.greater_equal(fractions[:, None], boundaries[None, :]).astype(mx.int32).sum(axis=1)
    places: mx.array = (line[:, None] * table_across + line[None, :]).reshape(-1)
    return places


def see(model: Any, pictures: mx.array) -> mx.array:
    """Turn pictures into image tokens.

    Parameters
    ----------
    model : mlx_vlm.models.smolvlm.Model
    pictures : array of float32, shape (n, SIDE_PX, SIDE_PX, 3)
        In [-1, 1].

    Returns
    -------
    array of float32, shape (n, IMAGE_TOKENS, text hidden size)
    """
    tower = model.vision_model
    n, side, _, _ = pictures.shape
    embedding = tower.embeddings.patch_embedding
    width, patch = embedding.weight.shape[0], embedding.weight.shape[1]
    across = side // patch
    positions = _position_ids(across, tower.embeddings.num_patches_per_side)
    # A convolution with stride = kernel is one matrix product over the cut-out patches.
    cut = pictures.reshape(n, across, patch, across, patch, 3).transpose(0, 1, 3, 2, 4, 5).reshape(n, across**2, -1)
    x = cut @ embedding.weight.reshape(width, -1).T + embedding.bias
    x = x + tower.embeddings.position_embedding.weight[positions]
    for layer in tower.encoder.layers:
        attention = layer.self_attn
        h = layer.layer_norm1(x)
        q, k, v = (
            _heads(part(h), attention.num_heads) for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        x = x + attention.out_proj(_attend(q, k, v, None))
        x = x + layer.mlp.fc2(kernels.gelu(layer.mlp.fc1(layer.layer_norm2(x))))
    features: mx.array = model.connector(tower.post_layernorm(x))
    return features


def read(model: Any, ids: mx.array, features: mx.array) -> tuple[mx.array, mx.array]:
    """Run the text model over rows that have one picture each.

    Parameters
    ----------
    model : mlx_vlm.models.smolvlm.Model
    ids : array of int32, shape (rows, length)
        As `vlmkit.tiny.blueprint.chat_ids` writes them, padded at the end.
    features : array of float32, shape (rows, IMAGE_TOKENS, hidden)

    Returns
    -------
    states : array of float32, shape (rows, length, hidden)
        Normalized, one matrix product short of the logits.
    halfway : array of float32, shape (rows, length, hidden)
        What the first half of the layers made of the rows.
    """
    text = model.language_model
    words = text.embed_tokens(ids)
    shown = mx.equal(ids, IMAGE)
    ordinals = mx.where(shown, mx.cumsum(shown.astype(mx.int32), axis=1) - 1, -1)
    # One-hot rows times features: a matrix product is the fast way to scatter, and to differentiate it.
    places = mx.equal(ordinals[:, :, None], mx.arange(IMAGE_TOKENS)).astype(mx.float32)
    x = mx.where(shown[:, :, None], places @ features, words)
    mask = nn.MultiHeadAttention.create_additive_causal_mask(x.shape[1])
    halfway = x
    for number, layer in enumerate(text.layers, start=1):
        attention = layer.self_attn
        h = layer.input_layernorm(x)
        q, k, v = (
            _heads(part(h), attention.n_heads) for part in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        x = x + attention.o_proj(_attend(attention.rope(q), attention.rope(k), v, mask))
        h = layer.post_attention_layernorm(x)
        x = x + layer.mlp.down_proj(kernels.swiglu(layer.mlp.gate_proj(h), layer.mlp.up_proj(h)))
        if number == len(text.layers) // 2:
            halfway = x
    states: mx.array = text.norm(x)
    return states, halfway


_BY_TOKEN = ("language_model.embed_tokens.weight", "language_model.lm_head.weight")


def adopted(model: Any, weights: Path, tokenizer_file: Path) -> tuple[dict[str, mx.array], list[str]]:
    """Take what fits from other weights; rows of tokens are found by what the tokens say.

    Parameters
    ----------
    model : mlx_vlm.models.smolvlm.Model
        Says which shapes are wanted.
    weights : Path
        A ``model.safetensors`` with ``tokenizer.json`` beside it.
    tokenizer_file : Path
        Of the model.

    Returns
    -------
    arrays : dict of str to array of float32
        By name. A token that the other model does not have gets the mean of the tokens that it would write for it.
    left : list of str
        Names of the arrays that the other weights do not have in this shape.
    """
    loaded: Any = mx.load(str(weights))
    parameters: Any = tree_flatten(model.parameters())
    arrays: dict[str, mx.array] = {}
    left = []
    for name, own in parameters:
        other = loaded.get(name)
        if other is not None and name in _BY_TOKEN and other.shape[1] == own.shape[1]:
            arrays[name] = _by_token(other.astype(mx.float32), weights.parent / "tokenizer.json", tokenizer_file)
        elif other is not None and other.shape == own.shape:
            arrays[name] = other.astype(mx.float32)
        else:
            left.append(name)
    return arrays, left


def _by_token(rows: mx.array, old_file: Path, new_file: Path) -> mx.array:
    from tokenizers import Tokenizer

    old, new = (Tokenizer.from_file(str(file)) for file in (old_file, new_file))
    known = old.get_vocab()
    source = np.array(rows)
    table = np.empty((new.get_vocab_size(), source.shape[1]), np.float32)
    for token, number in new.get_vocab().items():
        written = [known[token]] if token in known else old.encode(new.decode([number])).ids
        table[number] = source[written].mean(axis=0) if written else source.mean(axis=0)
    return mx.array(table)
