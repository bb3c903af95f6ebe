"""The name an answer is stored under: a digest of everything that decides it, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from vlmkit.records import Sampling

__all__ = ["key_of"]

# Part of every key: another way to encode gives other keys, and old answers are simply not found.
_ENCODING = 1
_LATER_FIELDS = ("frequency_penalty", "presence_penalty")


def key_of(
    *,
    model: str,
    revision: str | None,
    digests: Sequence[str],
    prompt: str,
    system: str | None,
    sampling: Sampling,
    schema: object = None,
    turns: Sequence[object] = (),
) -> str:
    """Key of one ask.

    Timeouts, row numbers, file names and the number of workers are not part of it: they do not change an answer.

    Parameters
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None
        Of the weights, where known.
    digests : sequence of str
        Of the pictures as sent, in order.
    prompt : str
        The finished user text.
    system : str or None
    sampling : Sampling
    schema : JSON value or None, default None
        What a structured answer must obey, where the backend enforces it. The order of its entries counts: a model
        writes its fields in that order.
    turns : sequence of JSON values, default ()
        What was said before, its pictures as digests.

    Returns
    -------
    str
        blake2b-128, hexadecimal.
    """
    ingredients = [_ENCODING, model, revision, list(digests), prompt, system, _settled(sampling), schema, *turns]
    text = json.dumps(ingredients, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


@lru_cache(maxsize=64)
def _settled(sampling: Sampling) -> dict[str, Any]:
    """Fields by name, where 0 and 0.0 are the same number; answers from before there were penalties stay found."""
    values = {name: _settled_number(value) for name, value in sorted(asdict(sampling).items())}
    return {name: value for name, value in values.items() if value or name not in _LATER_FIELDS}


def _settled_number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
