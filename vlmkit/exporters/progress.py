"""A text bar over the rows of an export."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["with_bar"]

_T = TypeVar("_T")
_BAR_EVERY_S = 0.1


def with_bar(items: Iterable[_T], *, total: int, title: str, progress: object) -> Iterator[_T]:
    """The same items, counted by a bar on stderr where one is wanted.

    Parameters
    ----------
    items : iterable
    total : int
    title : str
        Stands before the bar.
    progress : "auto" or bool
        "auto" is a bar where stderr is a terminal.
    """
    if progress is True or (progress == "auto" and sys.stderr is not None and sys.stderr.isatty()):
        from tqdm import tqdm

        bar = tqdm(
            items, total=total, desc=title, unit="row", file=sys.stderr, dynamic_ncols=True, mininterval=_BAR_EVERY_S
        )
        with bar:
            yield from bar
    else:
        yield from items
