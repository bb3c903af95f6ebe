"""What came of a comparison: one row for each pair of model and prompt, and how far they agree beyond chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.evaluation.classes import plain
from vlmkit.evaluation.judging import kind_of
from vlmkit.evaluation.resource_usage import ResourceUsage
from vlmkit.evaluation.words import rouge_l
from vlmkit.extras import open_by_name
from vlmkit.frame import is_list, is_missing

__all__ = ["Comparison", "agreement_of", "cohen_kappa", "frame_of", "krippendorff_alpha"]

_LEVELS: dict[str, Literal["nominal", "interval"]] = {"category": "nominal", "number": "interval"}


def cohen_kappa(first: Sequence[Hashable | None], second: Sequence[Hashable | None]) -> float:
    """Cohen's kappa of two answerers; rows that one of them left out are of no account.

    Cohen: A Coefficient of Agreement for Nominal Scales, 1960.

    Parameters
    ----------
    first, second : sequence
        As long as each other; None means no answer.

    Returns
    -------
    float
        1 is full agreement, 0 what chance makes; NaN without a row in common, or where both only ever say one thing.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if not pairs:
        return float("nan")
    rows = len(pairs)
    observed = sum(a == b for a, b in pairs) / rows
    of_first, of_second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    expected = sum(count * of_second[label] for label, count in of_first.items()) / rows**2
    return float("nan") if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(answers: Sequence[Sequence[Any]], *, level: Literal["nominal", "interval"] = "nominal") -> float:
    """Krippendorff's alpha of two or more answerers, who may leave rows out.

    Krippendorff: Computing Krippendorff's Alpha-Reliability, 2011.

    Parameters
    ----------
    answers : sequence of sequences
        For each answerer a value a row; None means no answer.
    level : {"nominal", "interval"}, default "nominal"
        Whether values are only the same or not, or numbers that can be near each other.

    Returns
    -------
    float
        1 is full agreement, 0 what chance makes; NaN without a row that two answered, or where all say one thing.
    """
    units = [[value for value in row if value is not None] for row in zip(*answers, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = [value for unit in units for value in unit]
    differ = _differences if level == "interval" else _unlike
    expected = differ(values) / (len(values) - 1) if len(values) > 1 else 0.0
    if expected == 0:
        return float("nan")
    observed = sum(differ(unit) / (len(unit) - 1) for unit in units)
    return 1 - observed / expected


def _unlike(values: Sequence[Any]) -> float:
    """Ordered pairs of unlike values."""
    return len(values) ** 2 - float(sum(count**2 for count in Counter(values).values()))


def _differences(values: Sequence[Any]) -> float:
    """Sum of squared differences of all ordered pairs."""
    numbers = np.asarray(values, dtype=float)
    return float(2 * len(numbers) * ((numbers - numbers.mean()) ** 2).sum())


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Comparison:
    """Models and prompts on the same pictures; shows itself as `frame`.

    Attributes
    ----------
    frame : DataFrame
        Index: the columns of `answers` that are compared. ``model``, ``prompt``, ``rows``, ``failed``; with a truth
        each measure of the column as a whole, with the ends of its interval, ``_low`` and ``_high``;
        ``seconds_per_image`` (wall time of the run for each row asked; NA where all answers were stored),
        ``prompt_tokens``, ``completion_tokens`` (means), ``peak_memory_mb`` (of this process; NA where the model is
        elsewhere or psutil is not installed).
    quality : DataFrame or None
        All figures, as `evaluate` gives them, with the difference of each column to the first.
    agreement : DataFrame
        ``first``, ``second``, ``measure``, ``value``, ``rows``: of each pair Cohen's kappa (categories), Krippendorff's
        alpha (numbers) or mean ROUGE-L (texts); of three or more together Krippendorff's alpha.
    answers : DataFrame
        The sample, with all answers and their details.
    """

    frame: pd.DataFrame
    quality: pd.DataFrame | None = field(repr=False)
    agreement: pd.DataFrame = field(repr=False)
    answers: pd.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        return repr(self.frame)

    def _repr_html_(self) -> str:
        return str(self.frame.to_html())

    def plot(self, measure: str | None = None, *, against: str | None = None) -> Any:
        """Draw one measure of all pairs, with its interval.

        Parameters
        ----------
        measure : str, default the first
            Column of `frame`.
        against : str, default None
            Column of `frame` for the horizontal axis, such as ``"seconds_per_image"``; None draws the pairs below each
            other.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        BadSetting
            No such column.
        MissingExtra
            matplotlib is not installed.
        """
        subplots = open_by_name("matplotlib.pyplot:subplots", extra="evaluation")
        measure = measure or self._first_measure()
        for name in (measure, against):
            if name is not None and name not in self.frame.columns:
                numbers = ", ".join(self.frame.select_dtypes("number").columns)
                raise BadSetting(f"plot: there is no {name!r}; there are {numbers}.")
        _, axes = subplots(layout="constrained")
        values = self.frame[measure].astype(float)
        errors = self._errors_of(measure, values)
        if against is None:
            axes.errorbar(values, range(len(values)), xerr=errors, fmt="o", capsize=3)
            axes.set_yticks(range(len(values)), labels=list(self.frame.index))
            axes.invert_yaxis()
            axes.set_xlabel(measure)
        else:
            across = self.frame[against].astype(float)
            axes.errorbar(across, values, yerr=errors, fmt="o", capsize=3)
            for name, x, y in zip(self.frame.index, across, values, strict=True):
                axes.annotate(str(name), (x, y), xytext=(5, 5), textcoords="offset points")
            axes.set_xlabel(against)
            axes.set_ylabel(measure)
        return axes

    def _first_measure(self) -> str:
        if self.quality is not None:
            return str(self.quality["measure"].iloc[0])
        return "completion_tokens"

    def _errors_of(self, measure: str, values: pd.Series[Any]) -> Any:
        if f"{measure}_low" not in self.frame.columns:
            return None
        low, high = (self.frame[f"{measure}_{end}"].astype(float) for end in ("low", "high"))
        return [(values - low).clip(lower=0), (high - values).clip(lower=0)]


def frame_of(
    answers: pd.DataFrame,
    pairs: Mapping[str, Mapping[str, str]],
    meters: Mapping[str, ResourceUsage],
    quality: pd.DataFrame | None,
) -> pd.DataFrame:
    """A row for each compared column.

    Parameters
    ----------
    answers : DataFrame
    pairs : mapping
        Column → ``model`` and ``prompt``.
    meters : mapping of str to ResourceUsage
    quality : DataFrame or None
    """
    rows = []
    for name, pair in pairs.items():
        meter = meters[name]
        row: dict[str, Any] = {**pair, "rows": len(answers), "failed": int(answers[f"{name}_error"].notna().sum())}
        row |= _measures(quality, name) if quality is not None else {}
        row["seconds_per_image"] = meter.seconds_per_image
        for tokens in ("prompt_tokens", "completion_tokens"):
            row[tokens] = _mean(answers[f"{name}_{tokens}"])
        row["peak_memory_mb"] = meter.peak_memory_mb if meter.is_in_process else None
        rows.append(row)
    frame = pd.DataFrame(rows, index=pd.Index(list(pairs), name="column"))
    unknown = ["seconds_per_image", "prompt_tokens", "completion_tokens", "peak_memory_mb"]
    return frame.astype(dict.fromkeys(unknown, "Float64"))


def agreement_of(columns: Mapping[str, pd.Series[Any]]) -> pd.DataFrame:
    """How far the compared columns agree, two by two and all together.

    Parameters
    ----------
    columns : mapping of str to Series
    """
    kinds = {kind_of(column, column) for column in columns.values()}
    kind = kinds.pop() if len(kinds) == 1 else "text"
    values = {name: [_comparable(value) for value in column.array] for name, column in columns.items()}
    rows = []
    for first, second in combinations(columns, 2):
        name, value = _agreement(kind, values[first], values[second])
        both = sum(a is not None and b is not None for a, b in zip(values[first], values[second], strict=True))
        rows.append((first, second, name, value, both))
    level = _LEVELS.get(kind)
    if len(columns) > 2 and level is not None:
        alpha = krippendorff_alpha(list(values.values()), level=level)
        rows.append(("all", "all", "krippendorff_alpha", alpha, len(next(iter(values.values())))))
    return pd.DataFrame(rows, columns=["first", "second", "measure", "value", "rows"])


def _comparable(value: Any) -> Any:
    if is_missing(value):
        return None
    return ", ".join(sorted(map(str, value))) if is_list(value) else plain(value)


def _agreement(kind: str, first: Sequence[Any], second: Sequence[Any]) -> tuple[str, float]:
    if kind == "category":
        return "cohen_kappa", cohen_kappa(first, second)
    if kind == "number":
        return "krippendorff_alpha", krippendorff_alpha([first, second], level="interval")
    shares = [rouge_l(str(a), [str(b)]) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    return "rouge_l", sum(shares) / len(shares) if shares else float("nan")


def _measures(quality: pd.DataFrame, name: str) -> dict[str, float]:
    figures = quality[quality["column"] == name]
    if "label" in figures.columns:
        figures = figures[figures["label"].isna()]
    measures = {}
    for _, figure in figures.iterrows():
        measure = figure["measure"]
        measures[measure] = figure["value"]
        measures |= {f"{measure}_{end}": figure[end] for end in ("low", "high")}
    return measures


def _mean(column: pd.Series[Any]) -> float | None:
    known = column.dropna()
    return float(known.mean()) if len(known) else None
