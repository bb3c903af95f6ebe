"""Wilson's interval against published values and against its own promises."""

import math

import pytest

from vlmkit.proportions import wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (0, 12, 0.0, 0.2425),
        (12, 12, 0.7575, 1.0),
        (81, 263, 0.2553, 0.3662),
        (1, 2, 0.0945, 0.9055),
        (1, 1, 0.2065, 1.0),
    ],
)
def test_the_interval_is_wilsons(successes, trials, low, high):
    """Against published values, for example Newcombe (1998), 81 of 263."""
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=1e-4)


def test_the_share_is_always_inside_and_never_alone():
    """For every count up to 60, at several confidences: a width, within 0 and 1, wider for more confidence."""
    for trials in range(1, 60):
        for successes in range(trials + 1):
            ends = [wilson_interval(successes, trials, confidence) for confidence in (0.5, 0.9, 0.99)]
            for low, high in ends:
                assert 0 <= low <= successes / trials <= high <= 1
                assert high - low > 0.005
            assert ends[2][0] <= ends[1][0] <= ends[0][0]
            assert ends[0][1] <= ends[1][1] <= ends[2][1]


def test_it_holds_as_often_as_it_says():
    """The binomial's own probabilities, summed where the interval has the truth: Wilson's is near 95 % on average."""
    trials, held = 20, []
    for step in range(1, 100):
        truth = step / 100
        inside = [low <= truth <= high for low, high in (wilson_interval(k, trials) for k in range(trials + 1))]
        chances = [math.comb(trials, k) * truth**k * (1 - truth) ** (trials - k) for k in range(trials + 1)]
        held.append(sum(chance for chance, is_in in zip(chances, inside, strict=True) if is_in))
    assert sum(held) / len(held) == pytest.approx(0.953, abs=0.01)
    assert min(held) > 0.83


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (math.nan, 5), (math.nan, 0)])
def test_nothing_tried_is_unknown(successes, trials):
    """No share, no ends."""
    assert all(map(math.isnan, wilson_interval(successes, trials)))
