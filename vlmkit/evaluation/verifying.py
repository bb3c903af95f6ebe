"""What captions claim, asked again one by one: what nobody confirms may have been made up."""

from __future__ import annotations

from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.evaluation.claims import claims_of, question_about
from vlmkit.frame import ask, column_of, is_missing

__all__ = ["verify"]

_QUESTION, _ANSWER = "question of vlmkit's verify", "answer of vlmkit's verify"


def verify(table: pd.DataFrame, column: str, **options: Any) -> pd.DataFrame:
    """Ask of each thing that a text claims whether it is there.

    Things are found by simple rules (see `vlmkit.evaluation.claims`): English noun phrases with an article or a number.
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
