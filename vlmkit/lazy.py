"""Lazy packages: a room's names, each looked up once it is used.

Takes   a package, and which module of it has which names.    Gives  its ``__getattr__`` and ``__dir__``.
May use nothing.                                              Never  imports a module before a name of it is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["lazy_exports"]


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
