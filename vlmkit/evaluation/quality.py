"""Figures that must hold, for a notebook or a pipeline that shall stop where they do not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.evaluation.evaluating import evaluate

__all__ = ["assert_quality"]


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
    bounds = [(key, bound, "at least") for key, bound in (at_least or {}).items()]
    bounds += [(key, bound, "at most") for key, bound in (at_most or {}).items()]
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
