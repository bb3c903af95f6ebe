"""From a model's name to an open backend; every backend, ours too, comes in by its dotted name."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.arguments import did_you_mean
from vlmkit.backends.addresses import split_address
from vlmkit.backends.engine_table import DEFAULT_ENGINE, ENGINES, engine_of
from vlmkit.backends.protocol import Backend
from vlmkit.errors import BadSetting, ModelLoadFailed, ModelNotFound, UnknownModel
from vlmkit.extras import open_by_name
from vlmkit.plugins import blaming
from vlmkit.settings import require_model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ModelName", "load", "parse"]

_ENGINE_AND_NAME = re.compile(r"(?P<engine>[a-z][a-z0-9_-]*):(?P<name>.+?)(?:@(?P<url>https?://\S+))?")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_PATH_STARTS = ("/", "./", "../", "~")


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelName:
    """A model's name, taken apart.

    Attributes
    ----------
    engine : str
        Who answers: ``"mlx"``, ``"fake"``, a third party's word.
    name : str
        What the engine calls the model; a local directory is absolute.
    url : str or None
        Address of the server, where one was given.
    """

    engine: str
    name: str
    url: str | None = None

    def __str__(self) -> str:
        return f"{self.engine}:{self.name}" + (f"@{self.url}" if self.url else "")


def parse(model: str) -> ModelName:
    """Take a model's name apart.

    Parameters
    ----------
    model : str
        ``"engine:name"``, ``"engine:name@http://host/v1"``, ``"tiny"``, a Hub id ``"org/name"`` or a local directory.

    Raises
    ------
    BadSetting
        The server's address cannot be used, or may be a part of the model's name.
    UnknownModel
        The name fits none of these, or its engine does not exist; close matches are named.
    ModelNotFound
        The name is a path, and no directory is there.
    BrokenPlugin
        A plugin brings the engine, and cannot be used.
    """
    model = model.strip()
    if model == "tiny":
        return ModelName(engine=DEFAULT_ENGINE, name="tiny")
    parts = _ENGINE_AND_NAME.fullmatch(model)
    engine = ENGINES.find(parts["engine"]) if parts else None
    if engine and engine.takes_address:
        name, url = split_address(engine.name, model.partition(":")[2].strip(), engine.at_sign)
        return ModelName(engine=engine.name, name=name, url=url)
    if parts and engine:
        return ModelName(engine=parts["engine"], name=parts["name"], url=parts["url"])
    path = Path(model).expanduser()
    if model and path.is_dir():
        return ModelName(engine=DEFAULT_ENGINE, name=str(path.resolve()))
    if model.startswith(_PATH_STARTS):
        message = f"No model directory at {path}. Give an existing directory, a Hub id (org/name), or engine:name."
        raise ModelNotFound(message + _nearby(path.name))
    if _HUB_ID.fullmatch(model):
        return ModelName(engine=DEFAULT_ENGINE, name=model)
    raise UnknownModel(_unknown(model, parts["engine"] if parts else model, ENGINES.names()))


def load(model: str | None = None, **options: Any) -> Backend:
    """Open a model; the caller closes it.

    Parameters
    ----------
    model : str or None, default None
        As `parse` reads it; None takes the model of the settings.
    **options : object
        What the engine's opener takes; for mlx ``revision``, ``adapter`` and more.

    Returns
    -------
    Backend
        For mlx the richer ``vlmkit.engines.mlx.Engine``.

    Raises
    ------
    SetupError
        No model was named, the name is unknown, or the engine could not open it.
    """
    name = parse(require_model(model))
    dotted = engine_of(name.engine).opener
    with blaming(f"{name} cannot be opened", dotted, ModelLoadFailed):
        opened = _open(name, dotted, options)
    if not isinstance(opened, Backend):
        kind = type(opened).__name__
        raise ModelLoadFailed(f"{name} cannot be used: {dotted} gave a {kind}, which is not a backend. Report it.")
    return opened


def _open(name: ModelName, dotted: str, options: dict[str, Any]) -> object:
    opener = open_by_name(dotted)
    parameters = inspect.signature(opener).parameters
    _check_options(name.engine, parameters.values(), options)
    served = {"engine": name.engine} if "engine" in parameters else {}
    return opener(name.name, url=name.url, **served, **options)


def _check_options(engine: str, parameters: Iterable[inspect.Parameter], options: dict[str, Any]) -> None:
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    taken = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.name not in {"url", "engine"}]
    for option in options:
        if option not in taken:
            message = f"{option}: {engine} models take no such option. They take: {', '.join(taken) or 'none'}."
            raise BadSetting(message)


def _unknown(model: str, word: str, known: Sequence[str]) -> str:
    hint = did_you_mean(word, [*known, "tiny"], most=2)
    if "@" in model or "://" in model:  # with an address there may be a key
        model = f"{model.partition(':')[0]}:…"
        hint += " A server's model is openai:MODEL@http://HOST:PORT/v1."
    return (
        f"{model!r} names no model.{hint} Give engine:name (engines here: {', '.join(sorted(known))}), "
        f'a Hub id (org/name), a model directory, or "tiny", the bundled model.{_nearby(word)}'
    )


def _nearby(name: str) -> str:
    sentence: str = open_by_name("vlmkit.engines.hub:nearby")(name)
    return sentence
