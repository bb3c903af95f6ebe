"""Steps: what became of each call that a model made."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from vlmkit.arguments import is_whole
from vlmkit.errors import BadSetting
from vlmkit.records import Picture

__all__ = ["EXECUTED", "Status", "Step"]

Status = Literal["done", "failed", "timed_out", "unknown", "blocked", "malformed", "repeated", "declined", "cancelled"]
"""What became of a call: it gave a result; the tool could not, or broke; it took too long; there is no such tool; it is
not allowed; its arguments cannot be read; it was made too often; a person said no; it was stopped."""

EXECUTED = frozenset({"done", "failed", "timed_out"})
"""Of calls that reached their tool."""

_PLAIN = ("turn", "call_id", "tool", "arguments", "text", "status", "seconds")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One call, and what came of it.

    Attributes
    ----------
    turn : int
        Which reply of the model made it, from 1.
    call_id : str
    tool : str
        As people read it, ``"memory::create_entities"``; what the model wrote where there is no such tool.
    arguments : object
        A dict; the text that the model wrote where that is none.
    text : str
        What the model was told.
    pictures : tuple of Picture, default ()
        What the model was shown.
    status : str
        "done", "failed", "timed_out", "unknown", "blocked", "malformed", "repeated", "declined" or "cancelled".
    seconds : float
    rows : tuple of int, default ()
        Rows of a table that it is about, by their places from 0.
    """

    turn: int
    call_id: str
    tool: str
    arguments: Any
    text: str
    pictures: tuple[Picture, ...] = ()
    status: Status
    seconds: float
    rows: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The step as JSON can say it, pictures included."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        return plain | {"rows": list(self.rows), "pictures": list(map(_written, self.pictures))}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Step:
        """A step as `to_dict` writes it.

        Parameters
        ----------
        written : mapping

        Raises
        ------
        BadSetting
            It is none.
        """
        try:
            plain = {name: written[name] for name in _PLAIN}
            rows = written.get("rows", [])
            step = cls(**plain, rows=tuple(rows), pictures=tuple(map(_read, written.get("pictures", []))))
        except (AttributeError, KeyError, TypeError, ValueError, binascii.Error) as error:
            raise BadSetting(f"A step cannot be read: {type(error).__name__}: {error}.") from error
        is_sound = step.status in get_args(Status) and is_whole(step.turn, 1) and all(map(is_whole, step.rows))
        if not is_sound or not all(isinstance(text, str) for text in (step.call_id, step.tool, step.text)):
            raise BadSetting(f"A step cannot be read: turn {step.turn!r}, status {step.status!r}. Write it by to_dict.")
        return step


def _written(picture: Picture) -> dict[str, Any]:
    data = base64.b64encode(picture.data).decode()
    return {
        "media_type": picture.media_type,
        "width": picture.width,
        "height": picture.height,
        "digest": picture.digest,
        "data": data,
    }


def _read(written: Mapping[str, Any]) -> Picture:
    return Picture(**{**written, "data": base64.b64decode(written["data"], validate=True)})
