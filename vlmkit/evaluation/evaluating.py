"""Columns against the truth: a table of figures that says how sure each is, and a check that figures hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.evaluation.alignment import align_truth
from vlmkit.evaluation.classes import plain
from vlmkit.evaluation.judging import KINDS, Judging, judge_group, kind_of
from vlmkit.evaluation.texts import TEXT_MEASURES
from vlmkit.frame import column_of, is_missing

__all__ = ["assert_quality", "confusion", "evaluate"]


def evaluate(
    table: pd.DataFrame | pd.Series[Any],
    *,
    truth: Any,
    by: str | Sequence[str] | None = None,
    against: str | None = None,
    kinds: Mapping[str, str] | None = None,
    text_measures: Sequence[str] = tuple(TEXT_MEASURES),
    within: float = 1,
    draws: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Say how good columns are, measured by what they are.

    Categories and truth values: accuracy, macro F1, and precision, recall and F1 of each class. Numbers: exact, within
    so much, mean absolute error, root mean square error, mean error. Lists of tags: exact, and precision, recall and F1
    of all tags together. Texts: exact, ROUGE-L, chrF (mean of the rows), BLEU (of all rows together), CIDEr-D. Texts
    and labels are compared without case, surplus white space and a last period.

    A row without an answer counts: as wrong, as a text of no words, as no tags. Only errors of numbers cannot count it
    and are of the rows with a number. A row whose truth is missing cannot be judged. Both are counted.

    Parameters
    ----------
    table : DataFrame or Series
        Not changed. The truth about a Series is another, aligned by index, or a list.
    truth : mapping, Series or DataFrame
        Column to judge → column that is right (or a Series, or a list); or a Series named as a column, aligned by
        index; or a table with columns of the same names, aligned by ``path`` or ``file_name``, else by index. The truth
        about a text may be a list of texts that are all right.
    by : str or list of str, default None
        Columns that part the rows into groups, each judged by itself.
    against : str, default None
        One of the judged columns: the others get the difference to it, with an interval from the same draws of rows.
    kinds : mapping, default None
        Column → "category", "number", "tags" or "text", where the types of the columns do not say it.
    text_measures : sequence of str, default all
        Of "exact", "rouge_l", "chrf", "bleu", "cider_d"; chrF and BLEU need ``vlmkit[evaluation]``.
    within : float, default 1
        How far off a number may be and still be nearly right.
    draws : int, default 1000
        Resamples of the rows for each interval that has no formula (percentile bootstrap).
    confidence : float, default 0.95
        Of the intervals. Shares of rows have Wilson's, so that 12 of 12 is 0.76 to 1. Other figures have the share of
        the resamples inside; where every row is alike, Wilson's for so many rows, and errors of numbers have none.
    seed : int, default 0
        Draws the resamples.

    Returns
    -------
    DataFrame
        A row for each figure: the columns of `by`; ``column``, ``measure``, ``label`` (the class, where it is about
        one), ``value``, ``low``, ``high``, ``rows`` (judged), ``missing`` (of these without an answer), ``failed`` (of
        these with an error), ``no_truth`` (not judged); with `against` also ``difference``, ``difference_low``,
        ``difference_high``.

    Raises
    ------
    SetupError
        Columns that are not there, a truth that does not fit, or an option with a value it does not take.
    MissingExtra
        chrF or BLEU are meant and sacrebleu is not installed.
    """
    table, truth = _as_table(table, truth)
    said = dict(kinds or {})
    _check_kinds(said)
    aligned = align_truth(table, truth)
    # Kinds are of whole columns, so that each group is judged alike.
    judging = Judging(
        kinds={name: said.get(name) or kind_of(column_of(table, name), right) for name, right in aligned.items()},
        text_measures=tuple(text_measures),
        within=within,
        against=against,
        draws=draws,
        confidence=confidence,
        seed=seed,
    )
    _check(judging, aligned)
    blocks = []
    for labels, rows in _groups(table, by):
        block = judge_group(table.iloc[rows], {name: right.iloc[rows] for name, right in aligned.items()}, judging)
        for position, (column, value) in enumerate(labels.items()):
            block.insert(position, column, value)
        blocks.append(block)
    return _tidy(pd.concat(blocks, ignore_index=True)) if blocks else pd.DataFrame()


def confusion(table: pd.DataFrame, column: str, *, truth: Any) -> pd.DataFrame:
    """Count how often each class was taken for each.

    Parameters
    ----------
    table : DataFrame
    column : str
    truth : str, Series or list
        As in `evaluate`.

    Returns
    -------
    DataFrame
        A row for each class that is right, a column for each that was named, and ``<missing>`` for no answer.

    Raises
    ------
    SetupError
        As `evaluate`.
    """
    right = align_truth(table, {column: truth})[column]
    guesses = ["<missing>" if is_missing(value) else str(plain(value)) for value in column_of(table, column).array]
    truths = [None if is_missing(value) else str(plain(value)) for value in right.array]
    counts = pd.crosstab(pd.Series(truths, name="truth"), pd.Series(guesses, name=column), dropna=True)
    last = [name for name in counts.columns if name == "<missing>"]
    return counts[[name for name in counts.columns if name not in last] + last]


