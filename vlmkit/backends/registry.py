"""Engines as rows, and the way from a model's name to an open backend, which comes in by its dotted name.

A row has dotted names only, so that looking one up imports no model library. Hosts are rows, too
(`vlmkit.providers.hosts`), and so is what other packages bring by an entry point of the group ``vlmkit.backends``.
What an opened model, or a list of models, depends on beside its name is its identity: whoever finds it the same may
share what was opened. Keys are in it as digests only.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vlmkit import settings
from vlmkit.arguments import did_you_mean
from vlmkit.backends.addresses import split_address
from vlmkit.backends.protocol import Backend
from vlmkit.errors import BadSetting, ModelLoadFailed, ModelNotFound, UnknownModel
from vlmkit.extras import open_by_name
from vlmkit.plugins import Table, blaming

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "EngineSpec",
    "ModelName",
    "engine_of",
    "file_stamp",
    "frozen",
    "list_identity",
    "load",
    "model_identity",
    "parse",
]

DEFAULT_ENGINE = "mlx"
"""The engine of names without one: "tiny", a Hub id, a directory."""

_ENGINE_AND_NAME = re.compile(r"(?P<engine>[a-z][a-z0-9_-]*):(?P<name>.+?)(?:@(?P<url>https?://\S+))?")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
_PATH_STARTS = ("/", "./", "../", "~")


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSpec:
    """One engine.

    Attributes
    ----------
    name : str
        What stands before the colon of a model's name.
    opener : str
        Dotted name of ``(model, *, url, **options) -> Backend``. An ``engine`` in its signature gets `name`.
    lister : str or None, default None
        Dotted name of ``(engine, timeout_s, url) -> list of FoundModel``. None: any model, none can be listed.
    checker : str or None, default None
        Dotted name of ``(engine, url, timeout_s, model) -> (address, seconds)``, both None where nobody was asked; it
        raises a `VlmkitError` that says why the model, or without one the engine, cannot be used. None: unknown.
    identifier : str or None, default None
        Dotted name of ``(model_name) -> hashable``: what an open model depends on beside its `ModelName`. None: on
        ``[hosts.NAME]`` and on the permission to send pictures elsewhere.
    list_identifier : str or None, default None
        Dotted name of ``(engine, url) -> hashable``: what its list depends on. None: as `identifier`.
    inspector : str or None, default None
        Dotted name of ``(model, revision) -> Compatibility``, from files alone. None: its files are not to be had.
    takes_address : bool, default False
        Whether a model can be named ``engine:model@http://host/v1``.
    at_sign : {"address", "variant", "unclear"}, default "unclear"
        What an @ in a name that leads to no certain address is: always an address, as no model's name has one; a part
        of the name, as in ``qwen2-vl@q4_k_m``; or an error.
    in_process : bool, default False
        Whether its models are loaded into this process, which knows then which of them are.
    is_local : bool, default False
        Whether it answers on this machine, so that looking for it costs nothing and sends nothing away.
    """

    name: str
    opener: str
    lister: str | None = None
    checker: str | None = None
    identifier: str | None = None
    list_identifier: str | None = None
    inspector: str | None = None
    takes_address: bool = False
    at_sign: Literal["address", "variant", "unclear"] = "unclear"
    in_process: bool = False
    is_local: bool = False


ENGINES = Table(
    "vlmkit.backends",
    EngineSpec,
    ("vlmkit.engines.row:MLX", "vlmkit.providers.hosts:HOSTS", "vlmkit.backends.fake:FAKE"),
)


def engine_of(name: str) -> EngineSpec:
    """Row of an engine.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownModel
        There is none.
    BrokenPlugin
        A plugin brings it, and cannot be used.
    """
    found = ENGINES.find(name)
    if found is None:
        raise UnknownModel(f"{name!r} is not an engine. Engines here: {', '.join(sorted(ENGINES.names()))}.")
    return found


def model_identity(name: ModelName) -> Hashable:
    """What a model depends on beside its name: where its server is, with which key, which options are in force.

    Parameters
    ----------
    name : ModelName

    Raises
    ------
    SetupError
        It must not be used as things stand: pictures may not leave the machine, or the key is missing.
    """
    return _identity(engine_of(name.engine).identifier, name.engine, name)


def list_identity(engine: str, url: str | None) -> Hashable:
    """What a list of an engine's models depends on: where it is asked and with which key; whose downloads they are.

    Parameters
    ----------
    engine : str
    url : str or None

    Raises
    ------
    SetupError
        The engine must not be asked as things stand.
    """
    return _identity(engine_of(engine).list_identifier, engine, engine, url)


def _identity(identifier: str | None, engine: str, *given: Any) -> Hashable:
    if identifier is None:  # it may look at anything that is said of hosts and of pictures that leave the machine
        return frozen(settings.host(engine)), settings.get("allow_remote")
    with blaming(f"what a model of {engine} depends on cannot be told", identifier):
        found: Hashable = open_by_name(identifier)(*given)
        hash(found)
    return found


def frozen(content: object) -> Hashable:
    """Nested dictionaries and lists as something that can be compared and looked up."""
    if isinstance(content, dict):
        return tuple(sorted((str(key), frozen(value)) for key, value in content.items()))
    if isinstance(content, list | tuple | set):
        return tuple(frozen(each) for each in content)
    return repr(content)


def file_stamp(path: str | os.PathLike[str]) -> Hashable:
    """What tells a file from the same file changed: its size and the moment of the change; None where none is."""
    try:
        facts = os.stat(path)  # noqa: PTH116  takes what a directory's entries are, too
    except OSError:
        return None
    return facts.st_size, facts.st_mtime_ns


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
    if parts is None or engine is None:
        return _checkpoint(model, parts["engine"] if parts else model)
    name, url = parts["name"], parts["url"]
    if engine.takes_address:
        name, url = split_address(engine.name, model.partition(":")[2].strip(), engine.at_sign)
    return ModelName(engine=engine.name, name=name, url=url)


def _checkpoint(model: str, word: str) -> ModelName:
    """A directory of weights, or a Hub id; `word` is what may be a misspelled engine."""
    path = Path(model).expanduser()
    if model and path.is_dir():
        return ModelName(engine=DEFAULT_ENGINE, name=str(path.resolve()))
    if model.startswith(_PATH_STARTS):
        message = f"No model directory at {path}. Give an existing directory, a Hub id (org/name), or engine:name."
        raise ModelNotFound(message + _nearby(path.name))
    if _HUB_ID.fullmatch(model):
        return ModelName(engine=DEFAULT_ENGINE, name=model)
    raise UnknownModel(_unknown(model, word, ENGINES.names()))


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
    name = parse(settings.require_model(model))
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
