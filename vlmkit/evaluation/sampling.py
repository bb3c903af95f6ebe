"""Some rows that stand for all, each stratum with its share."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pandas as pd

from vlmkit.arguments import check_whole
from vlmkit.frame import column_of

__all__ = ["stratified_rows"]


def stratified_rows(
    table: pd.DataFrame, rows: int | None, *, by: str | Sequence[str] | None = None, seed: int = 0
) -> list[int]:
    """Positions of some rows, in order.

    Parameters
    ----------
    table : DataFrame
    rows : int or None
        How many; None, or more than there are, is all.
    by : str or list of str, default None
        Columns whose values part the table: each stratum gets its share, by largest remainders, and one row at least
        while there are enough.
    seed : int, default 0

    Raises
    ------
    BadSetting
        Not a whole number from 1 up.
    SetupError
        No such column.
    """
    if rows is None:
        return list(range(len(table)))
    _check(rows)
    rows = min(rows, len(table))
    rng = random.Random(seed)
    if by is None:
        return sorted(rng.sample(range(len(table)), rows))
    names = [by] if isinstance(by, str) else list(by)
    keys = pd.concat([column_of(table, name).reset_index(drop=True) for name in names], axis=1)
    strata = [sorted(int(row) for row in found) for found in keys.groupby(names, dropna=False).indices.values()]
    drawn = [rng.sample(stratum, share) for stratum, share in zip(strata, _shares(strata, rows), strict=True)]
    return sorted(row for stratum in drawn for row in stratum)


def _check(rows: object) -> None:
    check_whole("sample", rows, "a whole number of rows from 1 up, or None for all")


def _shares(strata: Sequence[Sequence[int]], rows: int) -> list[int]:
    total = sum(map(len, strata))
    quotas = [rows * len(stratum) / total for stratum in strata]
    fewest = 1 if rows >= len(strata) else 0
    shares = [max(fewest, int(quota)) for quota in quotas]
    while sum(shares) != rows:
        step = 1 if sum(shares) < rows else -1
        open_ones = [n for n, share in enumerate(shares) if (share < len(strata[n]) if step > 0 else share > fewest)]
        chosen = max(open_ones, key=lambda number: step * (quotas[number] - shares[number]))
        shares[chosen] += step
    return shares
