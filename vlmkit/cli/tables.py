"""A table for the terminal: columns as wide as they need to be, the last one wrapped into what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vlmkit.cli.text import one_line, shorten, width_of, wrap

__all__ = ["draw"]

_GAP = "  "
_NARROWEST_LAST = 24


def draw(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Lines of a table, at most `width` cells wide.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequences of str
        As many texts each as the header; any text, it is made printable here.
    width : int
        Cells of the terminal. The last column keeps at least 24 of them.

    Yields
    ------
    str
        One line, without its end.
    """
    printable = [[one_line(cell) for cell in row] for row in rows]
    widths = _widths([list(header), *printable], width)
    yield _join(header, widths)
    yield _join(["─" * cells for cells in widths], widths)
    for *first, last in printable:
        cells = [shorten(cell, limit) for cell, limit in zip(first, widths, strict=False)]
        for line in wrap(last, widths[-1]):
            yield _join([*cells, line], widths)
            cells = [""] * len(cells)


def _widths(rows: list[list[str]], width: int) -> list[int]:
    """The last column gets what is left; where that is too little, the widest of the others give way."""
    needed = [max(map(width_of, column)) for column in zip(*rows, strict=True)]
    room = width - len(_GAP) * (len(needed) - 1)
    first, last = needed[:-1], needed[-1]
    while first and sum(first) + min(last, max(_NARROWEST_LAST, room // 2)) > room and max(first) > len("…") * 8:
        first[first.index(max(first))] -= 1
    return [*first, max(1, min(last, max(_NARROWEST_LAST, room - sum(first))))]


def _join(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - width_of(cell)) for cell, width in zip(cells, widths, strict=True)]
    return _GAP.join(padded).rstrip()
