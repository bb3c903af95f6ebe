"""How far a confidence can be taken at its word: measured on rows with the truth, and mended by what they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.errors import BadSetting, SetupError
from vlmkit.evaluation.alignment import align_truth
from vlmkit.extras import open_by_name
from vlmkit.proportions import wilson_interval

__all__ = ["Calibration", "calibrate"]

_EDGES = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_FEWEST_ROWS = 20
_LEAST = 1e-6  # of a probability, so that its logarithm is one
_MOST_STEPS = 100
_RIDGE = 1e-4  # keeps the slope finite where every answer is right


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What confidences were worth.

    Attributes
    ----------
    table : DataFrame
        For each range of confidence with rows in it: ``low`` (beyond), ``high`` (up to), ``rows``, their mean
        ``confidence``, the share that is ``right``, and its 95 % interval, ``right_low`` to ``right_high``.
    error : float
        Expected calibration error: mean distance of confidence and share that is right, weighted by rows
        (Guo et al. 2017, arXiv:1706.04599).
    rows, unknown : int
        Rows that were judged; rows without an answer, a confidence or a truth.
    slope, offset : float
        Of the line through the log-odds (Platt 1999) that `mend` applies.
    """

    table: pd.DataFrame
    error: float
    rows: int
    unknown: int
    slope: float
    offset: float

    def __str__(self) -> str:
        return f"{self.table.round(3).to_string(index=False)}\nexpected calibration error: {self.error:.3f}"

    __repr__ = __str__

    def plot(self) -> Any:
        """Draw the share that is right over the confidence, a point with its interval for each range; on the diagonal a
        confidence means what it says.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        MissingExtra
            matplotlib is not installed.
        """
        subplots = open_by_name("matplotlib.pyplot:subplots", extra="evaluation")
        _, axes = subplots(layout="constrained")
        confidence, right = self.table["confidence"].astype(float), self.table["right"].astype(float)
        ends = [right - self.table["right_low"].astype(float), self.table["right_high"].astype(float) - right]
        axes.axline((0, 0), slope=1, color="gray", linestyle="--")
        axes.errorbar(confidence, right, yerr=[end.clip(lower=0) for end in ends], fmt="o", capsize=3)
        axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
        return axes

    def mend(self, confidence: pd.Series[Any]) -> pd.Series[Any]:
        """Probability that answers with these confidences are right, as far as the judged rows tell.

        Parameters
        ----------
        confidence : Series
            NA stays NA.

        Returns
        -------
        Series of Float64
        """
        known = confidence.astype("Float64")
        values = known.to_numpy(dtype=float, na_value=np.nan)
        mended = _expit(self.slope * _logit(values) + self.offset)
        return pd.Series(pd.array(mended, dtype="Float64"), index=confidence.index, name=confidence.name).mask(
            known.isna()
        )


def calibrate(table: pd.DataFrame, truth: Mapping[str, Any] | pd.Series[Any] | pd.DataFrame) -> Calibration:
    """Compare how sure answers were with how often they are right.

    Several columns of answers are judged together: their confidences are of one model, and few rows say little.

    Parameters
    ----------
    table : DataFrame
        Made with ``confidence=True``: each column of answers has its ``_confidence`` beside it.
    truth : mapping, Series or DataFrame
        As for `evaluate`: what is right, by column of answers.

    Returns
    -------
    Calibration
        Prints as a table; its `mend` turns further confidences of the same model and question into probabilities.

    Raises
    ------
    SetupError
        No confidence beside a column, or fewer than twenty rows that have answer, confidence and truth.
    """
    judged = pd.concat([_judged(table, name, right) for name, right in align_truth(table, truth).items()])
    known = judged.dropna()
    if len(known) < _FEWEST_ROWS:
        raise BadSetting(f"truth: {len(known)} rows have answer, confidence and truth; {_FEWEST_ROWS} are the fewest.")
    confidence, right = known["confidence"].to_numpy(dtype=float), known["right"].to_numpy(dtype=float)
    ranges = _ranges(confidence, right)
    slope, offset = _platt(_logit(confidence), right)
    return Calibration(
        table=ranges,
        error=float((ranges["rows"] * (ranges["confidence"] - ranges["right"]).abs()).sum() / len(known)),
        rows=len(known),
        unknown=len(judged) - len(known),
        slope=slope,
        offset=offset,
    )


def _judged(table: pd.DataFrame, name: str, right: pd.Series[Any]) -> pd.DataFrame:
    if f"{name}_confidence" not in table.columns:
        raise SetupError(f"there is no column '{name}_confidence'; make the answers with confidence=True.")
    answers, truths = table[name].astype("object"), right.astype("object")
    is_known = answers.notna().to_numpy() & truths.notna().to_numpy()
    is_right = [
        answer == true if known else None for answer, true, known in zip(answers, truths, is_known, strict=True)
    ]
    confidence = table[f"{name}_confidence"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return pd.DataFrame({"confidence": confidence, "right": pd.array(is_right, dtype="Float64")})


def _ranges(confidence: Any, right: Any) -> pd.DataFrame:
    rows = pd.DataFrame({"confidence": confidence, "right": right})
    place = pd.cut(rows["confidence"], list(_EDGES), include_lowest=True, labels=False)
    found = rows.groupby(place).agg(rows=("right", "size"), confidence=("confidence", "mean"), right=("right", "mean"))
    edges = list(pairwise(_EDGES))
    found.insert(0, "low", [edges[int(number)][0] for number in found.index])
    found.insert(1, "high", [edges[int(number)][1] for number in found.index])
    ends = [wilson_interval(share * rows, rows) for share, rows in zip(found["right"], found["rows"], strict=True)]
    found["right_low"], found["right_high"] = zip(*ends, strict=True)
    return found.reset_index(drop=True)


def _platt(log_odds: Any, right: Any) -> tuple[float, float]:
    """Slope and offset of the likeliest line, with Platt's targets, which are never 0 or 1.

    Newton's method, each step halved until it helps (Lin, Lin, Weng 2007, doi:10.1007/s10994-007-5018-6).
    """
    good, bad = right.sum(), (1 - right).sum()
    targets = np.where(right > 0, (good + 1) / (good + 2), 1 / (bad + 2))
    terms = np.column_stack([log_odds, np.ones_like(log_odds)])

    def loss(line: Any) -> float:
        scores = terms @ line
        return float((np.logaddexp(0, scores) - targets * scores).sum() + _RIDGE / 2 * (line @ line))

    line = np.array([1.0, 0.0])
    for _ in range(_MOST_STEPS):
        likely = _expit(terms @ line)
        gradient = terms.T @ (likely - targets) + _RIDGE * line
        bend = (terms * (likely * (1 - likely))[:, None]).T @ terms + _RIDGE * np.eye(2)
        step = np.linalg.solve(bend, gradient)
        while np.abs(step).max() > _LEAST and loss(line - step) >= loss(line):
            step = step / 2
        if np.abs(step).max() <= _LEAST:
            break
        line = line - step
    return float(line[0]), float(line[1])


def _logit(probability: Any) -> Any:
    bounded = np.clip(probability, _LEAST, 1 - _LEAST)
    return np.log(bounded / (1 - bounded))


def _expit(log_odds: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(log_odds, -40, 40)))
