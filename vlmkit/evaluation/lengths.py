"""Is a text too long for a trainer, which cuts off silently what is too much?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vlmkit.errors import BadSetting

__all__ = ["TRAINERS", "Budget", "budget_of", "estimate_tokens"]

_PIECE = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")
_LETTERS_PER_TOKEN = 5

TRAINERS = {"clip": (77, 2), "t5-256": (256, 1), "t5-512": (512, 1)}
"""Tokens a text encoder takes, and how many of these are its marks: SD 1.5, SDXL; Flux schnell; Flux dev."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How many tokens a text may have, and how they are counted.

    Attributes
    ----------
    limit : int
        Marks of the encoder not included.
    count : callable
        Text to number of tokens.
    is_estimate : bool
        Whether the count is ours instead of a tokenizer's.
    """

    limit: int
    count: Callable[[str], int]
    is_estimate: bool

    def says(self, text: str) -> str:
        """What is to be said about a text that is too long."""
        about = "about " if self.is_estimate else ""
        return f"{about}{self.count(text)} tokens, {self.limit} fit; the rest is cut off in training"


def estimate_tokens(text: str) -> int:
    """Guess how many tokens a text has, rather too many than too few.

    A word is a token for each five letters begun; each digit and each mark is one; a letter outside the Latin alphabet
    is one or more. Tokenizers of CLIP and T5 have most English words of captions as one token or two.

    Examples
    --------
    >>> estimate_tokens("A red triangle, 2 stars.")
    8
    """
    tokens = 0
    for piece in _PIECE.findall(text):
        tokens += -(-len(piece) // _LETTERS_PER_TOKEN) if piece.isascii() else max(1, len(piece.encode()) // 2)
    return tokens


def budget_of(trainer: str | int | None, tokenizer: Any) -> Budget | None:
    """Read what `lint` was given.

    Parameters
    ----------
    trainer : str, int or None
        Key of `TRAINERS`, or a number of tokens.
    tokenizer : object or None
        Callable that gives tokens or their number; or an object with ``encode``, as tokenizers and transformers have.

    Raises
    ------
    BadSetting
        No such trainer, or a tokenizer without a limit.
    """
    if trainer is None:
        if tokenizer is not None:
            raise BadSetting(f"tokenizer: without a limit nothing is too long; give trainer= {_known()}.")
        return None
    if isinstance(trainer, bool) or not (trainer in TRAINERS or (isinstance(trainer, int) and trainer > 0)):
        raise BadSetting(f"trainer={trainer!r}: give {_known()}.")
    limit, marks = TRAINERS[trainer] if isinstance(trainer, str) else (trainer, 0)
    if tokenizer is None:
        return Budget(limit=limit - marks, count=estimate_tokens, is_estimate=True)
    # A tokenizer that is given adds the encoder's marks itself, or has none.
    encode = getattr(tokenizer, "encode", tokenizer)
    return Budget(limit=limit, count=lambda text: _length(encode(text)), is_estimate=False)


def _length(tokens: Any) -> int:
    if isinstance(tokens, int):
        return tokens
    return len(getattr(tokens, "ids", tokens))


def _known() -> str:
    return ", ".join(map(repr, TRAINERS)) + " or a number of tokens"
