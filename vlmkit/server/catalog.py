"""The models that a server gives out: the only ones that a client can name, and what each of them is."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from vlmkit import settings
from vlmkit.backends import Backend, call_style_of, load, parse
from vlmkit.errors import BadSetting

__all__ = ["Catalog", "CatalogEntry", "catalog_of"]

_ALIAS = re.compile(r"(?P<alias>[\w.-]+)=(?P<name>.+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogEntry:
    """One model of a server.

    Attributes
    ----------
    id : str
        What clients call it.
    source : str or Backend
        Full name, opened when it is first wanted; or an open model, which is used as it is and stays open.
    created_s : int
        Moment at which it was put into the list, in seconds since 1970.
    call_style : str or None, default None
        As `ChatAdapter` takes it.
    """

    id: str
    source: str | Backend = field(repr=False)
    created_s: int
    call_style: str | None = None

    @property
    def name(self) -> str:
        """Full name, as ``engine:name``; the address of a server may be in it, so clients are not told."""
        return self.source if isinstance(self.source, str) else self.source.model

    def open(self) -> Backend:
        """The model, ready to answer; called in a thread, as it may take minutes.

        Raises
        ------
        SetupError
            It cannot be opened.
        """
        return load(self.source) if isinstance(self.source, str) else self.source

    def close(self, backend: Backend) -> None:
        """Give back what `open` gave; a model that was open before stays open.

        Parameters
        ----------
        backend : Backend
        """
        if isinstance(self.source, str):
            backend.close()


Catalog = Mapping[str, CatalogEntry]
"""Models by what clients call them; the first one is loaded at the start."""


def catalog_of(models: str | Backend | Iterable[str | Backend] | Mapping[str, str | Backend] | None = None) -> Catalog:
    """The models to be served.

    Parameters
    ----------
    models : str, Backend, iterable of them, mapping of str to them, or None, default None
        Names as `vlmkit.load` takes them, ``"alias=name"``, or open models; a mapping gives each its alias. None takes
        the tables ``[models.ALIAS]`` of the settings, and where there is none, the model in force.

    Raises
    ------
    SetupError
        No model is named, a name is none, or two have the same alias.
    """
    tables: Mapping[str, Mapping[str, str]] = {}
    if models is None:
        tables = settings.served_models()
        models = {name: table["model"] for name, table in tables.items()} or settings.require_model()
    found: dict[str, CatalogEntry] = {}
    for alias, source in _pairs(models):
        if alias in found:
            raise BadSetting(f"{alias!r} is the name of two models. Give one of them another: alias=engine:name.")
        if isinstance(source, str):
            parse(source)  # a name that is none is said now, and not to the first client
        style = _call_style(tables.get(alias, {}))
        found[alias] = CatalogEntry(id=alias, source=source, created_s=int(time.time()), call_style=style)
    if not found:
        raise BadSetting('No model is named. Give at least one, as "tiny".')
    return found


def _call_style(table: Mapping[str, str]) -> str | None:
    said = table.get("call_style")
    return None if said is None else call_style_of(None, setting=said)


def _pairs(
    models: str | Backend | Iterable[str | Backend] | Mapping[str, str | Backend],
) -> list[tuple[str, str | Backend]]:
    """What clients call each, and what it is."""
    if isinstance(models, Mapping):
        return list(models.items())
    return [_pair(model) for model in ([models] if isinstance(models, str | Backend) else models)]


def _pair(model: str | Backend) -> tuple[str, str | Backend]:
    if not isinstance(model, str):
        return model.model, model
    named = _ALIAS.fullmatch(model.strip())
    return (named["alias"], named["name"]) if named else (model.strip(), model.strip())
