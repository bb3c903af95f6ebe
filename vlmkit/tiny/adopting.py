"""Beginning with weights that were trained before, although tokens, picture size or layers may have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from mlx.utils import tree_flatten

__all__ = ["adopted"]

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
