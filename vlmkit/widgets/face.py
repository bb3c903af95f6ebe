"""What all faces share: messages that never raise, thumbnails that are in view, scripts, styles, strangers' words."""

from __future__ import annotations

import base64
import logging
import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import anywidget
import ipywidgets

from vlmkit.errors import RunError, VlmkitError
from vlmkit.records import ImageRef, Picture
from vlmkit.sources import thumbnail
from vlmkit.views import Markup, Thumbnails, escape, visible

__all__ = ["Face", "Words", "block", "script", "style"]

_MOST_ROWS = 500  # of one message; no screen shows as many
_LARGE_SIDE_PX = 1200

_log = logging.getLogger("vlmkit.widgets")


@cache
def script(*names: str) -> str:
    """One ES module of several files; only the last one exports.

    Parameters
    ----------
    *names : str
        Without ending.
    """
    return "\n".join(_read(f"{name}.js") for name in names)


@cache
def style(name: str = "faces") -> str:
    """One style sheet."""
    return _read(f"{name}.css")


def _read(name: str) -> str:
    return files("vlmkit.widgets").joinpath("static", name).read_text(encoding="utf-8")


class Face(anywidget.AnyWidget):
    """A widget whose state is a plain object's.

    A message from the front end is a mapping with ``kind`` and ``client``, which names one of the places where the
    widget is shown; it is not trusted.

    Parameters
    ----------
    thumbnails : Thumbnails
    **traits
        Of the subclass.
    """

    _css = style()

    def __init__(self, thumbnails: Thumbnails, **traits: Any) -> None:
        super().__init__(**traits)
        self._thumbnails = thumbnails
        self.on_msg(self._take)

    @property
    @abstractmethod
    def _handlers(self) -> Mapping[str, Callable[[dict[str, Any]], None]]:
        """What is done with a message, by its kind."""

    @abstractmethod
    def _static(self) -> str:
        """HTML for where no kernel lives."""

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "text/html": self._static(), "text/plain": repr(self)}, metadata

    def tell(self, content: Mapping[str, Any], data: bytes | None = None) -> None:
        """Send a message, with bytes where the front end takes them.

        Parameters
        ----------
        content : mapping
        data : bytes or None, default None
        """
        if data is None:
            self.send(content)
        elif "google.colab" in sys.modules:  # its front end drops binary buffers
            self.send({**content, "base64": base64.b64encode(data).decode("ascii")})
        else:
            self.send(content, [data])

    def _take(self, _widget: Any, content: Any, _buffers: Any) -> None:
        # What a callback raises is shown nowhere.
        try:
            kind = content["kind"]
            handlers = {"thumbnails": self._send_thumbnails, **self._handlers}
            handlers[kind](content)
        except VlmkitError as error:
            self.tell({"kind": "problem", "client": content.get("client"), "text": visible(str(error))})
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            _log.warning("A message of a notebook's front end was left out: %s: %s", type(error).__name__, error)

    def _send_thumbnails(self, content: dict[str, Any]) -> None:
        client = content["client"]
        rows = [row for row in map(int, content["rows"][:_MOST_ROWS]) if 0 <= row < len(self._thumbnails)]

        def deliver(row: int, made: Picture | str) -> None:
            told = {"kind": "thumbnail", "client": client, "row": row}
            if isinstance(made, Picture):
                self.tell({**told, "type": made.media_type}, made.data)
            else:
                self.tell({**told, "fault": visible(made)})

        self._thumbnails.request(rows, deliver)

    def _send_large(self, client: str, ref: ImageRef) -> None:
        try:
            picture = thumbnail(ref, _LARGE_SIDE_PX)
        except RunError as error:
            self.tell({"kind": "problem", "client": client, "text": visible(f"{type(error).__name__}: {error}")})
            return
        told = {"kind": "picture", "client": client, "type": picture.media_type, "label": visible(ref.label)}
        self.tell(told, picture.data)


def span_of(content: Mapping[str, Any], most: int) -> range:
    """Places that a message asks for, as far as they exist.

    Parameters
    ----------
    content : mapping
        With ``first`` and ``last``, which is excluded.
    most : int
        How many places there are.
    """
    first = max(0, int(content["first"]))
    return range(first, min(int(content["last"]), most, first + _MOST_ROWS))


_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;line-height:1.4"


class Words(ipywidgets.HTML):  # type: ignore[misc]  # has no types
    """A widget of one text. Labels and text areas would be either typeset as formulas or too pale to be read.

    Parameters
    ----------
    is_status : bool, default False
        Whether a change is read aloud to who cannot see it.

    Attributes
    ----------
    text : str
        What it says.
    """

    def __init__(self, *, is_status: bool = False) -> None:
        super().__init__()
        self._role = "status" if is_status else "note"
        self.say("")

    def say(self, text: str, picture: Markup | None = None) -> None:
        """Show a text, and a picture before it; nothing takes no room.

        Parameters
        ----------
        text : str
        picture : Markup or None, default None
            As `vlmkit.views.markup.picture_element` makes it.
        """
        self.text = text
        self.value = (
            f'<div style="display:flex;gap:.75em">{picture or ""}{block(text, self._role)}</div>' if text else ""
        )
        self.layout.display = "" if text else "none"


def block(text: str, role: str) -> Markup:
    """A text as an element of its own.

    Parameters
    ----------
    text : str
    role : str
        What it is to a screen reader.
    """
    return Markup(f'<div role="{role}" dir="auto" style="{_STYLE}">{escape(text)}</div>')
