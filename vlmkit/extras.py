"""Extras: open something by its dotted name, or say which package is missing.

Takes   ``"package.module:attribute"``, perhaps an extra.    Gives  the attribute, its module imported only now.
May use errors.                                              Never  imports anything until asked."""

from __future__ import annotations

import importlib
from typing import Any

from vlmkit.errors import MissingExtra

__all__ = ["open_by_name"]


def open_by_name(dotted: str, *, extra: str | None = None) -> Any:
    """Import a module and give one of its attributes.

    Parameters
    ----------
    dotted : str
        ``"package.module:attribute"``.
    extra : str or None, default None
        The optional-dependency group that brings what the module needs; None where the base install does.

    Returns
    -------
    The attribute.

    Raises
    ------
    MissingExtra
        The module, a package it imports, or the attribute is missing; says what to install.
    """
    module_name, _, attribute = dotted.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        message = f"{dotted} needs {error.name!r}, which is not installed. {_remedy(dotted, extra)}"
        raise MissingExtra(message) from error
    except ImportError as error:
        message = f"{dotted} cannot be imported: {error}. {_remedy(dotted, extra)}"
        raise MissingExtra(message) from error
    try:
        return getattr(module, attribute)
    except AttributeError as error:
        message = f"{module_name} has no {attribute!r}, so {dotted} cannot be opened. {_remedy(dotted, extra)}"
        raise MissingExtra(message) from error


def _remedy(dotted: str, extra: str | None) -> str:
    if extra:
        return f"Install it: pip install 'vlmkit[{extra}]'"
    if dotted.startswith("vlmkit."):
        return "It belongs to the base install; repair it: pip install --force-reinstall vlmkit"
    return "Install or repair the package that brings it."