def _groups(table: pd.DataFrame, by: str | Sequence[str] | None) -> Iterator[tuple[dict[str, Any], list[int]]]:
    if by is None:
        yield {}, list(range(len(table)))
        return
    names = [by] if isinstance(by, str) else list(by)
    keys = pd.concat([column_of(table, name).reset_index(drop=True) for name in names], axis=1)
    for labels, rows in keys.groupby(names, dropna=False, observed=True).indices.items():
        values = labels if isinstance(labels, tuple) else (labels,)
        yield dict(zip(names, values, strict=True)), [int(row) for row in rows]


def _tidy(block: pd.DataFrame) -> pd.DataFrame:
    """Columns with honest types; the classes' column only where some figure is about a class."""
    block["label"] = block["label"].map(lambda label: None if label is None else str(label)).astype("string")
    return block if block["label"].notna().any() else block.drop(columns="label")


def _check(judging: Judging, aligned: Mapping[str, Any]) -> None:
    unknown = [name for name in judging.text_measures if name not in TEXT_MEASURES]
    if unknown or not judging.text_measures:
        raise BadSetting(f"text_measures={list(judging.text_measures)!r}: give some of {', '.join(TEXT_MEASURES)}.")
    if judging.against is not None and judging.against not in aligned:
        raise BadSetting(f"against={judging.against!r}: it is none of the judged columns, {', '.join(aligned)}.")
    if not 0 < judging.confidence < 1:
        raise BadSetting(f"confidence={judging.confidence!r}: give a share between 0 and 1, such as 0.95.")
    if judging.draws < 1:
        raise BadSetting(f"draws={judging.draws!r}: give a whole number from 1 up.")


def _check_kinds(kinds: Mapping[str, str]) -> None:
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise BadSetting(f"kinds: {name!r} is said to be {kind!r}; a column is one of {', '.join(KINDS)}.")


def _as_table(table: pd.DataFrame | pd.Series[Any], truth: Any) -> tuple[pd.DataFrame, Any]:
    """A Series as a table of one column, and the truth as one about this column."""
    if isinstance(table, pd.DataFrame):
        return table, truth
    name = "value" if table.name is None else str(table.name)
    return table.to_frame(name), truth if isinstance(truth, Mapping) else {name: truth}


def assert_quality(
    table: pd.DataFrame,
    *,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
    truth: Any = None,
    **options: Any,
) -> None:
    """Stop where answers are worse than they must be.

    Parameters
    ----------
    table : DataFrame
        What `evaluate` gave; or the answers, with `truth` as `evaluate` takes it.
    at_least, at_most : mapping of str to float
        ``{"column.measure": bound}``, such as ``{"count.exact": 0.9}``; ``"column.measure.label"`` for one class. Of
        several groups each must hold.
    truth : mapping, Series or DataFrame, default None
    **options
        As `evaluate` takes them.

    Raises
    ------
    AssertionError
        Figures out of bounds: each with its interval and how many rows it is of. An unknown figure (NaN) is, too.
    SetupError
        There is no such figure, or no bound; or as `evaluate`.
    """
    figures = table if truth is None else evaluate(table, truth=truth, **options)
    if not {"column", "measure", "value"} <= set(figures.columns):
        raise BadSetting("this is not a table of evaluate, and there is no truth to evaluate it with; pass truth=….")
    sides = {"at least": at_least or {}, "at most": at_most or {}}
    bounds = [(key, bound, word) for word, side in sides.items() for key, bound in side.items()]
    if not bounds:
        raise BadSetting("there is nothing to hold to; give at_least={'column.measure': bound} or at_most.")
    broken = [text for key, bound, word in bounds for text in _broken(figures, key, float(bound), word)]
    if broken:
        raise AssertionError("\n".join(broken))


def _broken(figures: pd.DataFrame, key: str, bound: float, word: str) -> list[str]:
    keys = _keys(figures)
    rows = figures[keys == key]
    if rows.empty:
        raise BadSetting(f"{key!r} is not a figure here; there are {', '.join(dict.fromkeys(keys))}.")
    texts = []
    for _, row in rows.iterrows():
        value = float(row["value"])
        if math.isnan(value) or (value < bound if word == "at least" else value > bound):
            groups = {name: row[name] for name in figures.columns[: figures.columns.get_loc("column")]}
            where = f" where {', '.join(f'{name} is {label!r}' for name, label in groups.items())}" if groups else ""
            texts.append(
                f"{key}{where} is {value:.4g} ({_range(row['low'], row['high'])}, {row['rows']} rows, "
                f"{row['missing']} without an answer) and must be {word} {bound:g}."
            )
    return texts


def _range(low: float, high: float) -> str:
    return "interval unknown" if math.isnan(low) else f"{low:.4g} to {high:.4g}"


def _keys(figures: pd.DataFrame) -> pd.Series[Any]:
    labels = figures["label"] if "label" in figures.columns else [None] * len(figures)
    keys = [
        f"{column}.{measure}" + ("" if pd.isna(label) else f".{label}")
        for column, measure, label in zip(figures["column"], figures["measure"], labels, strict=True)
    ]
    return pd.Series(keys, index=figures.index, dtype=object)
