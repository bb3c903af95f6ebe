"""From a model's name to an open backend; every backend, ours too, comes in by its dotted name."""

from __future__ import annotations

import difflib
import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.backends.addresses import split_address
from vlmkit.backends.protocol import Backend
from vlmkit.errors import BadSetting, ModelLoadFailed, ModelNotFound, UnknownModel, VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.settings import require_model

if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ["BUILT_IN", "ENTRY_POINT_GROUP", "ModelName", "engines", "load", "parse"]

BUILT_IN = {
    "fake": "vlmkit.backends.fake:open_fake",
    "mlx": "vlmkit.engines.mlx:open_engine",
    "ollama": "vlmkit.providers.opening:open_host",
    "lmstudio": "vlmkit.providers.opening:open_host",
    "vllm": "vlmkit.providers.opening:open_host",
    "mlx-vlm": "vlmkit.providers.opening:open_host",
    "openai": "vlmkit.providers.opening:open_host",
    "openrouter": "vlmkit.providers.opening:open_host",
    "anthropic": "vlmkit.providers.opening:open_host",
    "gemini": "vlmkit.providers.opening:open_host",
}
"""Engine and its opener: it takes the model's name, ``url`` and options, and ``engine`` where it serves several."""
ENTRY_POINT_GROUP = "vlmkit.backends"

_ENGINE_AND_NAME = re.compile(r"(?P<engine>[a-z][a-z0-9_-]*):(?P<name>.+?)(?:@(?P<url>https?://\S+))?")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_PATH_STARTS = ("/", "./", "../", "~")
_SERVERS = "vlmkit.providers."


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


def engines() -> dict[str, str]:
    """Every known engine and the dotted name of its opener: ours, then installed third parties'."""
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=ENTRY_POINT_GROUP)} | BUILT_IN


def _opener_of(engine: str) -> str:
    """Dotted name; empty where there is no such engine. To find strangers, every installed package is looked at."""
    return BUILT_IN.get(engine) or engines().get(engine, "")


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
    """
    model = model.strip()
    if model == "tiny":
        return ModelName(engine="mlx", name="tiny")
    parts = _ENGINE_AND_NAME.fullmatch(model)
    opener = _opener_of(parts["engine"]) if parts else ""
    if parts and opener.startswith(_SERVERS):
        name, url = split_address(parts["engine"], model.partition(":")[2].strip())
        return ModelName(engine=parts["engine"], name=name, url=url)
    if parts and opener:
        return ModelName(engine=parts["engine"], name=parts["name"], url=parts["url"])
    path = Path(model).expanduser()
    if model and path.is_dir():
        return ModelName(engine="mlx", name=str(path.resolve()))
    if model.startswith(_PATH_STARTS):
        message = f"No model directory at {path}. Give an existing directory, a Hub id (org/name), or engine:name."
        raise ModelNotFound(message + _nearby(path.name))
    if _HUB_ID.fullmatch(model):
        return ModelName(engine="mlx", name=model)
    raise UnknownModel(_unknown(model, parts["engine"] if parts else model, engines()))


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
    dotted = _opener_of(name.engine)
    try:
        opened = _open(name, dotted, options)
    except VlmkitError:
        raise
    except Exception as error:
        message = f"{name} cannot be opened: {dotted} raised {type(error).__name__}: {error}."
        raise ModelLoadFailed(f"{message} Report it to whoever wrote {re.split('[.:]', dotted)[0]}.") from error
    if not isinstance(opened, Backend):
        kind = type(opened).__name__
        raise ModelLoadFailed(f"{name} cannot be used: {dotted} gave a {kind}, which is no backend. Report it.")
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


def _unknown(model: str, word: str, known: dict[str, str]) -> str:
    close = difflib.get_close_matches(word, [*known, "tiny"], n=2)
    hint = f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""
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
