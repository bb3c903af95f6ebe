"""Plugins: what other packages bring by their entry points, in the same tables as what is built in.

Takes   a group of entry points, and dotted names of our own rows.    Gives  rows by name, or what is wrong with one.
May use errors, extras, settings.                                     Never  imports a plugin before somebody names it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, Protocol, TypeVar

from vlmkit import settings
from vlmkit import settings_checks as checks
from vlmkit.errors import BadSetting, BrokenPlugin, SetupError, VlmkitError
from vlmkit.extras import open_by_name

__all__ = ["Plugin", "Table", "blaming", "open_foreign"]


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Row = TypeVar("_Row", bound=_Named)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plugin:
    """An entry point of another package.

    Attributes
    ----------
    name : str
        Of the row that it brings, as ``"acme"``.
    dotted : str
        ``"package.module:attribute"``.
    package : str
        The distribution, as pip names it.
    """

    name: str
    dotted: str
    package: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dotted} of the package {self.package})"


class Table(Generic[_Row]):
    """Rows by their names: built-in ones, then those of plugins; a plugin cannot take the name of a built-in one.

    Parameters
    ----------
    group : str
        Of entry points, as ``"vlmkit.backends"``; each leads to one row of its own name.
    kind : type
        Of the rows.
    built_in : sequence of str or rows
        Rows, or dotted names of a row or of a mapping of rows, in the order in which people see them. What is named is
        imported one after another until the row is found.
    """

    def __init__(self, group: str, kind: type[_Row], built_in: Sequence[str | _Row]) -> None:
        self.group = group
        self.kind = kind
        self.built_in = built_in

    def find(self, name: str) -> _Row | None:
        """The row of that name; None where there is none.

        Parameters
        ----------
        name : str

        Raises
        ------
        SetupError
            A plugin brings it, and cannot be used, or must not be by the setting ``allow_plugins``.
        """
        for row in self.own():
            if row.name == name:
                return row
        plugins = [plugin for plugin in self.plugins() if plugin.name == name]
        if not plugins:
            return None
        plugin = next(iter(_allowed(plugins)), plugins[0])
        self._check(plugin)
        return self._opened(plugin)

    def own(self) -> Iterator[_Row]:
        """Built-in rows, in their order."""
        for row in self.built_in:
            found = open_by_name(row) if isinstance(row, str) else row
            yield from found.values() if isinstance(found, Mapping) else [found]

    def rows(self) -> list[_Row]:
        """Every row that can be used: built-in ones in their order, then those of plugins by name."""
        found = list(self.own())
        taken = {row.name for row in found}
        for name in sorted({plugin.name for plugin in _allowed(self.plugins())} - taken):
            try:
                row = self.find(name)
            except SetupError:  # said by `examine`
                continue
            found += [row] if row is not None else []
        return found

    def names(self) -> list[str]:
        """Names of all rows, also of plugins that turn out to be broken once they are used."""
        own = [row.name for row in self.own()]
        return own + sorted({plugin.name for plugin in _allowed(self.plugins())} - set(own))

    def plugins(self) -> list[Plugin]:
        """What installed packages bring, by package and name."""
        return list(_installed(self.group, tuple((place, _changed_ns(place)) for place in sys.path)))

    def examine(self) -> dict[Plugin, SetupError | None]:
        """Every plugin, each with what keeps it from being used; None where nothing does. All of them are imported."""
        own = {row.name for row in self.own()}
        return {plugin: self._problem(plugin, own) for plugin in self.plugins()}

    def _problem(self, plugin: Plugin, own: Collection[str]) -> SetupError | None:
        try:
            self._check(plugin, own)
            self._opened(plugin)
        except SetupError as error:
            return error
        return None

    def _check(self, plugin: Plugin, own: Collection[str] = ()) -> None:
        """See that it is allowed, and the only one of its name that is."""
        if plugin.name in own:
            raise BrokenPlugin(f"{plugin}: the name is that of a built-in one, which is used. Rename it.")
        allowed = _allowed(self.plugins())
        if plugin not in allowed:
            origin = settings.resolve("allow_plugins").origin
            raise BadSetting(f"{plugin}: it is not allowed ({origin}). Add {plugin.package!r} to allow_plugins.")
        packages = [other.package for other in allowed if other.name == plugin.name]
        if len(packages) > 1:
            message = f"{plugin.name}: several packages bring this name ({', '.join(packages)}), so none is used."
            raise BrokenPlugin(f"{message} Uninstall all but one, or name only one of them in allow_plugins.")

    def _opened(self, plugin: Plugin) -> _Row:
        with blaming(str(plugin), plugin.dotted):
            row = open_by_name(plugin.dotted)
        report = _report(plugin.dotted)
        if not isinstance(row, self.kind):
            wanted = f"{self.group} takes a {self.kind.__name__}"
            raise BrokenPlugin(f"{plugin}: it is a {type(row).__name__}, and {wanted}. {report}")
        if row.name != plugin.name:
            raise BrokenPlugin(f"{plugin}: its row is called {row.name!r}, and the names must be the same. {report}")
        return row


@contextmanager
def blaming(what: str, code: object, kind: type[VlmkitError] = BrokenPlugin) -> Iterator[None]:
    """Have what somebody else's code raises say whose fault it is; vlmkit's own errors pass.

    Parameters
    ----------
    what : str
        What could not be done, as ``"acme:rocket cannot be opened"``.
    code : str or object
        The code that runs: a dotted name, or something whose class tells the module.
    kind : type, default BrokenPlugin
        Of the error that is raised instead.

    Raises
    ------
    VlmkitError
        Of that kind, with the other error as its cause.
    """
    try:
        yield
    except VlmkitError:
        raise
    except Exception as error:
        dotted = code if isinstance(code, str) else f"{type(code).__module__}:{type(code).__qualname__}"
        raise kind(f"{what}: {dotted} raised {type(error).__name__}: {error}. {_report(dotted)}") from error


def open_foreign(dotted: str, what: str, kind: type[VlmkitError] = BrokenPlugin) -> Callable[..., Any]:
    """The function behind a dotted name; what one of another package raises is translated, as by `blaming`.

    Parameters
    ----------
    dotted : str
        ``"package.module:attribute"``.
    what : str
        What could not be done then, as ``"acme cannot be written"``.
    kind : type, default BrokenPlugin

    Raises
    ------
    MissingExtra
        There is no such function.
    VlmkitError
        Of that kind: its module raised something else.
    """
    with blaming(what, dotted, kind):
        function: Callable[..., Any] = open_by_name(dotted)
    if dotted.startswith("vlmkit."):
        return function

    @wraps(function)
    def translated(*arguments: Any, **options: Any) -> Any:
        with blaming(what, dotted, kind):
            return function(*arguments, **options)

    return translated


def _report(dotted: str) -> str:
    return f"Report it to whoever wrote {re.split('[.:]', dotted)[0]}."


@lru_cache(maxsize=16)
def _installed(group: str, _places: Hashable) -> tuple[Plugin, ...]:
    """Entry points of a group; every installed package is read for it, again after an installation."""
    found = {_plugin(point) for point in entry_points(group=group)}
    return tuple(sorted(found, key=lambda plugin: (plugin.package, plugin.name, plugin.dotted)))


def _allowed(plugins: Sequence[Plugin]) -> list[Plugin]:
    names = settings.get("allow_plugins") if plugins else None
    return [plugin for plugin in plugins if names is None or checks.package_name(plugin.package) in names]


def _changed_ns(place: str) -> int:
    try:
        return os.stat(place or ".").st_mtime_ns  # noqa: PTH116  whatever stands in sys.path
    except (OSError, ValueError):
        return 0


def _plugin(point: EntryPoint) -> Plugin:
    distribution: Any = point.dist
    return Plugin(name=point.name, dotted=point.value, package=distribution.name if distribution else "unknown")
