"""BlindComparison: a person says which of several answers to a picture is best, without knowing whose it is.

The answers are shown with the words marked in which they differ."""

from __future__ import annotations

import json
import math
import random
import re
import threading
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.frame import cell_type_of, is_missing, pick_pictures, refs_of, text_of
from vlmkit.notebook import WidgetBacked
from vlmkit.proportions import wilson_interval
from vlmkit.records import ImageRef
from vlmkit.views.judgments import JudgedRows
from vlmkit.views.thumbnails import Thumbnails

__all__ = ["TIE", "BlindComparison", "TextSpan", "compare_view", "differing_parts"]

TIE = "tie"
_KIND, _PREFERRED, _OPEN = "vote", "preferred", "open"
_SIDE_PX = 420

TextSpan = tuple[str, bool]
"""A stretch of text, and whether it differs."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 1000  # alignment takes the square of this


def compare_view(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    image: str | None = None,
    store: str | Path | bool | None = None,
    seed: int = 0,
) -> BlindComparison:
    """Compare answers side by side, blinded, and vote for the best.

    Parameters
    ----------
    frame : DataFrame
        With pictures and answers; is not changed.
    columns : sequence of str
        Two columns or more, such as the captions of different models.
    image : str or None, default None
        Column that has the pictures; None takes ``path``, else ``image``.
    store : bool, str, Path or None, default None
        File that keeps every vote from the moment it is given; None is the one that runs use, False keeps votes in
        memory only.
    seed : int, default 0
        Of the order in which each picture's answers are shown.

    Returns
    -------
    BlindComparison
        In a notebook it is shown as a page per picture, with a key per answer.

    Raises
    ------
    SetupError
        Fewer than two columns, no such column, two of that name, or a store that cannot be used.
    """
    return BlindComparison(frame, columns, image=image, store=store, seed=seed)


class BlindComparison(WidgetBacked):
    """Answers of several columns and the votes for them; any number of threads may use it.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of str
    image, store, seed
        As for `compare_view`.

    Attributes
    ----------
    columns : tuple of str
    rows : list of int
        Positions of the rows worth a vote: every answer is there, and they are not all the same.
    labels : list of str
        What the pictures are called.
    """

    widget_name = "vlmkit.widgets.comparison:ComparisonView"

    def __init__(
        self,
        frame: pd.DataFrame,
        columns: Sequence[str],
        *,
        image: str | None = None,
        store: str | Path | bool | None = None,
        seed: int = 0,
    ) -> None:
        self.columns = _checked(frame, columns)
        self._frame = frame
        self._seed = seed
        self._lock = threading.RLock()
        self._refs = list(refs_of(pick_pictures(frame, image)))
        self.labels = [ref.label for ref in self._refs]
        self._types = {name: cell_type_of(frame[name]) for name in self.columns}
        self._cells = {name: list(frame[name].array) for name in self.columns}
        self.rows = [row for row in range(len(frame)) if self._is_open(row)]
        self.thumbnails = Thumbnails(self._refs, longest_side_px=_SIDE_PX)
        self._subject = json.dumps(sorted(self.columns))
        self._judged = JudgedRows(frame, self._refs, store)
        self._votes: dict[int, str] = {}
        self._done: list[tuple[int, str | None]] = []
        self._recall()

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        return f"BlindComparison({', '.join(self.columns)}: {len(self._votes)} of {len(self.rows)} rows voted on)"

    @property
    def frame(self) -> pd.DataFrame:
        """New table with ``preferred``: the best column, ``tie``, or NA where nobody voted."""
        with self._lock:
            votes = [self._votes.get(row) for row in range(len(self))]
        preferred = pd.Categorical(votes, categories=[*self.columns, TIE])
        return self._frame.assign(preferred=preferred)

    @property
    def standings(self) -> pd.DataFrame:
        """One row per column, best first: wins, losses, ties, win_rate among decided votes, and its 95 % interval."""
        with self._lock:
            counts = Counter(self._votes.values())
        ties = counts.pop(TIE, 0)
        decided = counts.total()
        rows = []
        for name in sorted(self.columns, key=lambda name: -counts[name]):
            low, high = wilson_interval(counts[name], decided)
            rate = counts[name] / decided if decided else math.nan
            rows.append((counts[name], decided - counts[name], ties, rate, low, high))
        heads = ["wins", "losses", "ties", "win_rate", "low", "high"]
        return pd.DataFrame(rows, columns=heads, index=pd.Index(sorted(self.columns, key=lambda name: -counts[name])))

    def blinded(self, row: int) -> tuple[str, ...]:
        """Columns in the order in which a row's answers are shown: by chance, and always the same."""
        order = list(self.columns)
        random.Random(f"{self._seed} {row}").shuffle(order)
        return tuple(order)

    def choice(self, row: int) -> str | None:
        """The column voted for, ``tie``, or None."""
        return self._votes.get(row)

    def differences(self, row: int) -> dict[str, list[TextSpan]]:
        """Each answer in parts, with whether the other answers say something else there."""
        texts = [text_of(self._cells[name][row]) for name in self.columns]
        return dict(zip(self.columns, differing_parts(texts), strict=True))

    def picture(self, row: int) -> ImageRef:
        """Reference to a row's picture."""
        return self._refs[row]

    def vote(self, row: int, column: str | None) -> None:
        """Say which answer is best.

        Parameters
        ----------
        row : int
            Position.
        column : str or None
            None, or ``"tie"``, if none is better.

        Raises
        ------
        SetupError
            No such column, a row not worth a vote, or the store cannot be written; then nothing was changed.
        """
        choice = TIE if column is None else column
        if choice not in (*self.columns, TIE):
            raise SetupError(f"vote: {column!r} is not compared; the columns are {', '.join(self.columns)}.")
        if not 0 <= row < len(self) or not self._is_open(row):
            raise SetupError(f"vote: row {row} has nothing to choose between; comparison.rows has those that have.")
        with self._lock:
            self._say(row, choice)
            self._done.append((row, self._votes.get(row)))
            self._votes[row] = choice

    def undo(self) -> int | None:
        """Take the last vote of this session back, one call each.

        Returns
        -------
        int or None
            Its row; None when nothing is left.

        Raises
        ------
        SetupError
            The store cannot be written; then nothing was changed.
        """
        with self._lock:
            if not self._done:
                return None
            row, before = self._done[-1]
            self._say(row, before)
            self._done.pop()
            if before is None:
                del self._votes[row]
            else:
                self._votes[row] = before
            return row

    def close(self) -> None:
        """Stop making thumbnails; twice is fine."""
        self.thumbnails.close()

    def _is_open(self, row: int) -> bool:
        values = [self._cells[name][row] for name in self.columns]
        return not any(map(is_missing, values)) and len({text_of(value) for value in values}) > 1

    def _original(self, row: int) -> str:
        return json.dumps({name: self._types[name].pack(self._cells[name][row]) for name in sorted(self.columns)})

    def _say(self, row: int, choice: str | None) -> None:
        verdict = _OPEN if choice is None else TIE if choice == TIE else _PREFERRED
        value = choice if verdict == _PREFERRED else None
        self._judged.say(_KIND, [(row, self._subject, self._original(row), verdict, value)])

    def _recall(self) -> None:
        for row, judgment in self._judged.recall(_KIND, self._subject):
            if judgment.original != self._original(row):
                continue
            choice = TIE if judgment.verdict == TIE else judgment.value
            if judgment.verdict == _OPEN:
                self._votes.pop(row, None)
            elif choice in (*self.columns, TIE):
                self._votes[row] = choice


