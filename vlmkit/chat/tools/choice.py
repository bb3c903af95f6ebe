"""Which style reads a model's answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vlmkit.backends import CallMarkup, call_style_of
from vlmkit.chat.tools.styles import TOOL_STYLES, ToolStyle

__all__ = ["markup_of", "style_for"]


def style_for(template: str | None, special_tokens: Iterable[str] = (), setting: str | None = None) -> ToolStyle:
    """The style of a model, by its chat template, else by its vocabulary; what a person sets decides.

    Parameters
    ----------
    template : str or None
        That for tools, where there is one apart.
    special_tokens : iterable of str, default ()
    setting : str or None, default None

    Raises
    ------
    BadSetting
        An unknown style is asked for.

    Examples
    --------
    >>> style_for("… [TOOL_CALLS] …").name
    'mistral'
    """
    return TOOL_STYLES[call_style_of(template, special_tokens, setting)]


def markup_of(backend: Any, setting: str | None = None) -> CallMarkup | None:
    """How calls stand in the text of a model's answers; None where its server reads them out itself.

    Parameters
    ----------
    backend : Backend
    setting : str or None, default None
        The style, where a person says it.

    Raises
    ------
    BadSetting
        An unknown style is asked for.
    """
    info = getattr(backend, "info", None)
    markup: CallMarkup | None = getattr(info, "call_markup", None)
    if setting is None:
        return markup
    style = call_style_of(None, setting=setting)
    return None if markup is None else replace(markup, style=style)
