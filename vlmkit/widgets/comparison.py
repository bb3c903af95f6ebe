"""The comparison: the face of a `BlindComparison`. Which answer is whose never travels before it is voted on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from vlmkit.views import TIE, BlindComparison, static_comparison, visible
from vlmkit.widgets.face import Face, script

__all__ = ["ComparisonView"]

_MOST_TEXT = 20_000  # characters of one answer


class ComparisonView(Face):
    """One picture at a time with its answers in an order of chance; a number key for each.

    Parameters
    ----------
    comparison : BlindComparison
    """

    _esm = script("common", "comparison")
    total = traitlets.Int().tag(sync=True)
    options = traitlets.Int().tag(sync=True)

    def __init__(self, comparison: BlindComparison) -> None:
        self._comparison = comparison
        super().__init__(comparison.thumbnails, total=len(comparison.rows), options=len(comparison.columns))

    def __repr__(self) -> str:
        return repr(self._comparison)

    @property
    def _handlers(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {
            "open": self._open,
            "next": self._next,
            "vote": self._vote,
            "undo": self._undo,
            "enlarge": self._enlarge,
            "standings": self._standings,
        }

    def _static(self) -> str:
        return static_comparison(self._comparison)

    def _open(self, content: dict[str, Any]) -> None:
        rows = self._comparison.rows
        place = min(max(0, int(content["place"])), len(rows) - 1)
        if place >= 0:
            self.tell({**self._pair(place), "client": str(content["client"])})

    def _next(self, content: dict[str, Any]) -> None:
        """The next one without a vote, in a circle; where all have one, the next one."""
        rows, after = self._comparison.rows, int(content["place"]) + 1
        places = [*range(after, len(rows)), *range(min(after, len(rows)))]
        waiting = (place for place in places if self._comparison.choice(rows[place]) is None)
        self._open({**content, "place": next(waiting, min(after, len(rows) - 1))})

    def _vote(self, content: dict[str, Any]) -> None:
        row, slot = self._comparison.rows[int(content["place"])], content.get("slot")
        blinded = self._comparison.blinded(row)
        if slot is not None and not 0 <= int(slot) < len(blinded):
            raise ValueError(slot)
        self._comparison.vote(row, None if slot is None else blinded[int(slot)])
        self._next(content)
        self._tell_votes()

    def _undo(self, content: dict[str, Any]) -> None:
        row = self._comparison.undo()
        if row is not None:
            self._open({**content, "place": self._comparison.rows.index(row)})
        self._tell_votes()

    def _enlarge(self, content: dict[str, Any]) -> None:
        row = self._comparison.rows[int(content["place"])]
        self._send_large(str(content["client"]), self._comparison.picture(row))

    def _standings(self, content: dict[str, Any]) -> None:
        self._tell_votes(str(content["client"]))

    def _pair(self, place: int) -> dict[str, Any]:
        row = self._comparison.rows[place]
        blinded = self._comparison.blinded(row)
        parts = self._comparison.differences(row)
        choice = self._comparison.choice(row)
        slot = None if choice is None else -1 if choice == TIE else blinded.index(choice)
        label = visible(self._comparison.labels[row])
        options = [_shown(parts[column]) for column in blinded]
        return {"kind": "pair", "place": place, "row": row, "label": label, "options": options, "slot": slot}

    def _tell_votes(self, client: str | None = None) -> None:
        table = self._comparison.standings
        heads = list(table.columns)
        rows = [
            {"name": visible(str(name)), **{head: _number(value) for head, value in zip(heads, values, strict=True)}}
            for name, *values in table.itertuples(name=None)
        ]
        votes = sum(self._comparison.choice(row) is not None for row in self._comparison.rows)
        self.tell({"kind": "votes", "votes": votes, "standings": rows, "client": client})


def _shown(parts: list[tuple[str, bool]]) -> list[list[Any]]:
    left, shown = _MOST_TEXT, []
    for text, differs in parts:
        if left > 0:
            shown.append([visible(text[:left]), differs])
        left -= len(text)
    return shown


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
