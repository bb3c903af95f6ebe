"""Rows in the order in which a person should look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.evaluation.classes import plain
from vlmkit.evaluation.words import rouge_l, words_of
from vlmkit.frame import column_of, is_list, is_missing

__all__ = ["uncertainty"]

_FEWEST_WORDS_OF_A_TEXT = 4


def uncertainty(table: pd.DataFrame, *columns: str, among: Sequence[str] = ()) -> pd.DataFrame:
    """Sort rows by how uncertain their answers are, the worst first.

    Parameters
    ----------
    table : DataFrame
    *columns : str
        Answers whose errors, gaps and ``<column>_confidence`` count. Default: every column that has a confidence, where
        `among` names none.
    among : sequence of str, default none
        Two or more columns that answer the same question, by other models or prompts: the less they agree, the greater
        the uncertainty.

    Returns
    -------
    DataFrame
        The table, sorted, with ``uncertainty`` (Float64, 0 to 1, the greatest of a row's reasons; NA where nothing is
        known, at the end) and ``uncertain_about`` (string, that reason). Rows that are equally uncertain keep their
        order.

    Raises
    ------
    SetupError
        No such column, or nothing to tell by.
    """
    chosen = list(columns) or ([] if among else _with_confidence(table))
    _check(table, chosen, among)
    reasons = [_reasons_of(table, name) for name in chosen]
    if among:
        cells = zip(*(column_of(table, name).array for name in among), strict=True)
        reasons.append([(_disagreement(row), f"{', '.join(among)} disagree") for row in cells])
    worst = [_worst(row) for row in zip(*reasons, strict=True)]
    told = table.assign(
        uncertainty=pd.array([value for value, _ in worst], dtype="Float64"),
        uncertain_about=pd.array([why for _, why in worst], dtype="string"),
    )
    return told.sort_values("uncertainty", ascending=False, kind="stable", na_position="last")


def _check(table: pd.DataFrame, chosen: Sequence[str], among: Sequence[str]) -> None:
    if len(among) == 1:
        raise SetupError("among: one column agrees with itself; name two or more that answer the same question.")
    if not chosen and not among:
        raise SetupError(
            "uncertainty: nothing to tell by. Ask with confidence=True, name columns, or name answers to the same "
            "question with among=[…]."
        )
    if {"uncertainty", "uncertain_about"} & set(table.columns):
        raise SetupError(
            "uncertainty: the table has a column 'uncertainty' or 'uncertain_about' already; drop or rename it."
        )


_Reason = tuple[float | None, str | None]


def _with_confidence(table: pd.DataFrame) -> list[str]:
    names = [str(name).removesuffix("_confidence") for name in table.columns if str(name).endswith("_confidence")]
    return [name for name in names if name in table.columns]


def _reasons_of(table: pd.DataFrame, name: str) -> list[_Reason]:
    cells = column_of(table, name).array
    nothing = [None] * len(table)
    errors: Any = column_of(table, f"{name}_error").array if f"{name}_error" in table.columns else nothing
    known = f"{name}_confidence"
    confidences: Any = column_of(table, known).array if known in table.columns else nothing
    return [_reason(name, *row) for row in zip(cells, errors, confidences, strict=True)]


def _reason(name: str, value: Any, error: Any, confidence: Any) -> _Reason:
    if not is_missing(error):
        return 1.0, f"{name} failed"
    if is_missing(value):
        return 1.0, f"{name} is missing"
    return (None, None) if is_missing(confidence) else (1.0 - float(confidence), f"confidence of {name}")


def _worst(reasons: Sequence[_Reason]) -> _Reason:
    known = [reason for reason in reasons if reason[0] is not None]
    value, why = max(known, key=lambda reason: reason[0] or 0.0, default=(None, None))
    return value, why if value else None


def _disagreement(cells: Sequence[Any]) -> float | None:
    """Share of the answers that the commonest is not; of texts, how much of their words differ."""
    values = [_comparable(value) for value in cells if not is_missing(value)]
    if len(values) < 2:
        return None
    if all(isinstance(value, str) and len(words_of(value)) >= _FEWEST_WORDS_OF_A_TEXT for value in values):
        likeness = [rouge_l(first, [second]) for first, second in combinations(values, 2)]
        return 1.0 - sum(likeness) / len(likeness)
    return 1.0 - Counter(values).most_common(1)[0][1] / len(values)


def _comparable(value: Any) -> Any:
    return ", ".join(sorted(str(plain(each)) for each in value)) if is_list(value) else plain(value)