def _checked(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    if isinstance(columns, str) or len(set(columns)) < 2 or len(set(columns)) != len(columns):
        raise SetupError(f"compare_view: give two different columns or more, as a list; {columns!r} is not that.")
    labels: list[Any] = list(frame.columns)
    for name in columns:
        if labels.count(name) != 1 or name == TIE:
            what = "no column" if name not in labels else f"{labels.count(name)} columns"
            what = "a column cannot be called" if name == TIE else what
            raise SetupError(f"compare_view: {what} {name!r}; the columns are {', '.join(map(repr, labels))}.")
    return tuple(columns)


def differing_parts(texts: Sequence[str]) -> list[list[TextSpan]]:
    """Each text in parts; put together they are the text again.

    A word is the same only where every other text has it, too, at the same point of the story, whatever its case.

    Parameters
    ----------
    texts : sequence of str
    """
    words = [[match[0].casefold() for match in _TOKEN.finditer(text)] for text in texts]
    if max(map(len, words), default=0) > _MOST_WORDS:
        return [[(text, False)] if text else [] for text in texts]
    return [_parts(text, _shared(place, words)) for place, text in enumerate(texts)]


def _shared(place: int, words: Sequence[list[str]]) -> list[bool]:
    """Which words of one text all others have."""
    shared = [True] * len(words[place])
    for other in (other for at, other in enumerate(words) if at != place):
        # Aligned in one order, whichever text is looked at, so that both sides agree.
        matched = _matched(words[place], other)
        shared = [was and is_matched for was, is_matched in zip(shared, matched, strict=True)]
    return shared


def _matched(ours: list[str], theirs: list[str]) -> list[bool]:
    swapped = theirs < ours
    first, second = (theirs, ours) if swapped else (ours, theirs)
    matched = [False] * len(ours)
    for block in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks():
        start = block.b if swapped else block.a
        matched[start : start + block.size] = [True] * block.size
    return matched


def _parts(text: str, shared: Sequence[bool]) -> list[TextSpan]:
    pieces: list[TextSpan] = []
    end = 0
    for match, is_shared in zip(_TOKEN.finditer(text), shared, strict=True):
        gap = text[end : match.start()]
        # Blanks between two differing words belong to the difference, so that it reads as one stretch.
        pieces.append((gap, bool(pieces) and pieces[-1][1] and not is_shared))
        pieces.append((match[0], not is_shared))
        end = match.end()
    pieces.append((text[end:], False))
    together = groupby((piece for piece in pieces if piece[0]), key=lambda piece: piece[1])
    return [("".join(part for part, _ in group), differs) for differs, group in together]
