"""Text made safe to print, fitted to a width counted in terminal cells, and laid out as a table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date

from vlmkit.untrusted import for_json, for_terminal

__all__ = ["draw", "dump", "one_line", "shorten", "width_of", "wrap"]


def dump(value: object, *, indent: int | None = None) -> str:
    """JSON that is safe to show; moments are written as ISO 8601.

    Parameters
    ----------
    value : object
    indent : int or None, default None
        None is one line.
    """
    return for_json(json.dumps(value, ensure_ascii=False, indent=indent, default=_plain))


def one_line(text: str) -> str:
    """The text on one line: white space becomes single spaces, the rest is safe to print."""
    return for_terminal(re.sub(r"[ \t\r\n\f\v]+", " ", text).strip())


def width_of(text: str) -> int:
    """Cells the text takes in a terminal: two for wide characters and pictograms, however they are put together."""
    return len(text) if _is_plain(text) else sum(cells for _, cells in _clusters(text))


def shorten(text: str, width: int) -> str:
    """The text in at most `width` cells; where it is longer, ``…`` stands for its middle.

    Examples
    --------
    >>> shorten("datasets/scenes/scene_001.png", 20)
    'datasets/s…e_001.png'
    """
    if width_of(text) <= width:
        return text
    clusters = _clusters(text)
    tail = _fitting(clusters[::-1], (width - 1) // 2)[::-1]
    head = _fitting(clusters, width - 1 - sum(cells for _, cells in tail))
    return "".join(cluster for cluster, _ in head) + "…" + "".join(cluster for cluster, _ in tail)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken between words where possible; at least one line.

    Examples
    --------
    >>> wrap("A red circle on white.", 12)
    ['A red circle', 'on white.']
    """
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        *whole, lines[-1] = _broken(word, width)
        lines[-1:-1] = whole
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _broken(word: str, width: int) -> list[str]:
    """Parts of a word that are no wider than that, except for single characters that are."""
    parts, left = [""], width
    for cluster, cells in _clusters(word):
        if cells > left and parts[-1]:
            parts.append("")
            left = width
        parts[-1] += cluster
        left -= cells
    return parts


def _is_plain(text: str) -> bool:
    """Whether each character takes one cell; controls, where they stay at all, take none."""
    return text.isascii() and text.isprintable()


def _clusters(text: str) -> list[tuple[str, int]]:
    """What people see as one character, and the cells of each."""
    if _is_plain(text):
        return [(character, 1) for character in text]
    from wcwidth import iter_graphemes, wcswidth  # only now: its tables are not needed for most

    return [(cluster, max(0, wcswidth(cluster))) for cluster in iter_graphemes(text)]


def _fitting(clusters: list[tuple[str, int]], width: int) -> list[tuple[str, int]]:
    taken = 0
    for position, (_, cells) in enumerate(clusters):
        taken += cells
        if taken > width:
            return clusters[:position]
    return clusters


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
