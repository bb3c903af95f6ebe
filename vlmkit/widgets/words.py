"""Words of strangers in widgets: always text, in the notebook's own colors, and read aloud when they change."""

from __future__ import annotations

import ipywidgets

from vlmkit.frame.markup import Markup, escape

__all__ = ["Words", "block"]

_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;line-height:1.4"


class Words(ipywidgets.HTML):  # type: ignore[misc]  # has no types
    """A widget of one text. Labels and text areas would be either typeset as formulas or too pale to be read.

    Attributes
    ----------
    text : str
        What it says.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = ""
        self.say(text)

    def say(self, text: str, picture: Markup | None = None) -> None:
        """Show a text, and a picture before it; nothing takes no room.

        Parameters
        ----------
        text : str
        picture : Markup or None, default None
            As `vlmkit.frame.markup.picture_element` makes it.
        """
        self.text = text
        self.value = f'<div style="display:flex;gap:.75em">{picture or ""}{block(text)}</div>' if text else ""
        self.layout.display = "" if text else "none"


def block(text: str) -> Markup:
    """A text as an element of its own.

    Parameters
    ----------
    text : str
    """
    return Markup(f'<div role="status" dir="auto" style="{_STYLE}">{escape(text)}</div>')
