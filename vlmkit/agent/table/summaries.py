"""What a column holds, in a few numbers: counts of values, quartiles, first and last moments, words of texts."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from vlmkit.agent.table.cells import plain_cell
from vlmkit.frame import is_list, is_missing

__all__ = ["group_rows", "summarize_cells"]

_NUMBERS = ("integer", "number", "decimal")
_MOMENTS = ("date", "datetime")
_VALUE = 100  # characters
_FEW = 5


def summarize_cells(cells: Sequence[Any], kind: str, *, most_values: int) -> dict[str, Any]:
    """Summary of some cells of a column.

    Parameters
    ----------
    cells : sequence
    kind : str
        As of a `CellType`.
    most_values : int
        How many values are counted one by one, the most frequent first.

    Returns
    -------
    dict
        ``rows`` and ``missing``, then what the kind has: of numbers the mean and quartiles, of moments the first, the
        last and counts by year or month, of everything else ``values`` with their counts; of texts also words.
    """
    present = [cell for cell in cells if not is_missing(cell)]
    told: dict[str, Any] = {"rows": len(cells), "missing": len(cells) - len(present)}
    if not present:
        return told
    if kind == "text":
        told["words"] = _spread([len(str(cell).split()) for cell in present])
    measure = _of_numbers if kind in _NUMBERS else _of_moments if kind in _MOMENTS else None
    if measure is not None:
        # A column of objects, whose kind is that of its first one, may hold anything.
        with suppress(TypeError, ValueError, AttributeError):
            return told | measure(present, most_values)
    return told | _counted(_keys(present), most_values)


def group_rows(cells: Iterable[Any]) -> dict[Any, list[int]]:
    """Rows by the value of a cell, the largest group first; a row is in a group for each entry of a list.

    Parameters
    ----------
    cells : iterable
    """
    groups: dict[Any, list[int]] = {}
    for row, cell in enumerate(cells):
        for key in dict.fromkeys(_keys([cell])):
            groups.setdefault(key, []).append(row)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def _keys(cells: Iterable[Any]) -> Iterable[Any]:
    """Values that can be counted: entries of lists one by one, what JSON has no form for as texts."""
    for cell in cells:
        if is_list(cell):
            yield from _keys(cell.ravel().tolist() if hasattr(cell, "ravel") else cell)
        else:
            plain = cell if isinstance(cell, str) else plain_cell(cell)
            yield str(plain) if isinstance(plain, dict | list) else plain


def _counted(keys: Iterable[Any], most: int) -> dict[str, Any]:
    # True is 1 to Python, and nobody else.
    counts = Counter((type(key) is bool, key) for key in keys)
    if len(counts) > most:  # of those that occur once, a few show what they are like
        most = max(_FEW, min(most, sum(rows > 1 for rows in counts.values())))
    values = [{"value": plain_cell(key, _VALUE), "rows": rows} for (_, key), rows in counts.most_common(most)]
    told: dict[str, Any] = {"distinct": len(counts), "values": values}
    if len(counts) > len(values):
        told["values_left_out"] = len(counts) - len(values)
    return told


def _of_numbers(cells: Sequence[Any], most: int) -> dict[str, Any]:
    numbers = [number for number in map(float, cells) if math.isfinite(number)]
    told: dict[str, Any] = {}
    if len(numbers) < len(cells):
        told["infinite"] = len(cells) - len(numbers)
    if numbers:
        told |= _spread(numbers) | {"sum": _short(math.fsum(numbers))}
    distinct = len(set(cells))
    return told | (_counted(map(plain_cell, cells), most) if distinct <= most else {"distinct": distinct})


def _spread(numbers: Sequence[float]) -> dict[str, Any]:
    quartiles = statistics.quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else [numbers[0]] * 3
    names = ("minimum", "lower_quartile", "median", "upper_quartile", "maximum", "mean")
    told = (min(numbers), *quartiles, max(numbers), statistics.fmean(numbers))
    return {name: _short(number) for name, number in zip(names, told, strict=True)}


def _short(number: float) -> float:
    return int(number) if number == int(number) else float(f"{number:.6g}")


def _of_moments(cells: Sequence[Any], most: int) -> dict[str, Any]:
    first, last = min(cells), max(cells)
    if first.year == last.year:
        parts = Counter(f"{cell.year:04}-{cell.month:02}" for cell in cells)
    else:
        parts = Counter(f"{cell.year:04}" for cell in cells)
    told: dict[str, Any] = {"first": plain_cell(first), "last": plain_cell(last), "distinct": len(set(cells))}
    kept = dict(sorted(parts.most_common(most)))
    told["rows_by_month" if first.year == last.year else "rows_by_year"] = kept
    return told if len(kept) == len(parts) else told | {"periods_left_out": len(parts) - len(kept)}
