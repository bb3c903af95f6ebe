"""How sure a share is: Wilson's interval, the same one wherever vlmkit says "so many of so many"."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["wilson_interval"]


def wilson_interval(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a share; 0 of 12 and 12 of 12 have a width, too.

    Wilson: Probable Inference, the Law of Succession, and Statistical Inference, 1927.

    Parameters
    ----------
    successes : float
        From 0 to `trials`; not whole where each trial succeeds by degrees, for which the interval is wide enough.
    trials : float
    confidence : float, default 0.95

    Returns
    -------
    (float, float)
        Low and high end, with the share between them; NaN where nothing was tried.
    """
    if not trials > 0 or math.isnan(successes):
        return math.nan, math.nan
    share = min(1.0, max(0.0, successes / trials))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    weight = 1 + z * z / trials
    center = (share + z * z / (2 * trials)) / weight
    reach = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / weight
    # The share is never outside, not by a rounding either.
    return min(share, max(0.0, center - reach)), max(share, min(1.0, center + reach))
