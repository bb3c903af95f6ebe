"""What is wrong with an ask whoever answers it, found before anything is sent or computed."""

from __future__ import annotations

import math

from vlmkit.errors import BadSetting, Refused
from vlmkit.records import Ask, Sampling

__all__ = ["MOST_PENALTY", "blank_prompt", "check_sampling"]

MOST_PENALTY = 2.0
"""Frequency and presence penalties are from minus this to this, as OpenAI has it."""


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
    rules = (
        ("max_tokens", sampling.max_tokens >= 1, "1 or more"),
        ("temperature", 0 <= sampling.temperature < math.inf, "0 or more"),
        ("top_p", 0 < sampling.top_p <= 1, "a number above 0, up to 1"),
        ("top_k", sampling.top_k >= 0, "0 (all) or more"),
        ("repetition_penalty", 0 < sampling.repetition_penalty < math.inf, "a number above 0; 1 changes nothing"),
        ("frequency_penalty", abs(sampling.frequency_penalty) <= MOST_PENALTY, "a number from -2 to 2"),
        ("presence_penalty", abs(sampling.presence_penalty) <= MOST_PENALTY, "a number from -2 to 2"),
    )
    for field_name, sound, accepts in rules:
        if not sound:
            message = f"{field_name}: {getattr(sampling, field_name)!r} cannot be used. Give {accepts}."
            raise BadSetting(message)
