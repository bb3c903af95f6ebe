"""What captions claim, asked again one by one: what nobody confirms may have been made up.

Claims are found by simple rules of English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.frame import ask, column_of, is_missing

__all__ = ["claims_of", "question_about", "verify"]

_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MANY = (*_NUMBERS, "several", "many", "some", "few")
_ARTICLES = ("a", "an", "another", "the", "one")
# What ends a thing's name: it says where it is, what it does, or begins the next.
_ENDS = frozenset(
    """
    and or but while with without of in on at to by for from near under over above below behind beside between against
    through across around along into onto inside outside during before after toward towards upon within beneath
    is are was were be been being has have had can could may might will would that which who whose where when as it its
    there this these those they their he his she her him not no very so each both
    """.split()  # noqa: SIM905  a list of sixty words in quotes cannot be read
)
_NOT_THINGS = frozenset(
    """
    background image picture photo scene view left right top bottom center middle side foreground
    """.split()  # noqa: SIM905  as above
)
_WORD = re.compile(r"[A-Za-z][\w'’-]*|\d+|[^\w\s]")
_LONGEST = 6


def claims_of(text: str) -> list[str]:
    """Things a caption says there are, each once, in order.

    A thing begins with an article or a number word and ends before a preposition, a conjunction, a verb of being, a
    word in -ing, or a mark: "A red circle and two dogs on grass." claims "a red circle" and "two dogs". Things without
    an article ("grass"), what things do, and where they are, are not claimed; other languages are not understood.

    Parameters
    ----------
    text : str
    """
    return list(dict.fromkeys(_phrases(_WORD.findall(text.lower()))))


def question_about(claim: str) -> str:
    """Question whether a claim is true.

    Examples
    --------
    >>> question_about("two dogs")
    'Are there two dogs in this image?'
    """
    if claim.split(maxsplit=1)[0] in _MANY:
        return f"Are there {claim} in this image?"
    return f"Is there {claim} in this image?"


def _phrases(words: list[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        if words[at] not in _ARTICLES and words[at] not in _MANY:
            at += 1
            continue
        first = words[at]
        thing: list[str] = []
        at += 1
        while at < len(words) and len(thing) < _LONGEST and _belongs(words[at]):
            thing.append(words[at])
            at += 1
        if thing and thing[-1] not in _NOT_THINGS:
            yield " ".join([_indefinite(first, thing[0]), *thing])


def _belongs(word: str) -> bool:
    is_name = word[0].isalpha() and word not in _ENDS and word not in _ARTICLES and word not in _MANY
    return is_name and not (word.endswith("ing") and len(word) > 5)


def _indefinite(first: str, following: str) -> str:
    if first in _MANY:
        return first
    return "an" if following[0] in "aeiou" else "a"


_QUESTION, _ANSWER = "question of vlmkit's verify", "answer of vlmkit's verify"


def verify(table: pd.DataFrame, column: str, **options: Any) -> pd.DataFrame:
    """Ask of each thing that a text claims whether it is there.

    Things are found by simple rules (`claims_of`): English noun phrases with an article or a number.
    What is left out of the text is not looked for, and a model tends to confirm its own mistakes: another model, named
    with ``model=…``, finds more.

    Parameters
    ----------
    table : DataFrame
        With pictures.
    column : str
        Captions.
    **options
        As for `ask`: model, image, store, workers, ….

    Returns
    -------
    DataFrame
        The table with ``<column>_claims`` (Int64, how many were found), ``<column>_confirmed`` (Float64, share of those
        with an answer; NA where there is none) and ``<column>_denied`` (string, those denied; NA where none is).

    Raises
    ------
    SetupError
        No such column, the new ones are there already, or as `ask`.
    """
    names = [f"{column}_{what}" for what in ("claims", "confirmed", "denied")]
    there = [name for name in names if name in table.columns]
    if there:
        raise SetupError(f"verify: the column {there[0]!r} is there already; drop or rename it.")
    claims = [[] if is_missing(text) else claims_of(str(text)) for text in column_of(table, column).array]
    said = _ask_about(claims, table, options)
    columns = (
        pd.array([len(each) for each in claims], dtype="Int64"),
        pd.array([_share(each) for each in said], dtype="Float64"),
        pd.array([_denied(each) for each in said], dtype="string"),
    )
    return table.assign(**dict(zip(names, columns, strict=True)))


def _ask_about(claims: list[list[str]], table: pd.DataFrame, options: dict[str, Any]) -> list[list[tuple[str, bool]]]:
    """Claims of each row that have an answer, and the answer."""
    said: list[list[tuple[str, bool]]] = [[] for _ in claims]
    told = [(row, claim) for row, found in enumerate(claims) for claim in found]
    if told:
        claimed = table.iloc[[row for row, _ in told]].reset_index(drop=True)
        claimed[_QUESTION] = [question_about(claim) for _, claim in told]
        asked = ask(claimed, f"{{{_QUESTION}}}", dtype=bool, into=_ANSWER, **options)
        for (row, claim), answer in zip(told, asked[_ANSWER].array, strict=True):
            if not is_missing(answer):
                said[row].append((claim, bool(answer)))
    return said


def _share(said: list[tuple[str, bool]]) -> float | None:
    return sum(answer for _, answer in said) / len(said) if said else None


def _denied(said: list[tuple[str, bool]]) -> str | None:
    return "; ".join(claim for claim, answer in said if not answer) or None
