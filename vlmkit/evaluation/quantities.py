"""Scores of numbers: how far off they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vlmkit.evaluation.resampling import Array, Figure, Scores, ratio_of, share_of

__all__ = ["score_numbers"]


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
