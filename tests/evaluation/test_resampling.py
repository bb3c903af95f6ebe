"""Intervals against what statistics says they are."""

import numpy as np
import pytest

from vlmkit.evaluation.resampling import Figure, Scores, bounded, interval, is_a_point, ratio_of, share_of


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


def test_a_share_has_wilsons_interval_whatever_is_drawn():
    """12 of 12 and 0 of 12 are not certain."""
    for hits, ends in ((np.ones(12), (0.7575, 1)), (np.zeros(12), (0, 0.2425))):
        scores = Scores.of_matrix(np.stack([np.ones(12), hits], axis=1), [share_of("share", 1, 0)])
        assert scores.intervals(scores.resampled(draws=50, seed=0), 0.95) == [pytest.approx(ends, abs=1e-4)]


def test_equal_rows_make_no_figure_certain():
    """A mean of degrees gets a share's interval, scaled; a figure without bounds has none; an interval is kept."""
    columns = np.stack([np.ones(8), np.full(8, 20.0), np.arange(8)], axis=1)
    figures = [
        bounded("degrees", ratio_of(1, 0), rows=0, most=100),
        Figure(name="error", aggregate=ratio_of(1, 0)),
        bounded("spread", ratio_of(2, 0), rows=0, most=7),
    ]
    scores = Scores.of_matrix(columns, figures)
    resampled = scores.resampled(draws=200, seed=0)
    degrees, error, spread = scores.intervals(resampled, 0.95)
    assert degrees[0] < 10
    assert 40 < degrees[1] <= 100
    assert np.isnan(error).all()
    assert spread == interval(resampled[:, 2], 0.95)
    assert is_a_point((0.1 + 0.2, 0.3))
    assert not is_a_point(spread)
