"""Arguments: whether a value is what it must be, and what is said where it is not.

Takes   a name, the value given for it, what it may be.    Gives  nothing, or an error that says what to give.
May use errors.                                            Never  changes a value."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any, TypeGuard

from vlmkit.errors import BadSetting

__all__ = ["check_choice", "check_whole", "did_you_mean", "is_number", "is_whole"]


def did_you_mean(
    word: object, known: Iterable[str], *, most: int = 1, write: Callable[[str], str] = repr, otherwise: str = ""
) -> str:
    """Hint for a word that is not known, with a blank before it.

    Parameters
    ----------
    word : object
        What was written; anything but a text is near nothing.
    known : iterable of str
        What may be written.
    most : int, default 1
        Near words to name.
    write : callable, default repr
        How a near word is written.
    otherwise : str, default ""
        Sentence to say where none is near.

    Examples
    --------
    >>> did_you_mean("breif", ["brief", "detailed"])
    " Did you mean 'brief'?"
    """
    near = difflib.get_close_matches(str(word), list(known), n=most)
    if near:
        return f" Did you mean {' or '.join(map(write, near))}?"
    return f" {otherwise}" if otherwise else ""


def is_whole(value: Any, least: int | None = None) -> TypeGuard[int]:
    """Whether a value is a whole number, from `least` up; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        return False
    return least is None or int(value) >= least


def is_number(value: Any) -> TypeGuard[float]:
    """Whether a value is a number that can be counted with; True, False, NaN and infinity are none."""
    return not isinstance(value, bool) and isinstance(value, Real) and math.isfinite(value)


def check_whole(name: str, value: object, accepts: str = "a whole number from 1 up", *, least: int = 1) -> None:
    """Make sure that an argument is a whole number.

    Parameters
    ----------
    name : str
    value : object
    accepts : str, default "a whole number from 1 up"
        What it may be, in words.
    least : int, default 1

    Raises
    ------
    BadSetting
        It is none, or smaller.
    """
    if not is_whole(value, least):
        raise BadSetting(f"{name}={value!r}: give {accepts}.")


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Make sure that an argument has one of the values it may have.

    Parameters
    ----------
    name : str
    value : object
    choices : sequence

    Raises
    ------
    BadSetting
        It has another.
    """
    if not any(value is choice or (isinstance(choice, str) and value == choice) for choice in choices):
        raise BadSetting(f"{name}={value!r}: give one of {', '.join(map(repr, choices))}.")
