"""What is wrong with an ask whoever answers it, found before anything is sent or computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from vlmkit.errors import BadSetting, Refused
from vlmkit.records import Ask, Sampling

__all__ = ["MOST_PENALTY", "blank_prompt", "check_sampling", "check_timeout"]

MOST_PENALTY = 2.0
"""Frequency and presence penalties are from minus this to this, as OpenAI has it."""


_sound: Sampling | None = None


def blank_prompt(ask: Ask) -> Refused | None:
    """Fault of an ask that asks nothing; None where it does.

    It is a row's fault and not the call's: prompts are made of a table's cells, and one of them may be empty.

    Parameters
    ----------
    ask : Ask
    """
    if ask.prompt.strip():
        return None
    return Refused("the prompt is blank, and nothing was asked. Say what the model shall do with the picture.")


def check_sampling(sampling: Sampling) -> None:
    """See that sampling values mean something.

    Parameters
    ----------
    sampling : Sampling

    Raises
    ------
    BadSetting
        One does not; names it and what it accepts.
    """
    global _sound  # noqa: PLW0603  whichever thread wrote it last, it is one that was looked at
    if sampling is _sound:  # a run asks a thousand times with the same one
        return
    for name, (is_sound, accepts) in _RULES.items():
        value = getattr(sampling, name)
        if isinstance(value, bool) or not _holds(is_sound, value):
            raise BadSetting(f"{name}: {value!r} cannot be used. Give {accepts}.")
    if isinstance(sampling.stop, tuple):  # nobody can change it any more
        _sound = sampling


def check_timeout(timeout_s: object) -> None:
    """See that a deadline means something.

    Parameters
    ----------
    timeout_s : object
        Seconds; None is no deadline.

    Raises
    ------
    BadSetting
        It is no number above 0.
    """
    if timeout_s is not None and (isinstance(timeout_s, bool) or not _holds(lambda value: value > 0, timeout_s)):
        raise BadSetting(f"timeout_s: {timeout_s!r} cannot be used. Give seconds above 0, or None for no deadline.")


def _holds(is_sound: Callable[[Any], bool], value: object) -> bool:
    try:
        return bool(is_sound(value))
    except (TypeError, ValueError, OverflowError):  # no number, or none that is whole
        return False


def _is_penalty(value: Any) -> bool:
    return bool(abs(value) <= MOST_PENALTY)


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "max_tokens": (lambda value: value >= 1 and value == int(value), "a whole number, 1 or more"),
    "temperature": (lambda value: 0 <= value < math.inf, "0 or more"),
    "top_p": (lambda value: 0 < value <= 1, "a number above 0, up to 1"),
    "top_k": (lambda value: value >= 0 and value == int(value), "a whole number, 0 (all) or more"),
    "repetition_penalty": (lambda value: 0 < value < math.inf, "a number above 0; 1 changes nothing"),
    "frequency_penalty": (_is_penalty, "a number from -2 to 2"),
    "presence_penalty": (_is_penalty, "a number from -2 to 2"),
    "stop": (lambda value: all(isinstance(text, str) and text for text in value), "texts, none of them empty"),
    "seed": (lambda value: value == int(value), "a whole number"),
}
