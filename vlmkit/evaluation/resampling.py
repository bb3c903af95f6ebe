"""How sure a figure is: by a formula where it is a share of rows, else by drawing rows again, with replacement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vlmkit.proportions import wilson_interval

__all__ = ["Array", "Figure", "Scores", "bounded", "f1_of", "interval", "is_a_point", "ratio_of", "share_of"]

Array: TypeAlias = NDArray[np.float64]
Ends: TypeAlias = tuple[float, float]

_UNKNOWN: Ends = (float("nan"), float("nan"))


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
    formula : callable or None, default None
        Sums over all rows, shape (statistics,), and a confidence, to the ends of an interval; None where a figure has
        no bounds, so that equal rows say nothing about others.
    is_share : bool, default False
        Whether each row is a success or none: then the formula is exact enough always, else where draws do not differ.
    """

    name: str
    aggregate: Callable[[Array], Array]
    label: Any = None
    formula: Callable[[Array, float], Ends] | None = None
    is_share: bool = False


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

    def intervals(self, resampled: Array, confidence: float) -> list[Ends]:
        """Ends of each figure's interval; NaN where the rows do not tell.

        Rows that are all alike give equal draws. That makes no figure certain: one with bounds gets its formula then.

        Parameters
        ----------
        resampled : array, shape (draws, figures)
        confidence : float
        """
        sums = self.sums(np.ones(self.rows))
        return [_ends(figure, resampled[:, number], sums, confidence) for number, figure in enumerate(self.figures)]

    def _figures_of(self, sums: Array) -> Array:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.stack([figure.aggregate(sums) for figure in self.figures], axis=1)


def _ends(figure: Figure, draws: Array, sums: Array, confidence: float) -> Ends:
    if figure.is_share and figure.formula:
        return figure.formula(sums, confidence)
    ends = interval(draws, confidence)
    if not is_a_point(ends):
        return ends
    return figure.formula(sums, confidence) if figure.formula else _UNKNOWN


def is_a_point(ends: Ends) -> bool:
    """Whether an interval has no width, but for rounding.

    Parameters
    ----------
    ends : (float, float)
    """
    return bool(np.isclose(*ends, rtol=1e-9, atol=1e-12))


def interval(draws: Array, confidence: float) -> Ends:
    """Ends of the percentile interval of a figure; NaN where no draw has one.

    Parameters
    ----------
    draws : array, shape (draws,)
    confidence : float
        Share of the draws inside, such as 0.95.
    """
    known = draws[~np.isnan(draws)]
    if not len(known):
        return _UNKNOWN
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def share_of(name: str, part: int, whole: int, *, label: Any = None) -> Figure:
    """Figure: the share of rows that are counted in one sum, of those in another; with Wilson's interval.

    Parameters
    ----------
    name : str
    part, whole : int
        Places of the sums; each row counts 0 or 1 in either.
    label : object, default None
    """

    def formula(sums: Array, confidence: float) -> Ends:
        return wilson_interval(float(sums[part]), float(sums[whole]), confidence)

    return Figure(name=name, aggregate=ratio_of(part, whole), label=label, formula=formula, is_share=True)


def bounded(name: str, aggregate: Callable[[Array], Array], *, rows: int, most: float = 1.0) -> Figure:
    """Figure from 0 to a bound, which rows reach by degrees.

    Where no draw differs, its interval is that of a share of so many rows: nothing between two bounds varies more.

    Parameters
    ----------
    name : str
    aggregate : callable
    rows : int
        Place of the sum of rows it is of.
    most : float, default 1
    """

    def formula(sums: Array, confidence: float) -> Ends:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(aggregate(sums[None])[0])
        low, high = wilson_interval(value / most * float(sums[rows]), float(sums[rows]), confidence)
        return min(low * most, value), max(high * most, value)  # 100 may be 100.00000000000001

    return Figure(name=name, aggregate=aggregate, formula=formula)


def ratio_of(part: int, whole: int) -> Callable[[Array], Array]:
    """Aggregate: one sum divided by another."""
    return lambda sums: np.where(sums[:, whole] == 0, np.nan, sums[:, part] / sums[:, whole])


def f1_of(hits: int, predicted: int, actual: int) -> Callable[[Array], Array]:
    """Aggregate: harmonic mean of precision and recall, from three sums; NaN where nothing was there or predicted."""

    def f1(sums: Array) -> Array:
        both = sums[:, predicted] + sums[:, actual]
        return np.where(both == 0, np.nan, 2 * sums[:, hits] / both)

    return f1
