"""How sure a figure is: rows are drawn again with replacement, and the figure is computed anew each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Array", "Figure", "Scores", "f1_of", "interval", "ratio_of"]

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Figure:
    """One figure: how sums over rows become it.

    Attributes
    ----------
    name : str
        ``"accuracy"``, ``"mae"``, ….
    aggregate : callable
        Array of sums, shape (draws, statistics), to array of figures, shape (draws,); NaN where there is none.
    label : object, default None
        The class it is about, where it is about one.
    """

    name: str
    aggregate: Callable[[Array], Array]
    label: Any = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scores:
    """What the rows of a column add up to, and the figures made of it.

    Attributes
    ----------
    rows : int
    sums : callable
        How often each row counts, shape (rows,), to the sums of its statistics over all rows, shape (statistics,).
    figures : sequence of Figure
    """

    rows: int
    sums: Callable[[Array], Array]
    figures: Sequence[Figure]

    @classmethod
    def of_matrix(cls, statistics: Array, figures: Sequence[Figure]) -> Scores:
        """Scores of plain statistics.

        Parameters
        ----------
        statistics : array, shape (rows, statistics)
        figures : sequence of Figure
        """
        columns = np.ascontiguousarray(statistics.T)
        # Not by BLAS: its order of adding, and so the last digit, depends on the machine.
        return cls(rows=len(statistics), sums=lambda counts: np.einsum("kn,n->k", columns, counts), figures=figures)

    def values(self) -> Array:
        """Each figure of all rows, shape (figures,)."""
        values: Array = self._figures_of(self.sums(np.ones(self.rows))[None])[0]
        return values

    def resampled(self, *, draws: int, seed: int) -> Array:
        """Each figure of as many rows drawn with replacement, shape (draws, figures).

        The same seed draws the same rows from any other table of so many rows: figures of two columns are paired.

        Parameters
        ----------
        draws : int
        seed : int
        """
        rng = np.random.default_rng(seed)
        counted = [
            self.sums(np.bincount(rng.integers(0, self.rows, self.rows), minlength=self.rows).astype(float))
            for _ in range(draws if self.rows else 0)
        ]
        return self._figures_of(np.array(counted or [self.sums(np.zeros(0))]))

    def _figures_of(self, sums: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([figure.aggregate(sums) for figure in self.figures], axis=1)


def interval(draws: Array, confidence: float) -> tuple[float, float]:
    """Ends of the percentile interval of a figure; NaN where no draw has one.

    Parameters
    ----------
    draws : array, shape (draws,)
    confidence : float
        Share of the draws inside, such as 0.95.
    """
    known = draws[~np.isnan(draws)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def ratio_of(part: int, whole: int) -> Callable[[Array], Array]:
    """Aggregate: one sum divided by another."""
    return lambda sums: np.where(sums[:, whole] == 0, np.nan, sums[:, part] / sums[:, whole])


def f1_of(hits: int, predicted: int, actual: int) -> Callable[[Array], Array]:
    """Aggregate: harmonic mean of precision and recall, from three sums; NaN where nothing was there or predicted."""

    def f1(sums: Array) -> Array:
        both = sums[:, predicted] + sums[:, actual]
        return np.where(both == 0, np.nan, 2 * sums[:, hits] / both)

    return f1
