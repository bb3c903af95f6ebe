"""Settings: argument > `use` > environment > vlmkit.toml > the user's own > default; resolved when first needed.

Takes   a setting's name and what the caller was given.    Gives  one checked value, and where it came from.
May use errors, settings_*.                                Never  writes anything, chooses a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlmkit.arguments import did_you_mean
from vlmkit.errors import BadSetting, UnknownModel
from vlmkit.settings_file import FILE_NAME, SettingsFile, files, read
from vlmkit.settings_table import HOST_ENTRIES, NAMED_TABLES, SETTINGS, Setting
from vlmkit.settings_trust import Harmless, heeded, needing_consent

__all__ = [
    "HOST_ENTRIES",
    "NAMED_TABLES",
    "SETTINGS",
    "Resolved",
    "Setting",
    "get",
    "host",
    "refused_without_consent",
    "require_model",
    "resolve",
    "served_models",
    "use",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """A setting's value in force and where it came from.

    Attributes
    ----------
    name : str
    value : object
    origin : str
        ``"default"``, ``"environment variable X"``, a file with table and key …
    file : Path or None, default None
        The file that says it, where a file does.
    """

    name: str
    value: Any
    origin: str
    file: Path | None = None


_HARMLESS: Harmless = {setting.entry: setting.is_harmless for setting in SETTINGS.values()}

_OF_ADDRESS = {"key_variable", "ca_file", "verify"}

_FILE_ENTRIES = [
    *(setting.entry for setting in SETTINGS.values()),
    *(f"[{table}.NAME] {key}" for table, known in NAMED_TABLES.items() for key in known),
]

_session: dict[str, object] = {}


def use(**values: object) -> None:
    """Set values for this session; they stand above environment and file, below an argument.

    Parameters
    ----------
    **values : object
        ``model``, ``workers``, ``timeout_s``, ``silence_s``, ``on_timeout``, ``max_retries``, ``first_wait_s``,
        ``longest_wait_s``, ``auto_download``, ``isolate_model``, ``keep_loaded``, ``list_ttl_s``,
        ``load_timeout_s``, ``store``, ``largest_image_bytes``, ``largest_image_pixels``, ``image_formats``,
        ``isolate_images``, ``image_timeout_s``, ``largest_download_bytes``, ``download_timeout_s``,
        ``allow_private_hosts``, ``allow_remote``, ``allow_plugins``, and those of a server: ``host``, ``port``,
        ``queue_size``, ``max_loaded``, ``request_timeout_s``, ``switch_wait_s``, ``idle_unload_s``,
        ``shutdown_timeout_s``, ``answer_timeout_s``, ``max_answer_tokens``,
        ``largest_request_bytes``, ``image_hosts``, ``allowed_hosts``, ``allowed_origins``; and
        ``mcp_config``. None takes an earlier value back.

    Raises
    ------
    BadSetting
        A name that is not a setting, or a value it does not accept; nothing was changed then.
    """
    checked = {name: _checked(_named(name), raw, f"vk.use({name}={raw!r})") for name, raw in values.items()}
    for name, value in checked.items():
        if values[name] is None:
            _session.pop(name, None)
        else:
            _session[name] = value


def get(name: str, argument: object = None) -> Any:
    """Value in force of one setting.

    Parameters
    ----------
    name : str
    argument : object, default None
        What the caller was given; None is "not given".

    Returns
    -------
    The checked value, of the setting's own type.

    Raises
    ------
    BadSetting
        The value that stands first is not acceptable; names the setting and where the value came from.
    """
    return resolve(name, argument).value


def resolve(name: str, argument: object = None) -> Resolved:
    """Like `get`, with the place the value came from.

    Nothing is remembered that could be out of date: variables are looked at and files are looked for at each call. A
    file's content, and the record of consents, are read anew where their size or times changed.

    Raises
    ------
    BadSetting
        As `get`.
    """
    setting = _named(name)
    if argument is not None:
        return _resolved(setting, argument, f"argument {name}={argument!r}")
    if name in _session:
        return Resolved(name=name, value=_session[name], origin=f"vk.use({name}={_session[name]!r})")
    if os.environ.get(setting.variable, "").strip():
        return _resolved(setting, os.environ[setting.variable], f"environment variable {setting.variable}")
    for file in files():
        table = _tables(file).get(setting.table, {})
        if setting.name in table:
            return _resolved(setting, table[setting.name], f"{file.path}, {setting.entry}", file.path)
    return Resolved(name=name, value=setting.default, origin="default")


def host(name: str) -> dict[str, Any]:
    """What the files in force say about a host, from its table ``[hosts.NAME]``; empty where nothing is said.

    The nearest file stands above the user's own, entry by entry; but key and certificates of one are never used for
    the address of the other.

    Parameters
    ----------
    name : str
        The engine, as ``"ollama"``.

    Returns
    -------
    dict with any of ``url``, ``key_variable``, ``requests_per_minute``, ``tokens_per_minute``, ``parallel_asks``,
    ``ca_file``, ``verify``

    Raises
    ------
    BadSetting
        A value of it cannot be used.
    """
    merged: dict[str, Any] = {}
    for file in files():
        table = _named_table(file, "hosts", name)
        if "url" in merged:  # whoever names the address says which key it gets, and how it shows who it is
            table = {key: value for key, value in table.items() if key not in _OF_ADDRESS}
        merged = table | merged
    return merged


def served_models() -> dict[str, dict[str, Any]]:
    """Models that the files in force name in tables ``[models.NAME]``, by those names, for a server to give out.

    The nearest file stands above the user's own, model by model.

    Returns
    -------
    dict of str to dict
        Of each, in the order of the files, the entries of its table: its full name as ``model``, and ``call_style``
        where it is said.

    Raises
    ------
    BadSetting
        A table says no model, or one that is no text.
    """
    found: dict[str, dict[str, Any]] = {}
    for file in files():
        for name in _tables(file).get("models", {}):
            table = _named_table(file, "models", name)
            if "model" not in table:
                raise BadSetting(f'{file.path}, [models.{name}]: no model is named. Add a line: model = "engine:name".')
            found.setdefault(name, table)
    return found


def refused_without_consent(path: Path) -> list[str]:
    """Entries of a file that count only once the user has consented to it, as ``"line 4: [privacy] allow_remote"``.

    Parameters
    ----------
    path : Path

    Raises
    ------
    BadSetting
        It cannot be read, or has an entry that is not known.
    """
    content = read(path, _FILE_ENTRIES)
    return [f"line {line}: {entry}" if line else entry for entry, line in needing_consent(content, _HARMLESS)]


def _tables(file: SettingsFile) -> Mapping[str, Mapping[str, Any]]:
    return heeded(file, read(file.path, _FILE_ENTRIES), _HARMLESS)


def _named_table(file: SettingsFile, kind: str, name: str) -> dict[str, Any]:
    path, table = file.path, _tables(file).get(kind, {}).get(name, {})
    checked = {}
    for key, raw in table.items() if isinstance(table, dict) else ():
        try:
            checked[key] = NAMED_TABLES[kind][key](raw)
        except (TypeError, ValueError, OverflowError):
            message = f"{path}, [{kind}.{name}] {key}: {raw!r} cannot be used. Texts are in quotes, limits are above 0."
            raise BadSetting(message) from None
    return checked


def require_model(argument: object = None) -> str:
    """Name of the model in force, or an error that lists the ways to name one.

    Parameters
    ----------
    argument : object, default None
        What the caller was given as ``model=``.

    Raises
    ------
    UnknownModel
        No model was named anywhere.
    BadSetting
        The model setting is not a text.
    """
    model = get("model", argument)
    if model is None:
        message = (
            "No model was named, and none is chosen silently. Name one in any of these ways:\n"
            "  model=… in the call, or --model on the command line\n"
            "  vk.use(model=…) for this session\n"
            "  the environment variable VISION_MODEL\n"
            f"  {FILE_NAME} in this directory, above it, or in your configuration folder:  [vision]  model = …\n"
            'To try it without any download, name the bundled model: "tiny".'
        )
        raise UnknownModel(message)
    return str(model)


def _named(name: str) -> Setting:
    if name not in SETTINGS:
        hint = did_you_mean(name, SETTINGS, otherwise=f"Settings are: {', '.join(SETTINGS)}.")
        raise BadSetting(f"{name!r} is an unknown setting.{hint}")
    return SETTINGS[name]


def _checked(setting: Setting, raw: object, origin: str) -> object:
    if raw is None:
        return None
    try:
        return setting.check(raw)
    except (TypeError, ValueError, OverflowError):
        message = f"{setting.name}: {raw!r} cannot be used (from {origin}). Give {setting.accepts}."
        raise BadSetting(message) from None


def _resolved(setting: Setting, raw: object, origin: str, file: Path | None = None) -> Resolved:
    return Resolved(name=setting.name, value=_checked(setting, raw, origin), origin=origin, file=file)
