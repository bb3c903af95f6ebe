"""The review gallery: the face of a `Review`."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from vlmkit.frame import ReviewedField, text_of
from vlmkit.views import Review, static_review, visible
from vlmkit.widgets.face import Face, script, span_of

__all__ = ["Gallery"]

_MOST_CLIENTS = 8
_MOST_TEXT = 2000  # characters of a card; all of it where it is edited


class Gallery(Face):
    """Cards with thumbnails and answers; arrow keys, and one key for each word.

    Parameters
    ----------
    review : Review
    """

    _esm = script("common", "gallery")
    rows = traitlets.Int().tag(sync=True)
    fields: Any = traitlets.List().tag(sync=True)
    tags: Any = traitlets.List().tag(sync=True)
    told = traitlets.Dict().tag(sync=True)

    def __init__(self, review: Review) -> None:
        self._review = review
        self._tags = review.tags
        # What each place shows: the rows of its filter, as they were when it was set.
        self._views: OrderedDict[str, tuple[int, list[int]]] = OrderedDict()
        super().__init__(
            review.thumbnails,
            rows=len(review),
            fields=[_field(review.field(name)) for name in review.fields],
            tags=[visible(tag) for tag in self._tags],
            told=review.counts(),
        )

    def __repr__(self) -> str:
        return repr(self._review)

    @property
    def _handlers(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        return {
            "view": self._view,
            "page": self._page,
            "say": self._say,
            "undo": self._undo,
            "enlarge": self._enlarge,
        }

    def _static(self) -> str:
        return static_review(self._review)

    def _view(self, content: dict[str, Any]) -> None:
        client, tag = str(content["client"]), content.get("tag")
        rows = self._review.select(
            str(content.get("text") or ""),
            status=content.get("status"),
            errors=content.get("errors"),
            tag=None if tag is None else self._tags[int(tag)],
            order=content.get("order") or "table",
        )
        generation = self._views.get(client, (0, []))[0] + 1
        self._views[client] = (generation, rows)
        self._views.move_to_end(client)
        while len(self._views) > _MOST_CLIENTS:
            self._views.popitem(last=False)
        told = {"count": len(rows), "generation": generation, "told": self._review.counts()}
        self.tell({"kind": "view", "client": client, **told})

    def _page(self, content: dict[str, Any]) -> None:
        client = str(content["client"])
        generation, rows = self._views[client]
        cards = [self._card(place, rows[place]) for place in span_of(content, len(rows))]
        self.tell({"kind": "page", "client": client, "generation": generation, "cards": cards})

    def _say(self, content: dict[str, Any]) -> None:
        action, row, place = content["action"], int(content["row"]), content.get("field")
        field = None if place is None else self._review.fields[int(place)]
        if action == "edit":
            self._review.edit(row, str(content["value"]), field)
        else:
            review = self._review
            {"accept": review.accept, "reject": review.reject, "flag": review.flag}[action](row, field)
        self._tell_change(f"{action} · {_short(self._review.labels[row])}")

    def _undo(self, content: dict[str, Any]) -> None:
        rows = self._review.undo()
        which = _short(self._review.labels[rows[0]]) if len(rows) == 1 else f"{len(rows)} pictures"
        back = {"by": str(content["client"]), "row": rows[0]} if len(rows) == 1 else {}
        self._tell_change(f"undo · {which}" if rows else "nothing to undo", **back)

    def _enlarge(self, content: dict[str, Any]) -> None:
        self._send_large(str(content["client"]), self._review.picture(int(content["row"])))

    def _tell_change(self, message: str, **back: Any) -> None:
        told = self._review.counts()
        self.told = told
        self.tell({"kind": "changed", "told": told, "message": visible(message), **back})

    def _card(self, place: int, row: int) -> dict[str, Any]:
        error = self._review.error(row)
        fields = [_cell(self._review.field(name), row) for name in self._review.fields]
        told = {"place": place, "row": row, "label": visible(self._review.labels[row]), "fields": fields}
        return told if error is None else {**told, "error": visible(error[:_MOST_TEXT])}


def _short(label: str) -> str:
    """A picture's own name, without its folders."""
    return re.split(r"[\\/]", label)[-1] or label


def _field(field: ReviewedField) -> dict[str, Any]:
    choices = ["True", "False"] if field.cell.kind == "boolean" else field.cell.choices
    told: dict[str, Any] = {"name": visible(field.name), "isLong": field.cell.kind in {"text", "list", "json"}}
    return {**told, "choices": [[field.cell.write(one), visible(text_of(one))] for one in choices]} if choices else told


def _cell(field: ReviewedField, row: int) -> dict[str, Any]:
    value = field.value(row)
    text, shown = field.cell.write(value), visible(text_of(value))
    told = {"status": field.status(row), "shown": shown[:_MOST_TEXT]}
    if told["status"] == "suggested":  # whoever decides compares
        told["before"] = visible(text_of(field.original(row)))[:_MOST_TEXT]
    # Halves of characters cannot travel; they are replaced where somebody edits the text.
    return told if text == told["shown"] else {**told, "text": text.encode("utf-8", "replace").decode("utf-8")}
