"""Every setting there is: its name, its default, what it may be.

Takes   nothing.                 Gives  one table of settings, and what may be said about a host or a served model.
May use settings_checks.         Never  looks up a value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vlmkit import settings_checks as checks

__all__ = ["HOST_ENTRIES", "MODEL_ENTRIES", "NAMED_TABLES", "SETTINGS", "Setting", "entries"]

# Names that were there before vlmkit.
_VARIABLES = {
    "model": "VISION_MODEL",
    "auto_download": "VLM_AUTO_DOWNLOAD",
    "timeout_s": "VLM_TIMEOUT_SECONDS",
    "on_timeout": "VLM_TIMEOUT_BEHAVIOR",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: an argument, a keyword of `use` and a key in ``vlmkit.toml``, all of one name.

    Attributes
    ----------
    table : str
        Where it stands in ``vlmkit.toml``.
    name : str
    default : object
        Value where nobody says anything; None is "not set".
    accepts : str
        What a value may be, in words for the message.
    check : callable
        Raw value to checked value; raises ValueError or TypeError.
    is_harmless : callable
        Whether a raw value may come from a file that was found and not consented to: it chooses no address, no key, no
        file, and neither widens a limit nor gives a permission.
    """

    table: str
    name: str
    default: object
    accepts: str
    check: Callable[[object], object]
    is_harmless: Callable[[object], bool] = checks.needs_consent

    @property
    def variable(self) -> str:
        """Environment variable."""
        return _VARIABLES.get(self.name, f"VLMKIT_{self.name.upper()}")

    @property
    def entry(self) -> str:
        """As it is called in messages about ``vlmkit.toml``: ``"[table] name"``."""
        return f"[{self.table}] {self.name}"


_FLAG = "true or false"
_LIMIT_S = 'a number of seconds above 0, or "none" for no limit'
_FORMATS = f'"all", or any of {", ".join(sorted(checks.FORMATS))}, as a list or with commas between them'
_NAMES = "names, as a list or with commas between them; an empty list for none"

