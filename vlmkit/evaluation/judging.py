"""What a column is and how it is judged: one group of rows, column by column."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types

from vlmkit.errors import BadSetting, SetupError
from vlmkit.evaluation.classes import plain, score_classes, score_tags
from vlmkit.evaluation.resampling import Array, Figure, Scores, interval, is_a_point, ratio_of, share_of
from vlmkit.evaluation.texts import score_texts
from vlmkit.frame import column_of, is_list, is_missing
from vlmkit.prompts import VALUE_KINDS

__all__ = ["KINDS", "Judging", "Kind", "judge_group", "kind_of", "score_numbers"]


def score_numbers(predicted: Sequence[float | None], actual: Sequence[float], *, within: float) -> Scores:
    """Share of exact and of nearly right numbers; mean absolute error, root mean square error, mean error.

    Parameters
    ----------
    predicted : sequence of float
        None where there is no answer: neither exact nor nearly right; the errors are of the rows with an answer.
    actual : sequence of float
        As long.
    within : float
        What is nearly right: off by at most so much.
    """
    truth = np.asarray(actual, dtype=float)
    guess = np.array([np.nan if number is None else number for number in predicted], dtype=float)
    answered = ~np.isnan(guess)
    error = np.where(answered, guess - truth, 0.0)
    size = np.abs(error)
    rows = np.ones(len(truth))
    columns = [rows, answered, answered & (size == 0), answered & (size <= within), size, error**2, error]
    figures = [
        share_of("exact", 2, 0),
        share_of(f"within_{within:g}", 3, 0),
        Figure(name="mae", aggregate=ratio_of(4, 1)),
        Figure(name="rmse", aggregate=_root(ratio_of(5, 1))),
        Figure(name="mean_error", aggregate=ratio_of(6, 1)),
    ]
    return Scores.of_matrix(np.stack(columns, axis=1).astype(float), figures)


def _root(aggregate: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda sums: np.sqrt(aggregate(sums))


_Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judging:
    """How columns are judged; as the arguments of `evaluate`, with a kind for each column."""

    kinds: Mapping[str, str]
    text_measures: Sequence[str]
    within: float
    against: str | None
    draws: int
    confidence: float
    seed: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Judged:
    """A column's rows that have a truth, their scores, and the figures of each resample."""

    name: str
    known: list[bool]
    scores: Scores
    resampled: Array


def judge_group(table: pd.DataFrame, aligned: Mapping[str, pd.Series[Any]], judging: Judging) -> pd.DataFrame:
    """Figures of some rows.

    Parameters
    ----------
    table : DataFrame
    aligned : mapping of str to Series
        Truth of each judged column, with the table's index.
    judging : Judging

    Returns
    -------
    DataFrame, as `evaluate`, without the columns of groups.

    Raises
    ------
    SetupError
        Columns that shall be compared row by row have truths for different rows.
    """
    judged = {name: _judge(column_of(table, name), right, judging) for name, right in aligned.items()}
    base = judged.get(judging.against or "")
    blocks = []
    for name, each in judged.items():
        block = _figures(each, judging)
        block.insert(0, "column", name)
        for column, count in _counts(table, each).items():
            block[column] = count
        if base is not None and base is not each:
            _add_differences(block, each, base, judging)
        blocks.append(block)
    return pd.concat(blocks, ignore_index=True)


def _judge(column: pd.Series[Any], truth: pd.Series[Any], judging: Judging) -> _Judged:
    known = [not is_missing(value) for value in truth.array]
    values = [None if is_missing(value) else value for value in column[known].array]
    scores = _score(judging.kinds[str(column.name)], values, list(truth[known].array), judging)
    resampled = scores.resampled(draws=judging.draws, seed=judging.seed)
    return _Judged(name=str(column.name), known=known, scores=scores, resampled=resampled)


def _score(kind: str, values: Sequence[Any], rights: Sequence[Any], judging: Judging) -> Scores:
    if kind == "category":
        return score_classes(values, rights)
    if kind == "number":
        return score_numbers(values, rights, within=judging.within)
    if kind == "tags":
        return score_tags(values, rights)
    texts = [None if value is None else _text_of(value) for value in values]
    return score_texts(texts, [_references(right) for right in rights], measures=judging.text_measures)


def _references(right: Any) -> list[str]:
    several = isinstance(right, list | tuple | set | np.ndarray) and len(right)
    return [_text_of(each) for each in right] if several else [_text_of(right)]


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else str(plain(value))


