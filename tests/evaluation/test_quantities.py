"""Errors of numbers, worked out by hand."""

import numpy as np
import pytest

from vlmkit.evaluation.quantities import score_numbers


def test_numbers():
    """A missing number is neither exact nor near; errors are of the rows that have one."""
    scores = score_numbers([1, 3, None, 0], [1, 2, 5, 3], within=1)
    found = {figure.name: value for figure, value in zip(scores.figures, scores.values(), strict=True)}
    assert found["exact"] == pytest.approx(1 / 4)
    assert found["within_1"] == pytest.approx(2 / 4)
    assert found["mae"] == pytest.approx(4 / 3)
    assert found["rmse"] == pytest.approx((10 / 3) ** 0.5)
    assert found["mean_error"] == pytest.approx(-2 / 3)


def test_no_number_at_all_has_no_error():
    """What is unknown is NaN, not zero."""
    scores = score_numbers([None], [1], within=0.5)
    assert np.isnan(scores.values()[2:]).all()
    assert scores.figures[1].name == "within_0.5"
