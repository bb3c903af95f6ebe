"""How far several answerers agree beyond what chance would make them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np

__all__ = ["cohen_kappa", "krippendorff_alpha"]


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