# One setting is one row, with what it accepts below it where that does not fit.
# fmt: off
_ROWS = (
    Setting("vision", "model", None, 'a model name such as "tiny" or "mlx:org/name"',
            checks.text, checks.chooses_no_place),
    Setting("vision", "auto_download", True, _FLAG, checks.flag),
    Setting("vision", "isolate_model", False, "true (models of this machine run in a process of their own) or false",
            checks.flag, checks.switches_on),
    Setting("vision", "keep_loaded", 300.0,
            "seconds without use after which a model is given back, true (keep it) or false (at once)",
            checks.keep_loaded, checks.harmless),
    Setting("vision", "list_ttl_s", 60.0, "seconds for which a list of models stands; 0 asks every time",
            checks.seconds, checks.harmless),
    Setting("vision", "load_timeout_s", "auto",
            '"auto" (15 minutes and 2 more for each gigabyte), seconds above 0, or "none" for no limit',
            checks.limit_or_auto, checks.harmless),
    Setting("processing", "workers", "auto", '"auto" or a whole number from 1 up',
            checks.count_or_auto, checks.harmless),
    Setting("processing", "timeout_s", None, _LIMIT_S, checks.limit, checks.harmless),
    Setting("processing", "silence_s", 60.0,
            'seconds above 0 for which a server may say nothing at all, or "none" for no limit',
            checks.limit, checks.harmless),
    Setting("processing", "max_retries", 3, "a whole number from 0 (ask once) up",
            checks.count_from_0, checks.harmless),
    Setting("processing", "first_wait_s", 0.5, "seconds above 0, the longest wait before a row is asked a second time",
            checks.above_0, checks.harmless),
    Setting("processing", "longest_wait_s", 30.0, "seconds above 0, the longest wait before a row is asked again",
            checks.above_0, checks.harmless),
    Setting("processing", "on_timeout", "error", '"error", "fallback" or "continue"',
            checks.one_of("error", "fallback", "continue"), checks.harmless),
    Setting("images", "largest_image_bytes", 512 * 1024**2, "a whole number of bytes from 1 up", checks.count),
    Setting("images", "largest_image_pixels", 180_000_000, "a whole number of pixels from 1 up", checks.count),
    Setting("images", "image_formats", None, _FORMATS, checks.formats),
    Setting("images", "isolate_images", False,
            'true (decode in processes apart), "foreign" (only what comes from URLs and archives) or false',
            checks.flag_or_foreign),
    Setting("images", "image_timeout_s", 60.0, _LIMIT_S, checks.limit),
    Setting("remote", "largest_download_bytes", 64 * 1024**2, "a whole number of bytes from 1 up", checks.count),
    Setting("remote", "download_timeout_s", 30.0, _LIMIT_S, checks.limit),
    Setting("remote", "allow_private_hosts", False, _FLAG, checks.flag),
    Setting("privacy", "allow_remote", False, "true (pictures may be sent to other machines) or false", checks.flag),
    Setting("plugins", "allow_plugins", None,
            '"all", or names of installed packages, as a list or with commas between them; an empty list allows none',
            checks.packages, checks.is_empty),
    Setting("processing", "store", True,
            'a file, true for the default file, false for none, "replay" or "replay:FILE" to ask no model',
            checks.store),
    Setting("server", "host", "127.0.0.1", 'an address of this machine, as "127.0.0.1" or "0.0.0.0"', checks.address),
    Setting("server", "port", 2000, "a whole number up to 65535; 0 takes one that is free", checks.port),
    Setting("server", "queue_size", 10, "a whole number from 1 up", checks.count),
    Setting("server", "max_loaded", 1, "a whole number of models from 1 up", checks.count),
    Setting("server", "request_timeout_s", 30.0, "a number of seconds above 0", checks.above_0),
    Setting("server", "switch_wait_s", 5.0, "a number of seconds from 0 up", checks.seconds),
    Setting("server", "idle_unload_s", None, _LIMIT_S, checks.limit),
    Setting("server", "shutdown_timeout_s", 30.0, "a number of seconds from 0 up", checks.seconds),
    Setting("server", "answer_timeout_s", 600.0, _LIMIT_S, checks.limit),
    Setting("server", "max_answer_tokens", 1024, "a whole number of tokens from 1 up", checks.count),
    Setting("server", "largest_request_bytes", 64 * 1024**2, "a whole number of bytes from 1 up", checks.count),
    Setting("server", "image_hosts", (), _NAMES, checks.names),
    Setting("server", "allowed_hosts", (), _NAMES, checks.names),
    Setting("server", "allowed_origins", (), _NAMES, checks.names),
    Setting("mcp", "mcp_config", "mcp.json", 'a file that names MCP servers, as "mcp.json"', checks.json_file),
)
# fmt: on

SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _ROWS}
"""Every setting by its name."""

HOST_ENTRIES: Mapping[str, Callable[[object], object]] = {
    "url": checks.text,
    "key_variable": checks.text,
    "requests_per_minute": checks.limit,
    "tokens_per_minute": checks.limit,
    "parallel_asks": checks.count,
    "ca_file": checks.text,
    "verify": checks.flag,
}
"""Entries of ``[hosts.NAME]``, and how each is checked."""

MODEL_ENTRIES: Mapping[str, Callable[[object], object]] = {"model": checks.text, "call_style": checks.text}
"""Entries of ``[models.NAME]``, which a server gives its clients to choose from; `ChatAdapter` has the styles."""

NAMED_TABLES: Mapping[str, Mapping[str, Callable[[object], object]]] = {"hosts": HOST_ENTRIES, "models": MODEL_ENTRIES}
"""Tables of tables: what may be said about each host, or about each model that is served."""


def entries(tables: Mapping[str, Mapping[str, object]]) -> Iterator[tuple[str, str, object]]:
    """Table, key and raw value of every entry of a file that was read; the table of a host is ``"hosts.NAME"``.

    Parameters
    ----------
    tables : mapping of str to mapping
        Raw values by table and key.
    """
    for name, table in tables.items():
        for key, value in table.items():
            if name in NAMED_TABLES and isinstance(value, dict):
                yield from ((f"{name}.{key}", entry, raw) for entry, raw in value.items())
            else:
                yield name, key, value
