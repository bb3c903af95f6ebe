"""Words of strangers in widgets: always text, in the notebook's own colors."""

from __future__ import annotations

import ipywidgets

from vlmkit.views.markup import Markup, escape

__all__ = ["Words", "block"]

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
