"""Extras: what is imported only once it is needed: a room's names, or an attribute by its dotted name.

Takes   ``"package.module:attribute"``, perhaps an extra.    Gives  the attribute, its module imported only now.
May use errors.                                              Never  imports anything until asked."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from vlmkit.errors import MissingExtra

__all__ = ["lazy_exports", "open_by_name"]


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


def lazy_exports(package: str, names_of: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package whose modules are imported lazily: each with the first of its names.

    Whoever needs one name of a room then loads one module of it, and not all that the room can do.

    Parameters
    ----------
    package : str
        As its ``__name__``.
    names_of : mapping of str to str
        Modules of the package, each with the names that it adds to the package, blanks between them.

    Returns
    -------
    (callable, callable)
        For the package's ``__getattr__`` and ``__dir__``.
    """
    module_of = {name: f"{package}.{module}" for module, names in names_of.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in module_of:
            message = f"module {package!r} has no attribute {name!r}; it has: {', '.join(sorted(module_of))}."
            raise AttributeError(message)
        value = getattr(importlib.import_module(module_of[name]), name)
        setattr(sys.modules[package], name, value)  # so that it is looked up once
        return value

    return get, lambda: sorted(module_of)
