"""Untrusted text as HTML: the only place where it becomes any.

Whatever a model, a file name, metadata or a server says is shown as text: markup is escaped, and characters that hide
or reorder others are shown by their numbers. Languages that are written from right to left stay as they are.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any

from vlmkit.frame import text_of
from vlmkit.untrusted import without_hidden

__all__ = [
    "Markup",
    "escape",
    "picture_element",
    "table_element",
    "visible",
]

_MEDIA_TYPES = ("image/jpeg", "image/png")


class Markup(str):
    """HTML that was made here, of escaped parts."""

    __slots__ = ()


def visible(text: str) -> str:
    """Text in which nothing is hidden: controls, direction marks and halves of characters become ``⟨U+202E⟩``.

    Parameters
    ----------
    text : str
    """
    return without_hidden(text, lambda character: f"⟨U+{ord(character):04X}⟩", keep="\t\n")


def escape(value: Any) -> str:
    """A value as HTML, for the content of an element or a quoted attribute.

    Parameters
    ----------
    value : object
        As `text_of` writes it.
    """
    return html.escape(visible(text_of(value)), quote=True)


def picture_element(data: bytes, media_type: str, *, label: str, width: int, height: int) -> Markup:
    """An ``<img>`` that carries its bytes.

    Parameters
    ----------
    data : bytes
    media_type : {"image/jpeg", "image/png"}
    label : str
        Alternative text.
    width, height : int
        Pixels.

    Raises
    ------
    ValueError
        Another media type, under which a browser might run what it is given.
    """
    if media_type not in _MEDIA_TYPES:
        raise ValueError(f"a picture to show is a JPEG or a PNG, and this says {media_type!r}; normalize it first.")
    source = f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
    return Markup(f'<img src="{source}" alt="{escape(label)}" width="{width:d}" height="{height:d}" loading="lazy">')


# Twice the class: JupyterLab has rules of its own for tables, such as columns of equal width, aligned to the right.
_STYLE = (
    "<style>"
    "table.vlm-table.vlm-table{border-collapse:collapse;font-size:13px;table-layout:auto}"
    "table.vlm-table.vlm-table :is(th,td){padding:4px 8px;text-align:left;vertical-align:top;"
    "border-bottom:1px solid var(--jp-border-color2,#8886);white-space:pre-wrap;overflow-wrap:break-word;"
    "max-width:36em;unicode-bidi:isolate}"
    "table.vlm-table img{display:block;max-width:none}"
    "table.vlm-table td:empty::after{content:'NA';opacity:.65}"
    "</style>"
)
# Notebooks typeset what stands between dollars, unless told not to, by a word that changed over time.
_CLASSES = "vlm-table tex2jax_ignore mathjax_ignore"


def table_element(columns: Sequence[Any], rows: Iterable[Sequence[Any]], *, caption: str = "") -> Markup:
    """A table; every cell is escaped, except pictures made here.

    Parameters
    ----------
    columns : sequence
        Labels.
    rows : iterable of sequences
        One cell per column; what is a `Markup` goes in as it is.
    caption : str, default ""
        Line below.
    """
    head = "".join(f'<th scope="col" dir="auto">{escape(label)}</th>' for label in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    below = f'<p class="tex2jax_ignore mathjax_ignore">{escape(caption)}</p>' if caption else ""
    table = f'<table class="{_CLASSES}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return Markup(_STYLE + table + below)


def _cell(value: Any) -> str:
    return f"<td>{value}</td>" if isinstance(value, Markup) else f'<td dir="auto">{escape(value)}</td>'
