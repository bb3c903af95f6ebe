"""Intervals against what statistics says they are."""

import numpy as np
import pytest

from vlmkit.evaluation.resampling import Figure, Scores, interval, ratio_of


def share(hits):
    """Scores of a share."""
    statistics = np.stack([np.ones(len(hits)), hits], axis=1).astype(float)
    return Scores.of_matrix(statistics, [Figure(name="share", aggregate=ratio_of(1, 0))])


def test_the_interval_of_a_share_is_the_binomials():
    """Half of 400 rows: the normal approximation gives 0.5 ± 0.049."""
    scores = share(np.arange(400) % 2)
    low, high = interval(scores.resampled(draws=4000, seed=1)[:, 0], 0.95)
    assert low == pytest.approx(0.451, abs=0.006)
    assert high == pytest.approx(0.549, abs=0.006)


def test_the_same_seed_draws_the_same_rows():
    """Two columns are compared draw by draw: their difference varies as the rows where they differ do, and no more."""
    first, second = np.arange(400) % 2, np.arange(400) % 2
    second[:4] = 1 - second[:4]
    difference = share(first).resampled(draws=500, seed=3) - share(second).resampled(draws=500, seed=3)
    low, high = interval(difference[:, 0], 0.95)
    assert -0.02 < low <= 0 <= high < 0.02


def test_what_is_unknown_has_no_interval():
    """No rows, no figure, no ends."""
    scores = share(np.zeros(0))
    assert np.isnan(scores.values()).all()
    assert np.isnan(interval(scores.resampled(draws=3, seed=0)[:, 0], 0.95)).all()