def _figures(judged: _Judged, judging: Judging) -> pd.DataFrame:
    figures = judged.scores.figures
    intervals = judged.scores.intervals(judged.resampled, judging.confidence)
    return pd.DataFrame(
        {
            "measure": [figure.name for figure in figures],
            "label": pd.Series([figure.label for figure in figures], dtype=object),
            "value": judged.scores.values(),
            "low": [low for low, _ in intervals],
            "high": [high for _, high in intervals],
        }
    )


def _counts(table: pd.DataFrame, judged: _Judged) -> dict[str, int]:
    rows = table[judged.known]
    missing = pd.Series([is_missing(value) for value in column_of(rows, judged.name).array], dtype=bool)
    error_name = f"{judged.name}_error"
    failed = column_of(rows, error_name).notna().to_numpy() if error_name in rows.columns else np.zeros(len(rows), bool)
    return {
        "rows": len(rows),
        "missing": int(missing.sum()),
        "failed": int((missing & failed).sum()),
        "no_truth": len(table) - len(rows),
    }


def _add_differences(block: pd.DataFrame, judged: _Judged, base: _Judged, judging: Judging) -> None:
    if judged.known != base.known:
        raise SetupError(
            f"against={base.name!r}: its truth is known for other rows than that of {judged.name!r}, so they cannot be "
            "compared row by row. Give both the same truth."
        )
    places = {(figure.name, figure.label): number for number, figure in enumerate(base.scores.figures)}
    values, base_values = judged.scores.values(), base.scores.values()
    own, others = (each.scores.intervals(each.resampled, judging.confidence) for each in (judged, base))
    rows = []
    for number, figure in enumerate(judged.scores.figures):
        other = places.get((figure.name, figure.label))
        if other is None:
            rows.append((float("nan"),) * 3)
        else:
            ends = interval(judged.resampled[:, number] - base.resampled[:, other], judging.confidence)
            pair = (values[number], own[number]), (base_values[other], others[other])
            ends = _of_equal_draws(*pair) if is_a_point(ends) else ends
            rows.append((float(values[number] - base_values[other]), *ends))
    block[["difference", "difference_low", "difference_high"]] = rows


def _of_equal_draws(figure: tuple[float, _Ends], base: tuple[float, _Ends]) -> _Ends:
    """Interval of a difference that all rows share, from the intervals of both figures.

    Newcombe: Improved Confidence Intervals for the Difference between Binomial Proportions Based on Paired Data, 1998.
    """
    (value, (low, high)), (other, (other_low, other_high)) = figure, base
    difference = float(value - other)
    below, above = math.hypot(value - low, other_high - other), math.hypot(high - value, other - other_low)
    return difference - below, difference + above


Kind = Literal["category", "number", "tags", "text"]

KINDS: tuple[Kind, ...] = ("category", "number", "tags", "text")

_NUMBERS = (np.number, *(kind.dtype for kind in VALUE_KINDS.values() if kind.measure == "number"))


def kind_of(column: pd.Series[Any], truth: pd.Series[Any]) -> Kind:
    """How a column is judged: as its values are, or where it has none, as the truth is.

    Truth values and categories are classes, numbers and decimals are numbers, lists are tags, everything else is text.

    Parameters
    ----------
    column, truth : Series

    Raises
    ------
    BadSetting
        The truth cannot be of that kind.
    """
    if _is_class(column) or (not column.notna().any() and _is_class(truth)):
        return "category"
    values = [value for value in column.array if not is_missing(value)]
    rights = [value for value in truth.array if not is_missing(value)]
    some = values or rights
    if _are(_is_truth_value, some):
        return "category"
    if _are(_is_number, some):
        _check_numbers(rights, column.name)
        return "number"
    return "tags" if _are(is_list, some) else "text"


def _are(is_one: Callable[[Any], bool], values: Sequence[Any]) -> bool:
    return bool(values) and all(map(is_one, values))


def _is_truth_value(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _check_numbers(rights: Sequence[Any], name: object) -> None:
    if rights and not _are(_is_number, rights):
        raise BadSetting(
            f"truth of {name!r}: the column has numbers, the truth has {rights[0]!r}. Convert one of them."
        )


def _is_class(column: pd.Series[Any]) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or types.is_bool_dtype(column.dtype)


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not _is_truth_value(value)
