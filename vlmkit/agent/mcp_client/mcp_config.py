"""Files that name MCP servers, ``mcp.json``, in the spellings of all hosts: which one counts, and what is in it.

Takes a file, or what is in it. Gives targets, and for entries that cannot be used why. The spellings, each with where
it is described:

* ``{"mcpServers": {name: {"command", "args", "env"} | {"url", "headers"}}}``: Claude Desktop and Code, Cursor, LM
  Studio, Cline, Windsurf (``serverUrl``), Gemini CLI (``httpUrl``); https://modelcontextprotocol.io/quickstart/user
* ``{"servers": {name: {"type", …}}}``, perhaps within ``"mcp"``, with comments: VS Code;
  https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
* ``{"servers": [{"name", "url", "auth", "timeout_secs"}]}``: candle-vllm; its docs/CONFIGURATION.md
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from vlmkit import settings
from vlmkit.agent.mcp_client.targets import START_TIMEOUT_S, TIMEOUT_S, ServerTarget, is_secret, server_target
from vlmkit.errors import BadSetting, VlmkitError
from vlmkit.settings_file import FILE_NAME
from vlmkit.settings_trust import is_consented
from vlmkit.untrusted import quoted

__all__ = ["McpConfig", "configured", "read_mcp_config"]

Value = TypeVar("Value", dict[str, Any], list[Any], str)

_TABLES = ("mcpServers", "servers", "context_servers")
_HOSTS_FOLDERS = frozenset({".vscode", ".cursor", ".claude"})
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")


class McpConfig:
    """What a file says about MCP servers.

    Parameters
    ----------
    content : mapping or list
        As JSON has it.
    folder : Path
        Where the file is: its servers start there.
    label : str
        What messages call it.

    Attributes
    ----------
    targets : list of ServerTarget
        Those that can be used, but for those that are switched off.
    faults : dict of str to VlmkitError
        Names of the others, each with what is wrong with it.

    Raises
    ------
    BadSetting
        It names no servers in any known spelling.
    """

    def __init__(self, content: Any, *, folder: Path, label: str) -> None:
        self.targets: list[ServerTarget] = []
        self.faults: dict[str, VlmkitError] = {}
        self._folder = folder.parent if folder.name in _HOSTS_FOLDERS else folder
        for name, entry in _entries(content, label):
            if not isinstance(entry, Mapping):
                self.faults[name] = BadSetting(f"MCP server {name} ({label}): the entry is no object.")
            elif entry.get("disabled") is not True and entry.get("enabled") is not False:
                try:
                    self.targets.append(_Entry(name, entry, self._folder).target())
                except BadSetting as error:
                    self.faults[name] = error

    def lines(self) -> Iterator[str]:
        """What using it does, a line each, for a person who is to consent."""
        for target in self.targets:
            if target.url:
                yield f"{target.name}: connects to {target.place}"
            else:
                yield f"{target.name}: starts {target.redact(shlex.join(target.command))}"
        yield from (str(fault) for fault in self.faults.values())


def read_mcp_config(path: str | Path) -> McpConfig:
    """Read a file that names MCP servers.

    Parameters
    ----------
    path : str or Path

    Raises
    ------
    BadSetting
        It cannot be read, is no JSON (comments are fine), or names no servers in any known spelling.
    """
    file = Path(path).expanduser().absolute()
    return _parsed(_read(file), file)


def configured() -> McpConfig:
    """What the file in force says: the one that the setting ``mcp_config`` names, or ``mcp.json`` in this folder.

    The latter is found by its place alone, and may have come with somebody's pictures: nothing in it is started before
    the user consents to its very content, as to that of a ``vlmkit.toml`` (`vlmkit.settings_trust`).

    Raises
    ------
    BadSetting
        There is none, it cannot be read, or it was found and not consented to.
    """
    named = settings.resolve("mcp_config")
    folder = named.file.parent if named.file else Path()
    file = (folder / Path(named.value).expanduser()).absolute()
    if named.origin != "default":
        return read_mcp_config(file)
    if not file.is_file():
        message = (
            "No MCP servers were named. Name a file with them in any of these ways:\n"
            f'  servers="{file.name}" in the call\n'
            f"  the environment variable {settings.SETTINGS['mcp_config'].variable}\n"
            f"  {FILE_NAME}:  [mcp]  mcp_config = …\n"
            f"  {file.name} in the working folder"
        )
        raise BadSetting(message)
    content = _read(file)
    if not is_consented(file, content):
        message = (
            f"{file} was found by its place and not consented to, so no server in it is started. Read the file; if you "
            f"want all that it says, consent: vlmkit trust {shlex.quote(str(file))}"
        )
        raise BadSetting(message)
    return _parsed(content, file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadSetting(f"{file} cannot be read: {error.strerror or error}. Name a file of MCP servers.") from error


def _parsed(content: bytes, file: Path) -> McpConfig:
    try:
        text = content.decode("utf-8-sig")
        plain = _LAST_COMMA.sub(r"\1", _COMMENT.sub(r"\1", text))
        said = json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise BadSetting(f"{file} is no JSON: {error}. Correct the file.") from error
    return McpConfig(said, folder=file.parent, label=file.name)


def _entries(content: Any, label: str) -> list[tuple[str, Any]]:
    """Names and entries, in order.

    Raises
    ------
    BadSetting
        There are none, or two of one name.
    """
    table = _table(content)
    if isinstance(table, Mapping):
        return list(table.items())
    if not isinstance(table, list):
        message = (
            f'{label} names no MCP servers. Write {{"mcpServers": {{"NAME": {{"command": "…", "args": […]}}}}}}, '
            'with "url" in place of a command for a server that runs already.'
        )
        raise BadSetting(message)
    found: dict[str, Any] = {}
    for number, entry in enumerate(table, 1):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or name in found:
            raise BadSetting(f'{label}: server {number} has no name of its own. Give it one, as "name": "files".')
        found[name] = entry
    return list(found.items())


def _table(content: Any) -> Any:
    if not isinstance(content, Mapping):
        return content
    if isinstance(content.get("mcp"), Mapping):
        content = content["mcp"]
    return next((content[key] for key in _TABLES if key in content), None)


class _Entry:
    """One entry of a file, read with its variables in place."""

    def __init__(self, name: str, entry: Mapping[str, Any], folder: Path) -> None:
        self._name = name
        self._entry = entry
        self._folder = folder
        self._secrets: set[str] = set()

    def target(self) -> ServerTarget:
        entry = self._entry
        where = self._where()
        is_address = isinstance(where, str)
        if is_address and entry.get("type") == "sse":
            message = (
                f"MCP server {self._name}: its transport is sse, which streamable HTTP replaced. Give the address of "
                'that, which often ends in /mcp, and "type": "http".'
            )
            raise BadSetting(message)
        headers = self._of_kind("headers", dict, {})
        if isinstance(entry.get("auth"), str):
            headers = {"Authorization": self._filled(entry["auth"], "auth")} | headers
        cwd = Path(self._of_kind("cwd", str, ".")).expanduser()
        return server_target(
            where,
            name=self._name,
            env=None if is_address else self._of_kind("env", dict, {}),
            cwd=None if is_address else self._folder / cwd,
            headers=headers if is_address else None,
            start_timeout_s=entry.get("start_timeout_s", START_TIMEOUT_S),
            timeout_s=entry.get("timeout_s", entry.get("timeout_secs", TIMEOUT_S)),
            secrets=frozenset(self._secrets),
        )

    def _where(self) -> str | list[str]:
        entry = self._entry
        url = next((entry[key] for key in ("url", "serverUrl", "httpUrl") if entry.get(key)), None)
        if url is not None:
            return str(self._filled(url, "url"))
        command = entry.get("command")
        if not command:
            raise BadSetting(f'MCP server {self._name}: the entry has neither "command" nor "url". Add one of them.')
        if port := os.environ.get("MCP_PROXY_PORT", "").strip():  # as candle-vllm reaches servers of commands
            return f"http://localhost:{port}/{quote(self._name)}"
        parts = command if isinstance(command, list) else [command]
        return [str(part) for part in self._filled([*parts, *self._of_kind("args", list, [])], "command")]

    def _of_kind(self, key: str, kind: type[Value], otherwise: Value) -> Value:
        value = self._entry.get(key)
        if value is None:
            return otherwise
        if not isinstance(value, kind):
            names = {dict: "an object of texts", list: "a list of texts", str: "a text"}
            raise BadSetting(f"MCP server {self._name}: {key}={quoted(str(value))} is not {names[kind]}. Correct it.")
        filled: Value = self._filled(value, key)
        return filled

    def _filled(self, value: Any, what: str) -> Any:
        """A value with what stands for its variables: ``${NAME}``, ``${NAME:-default}``, and those of VS Code."""
        if isinstance(value, Mapping):
            return {key: self._filled(each, f"{what} {key}") for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled(each, what) for each in value]
        return _VARIABLE.sub(lambda match: self._value(match[1], what), value) if isinstance(value, str) else value

    def _value(self, said: str, what: str) -> str:
        known = {
            "workspaceFolder": str(self._folder),
            "workspaceFolderBasename": self._folder.name,
            "userHome": str(Path.home()),
            "pathSeparator": os.sep,
            "/": os.sep,
        }
        if said in known:
            return known[said]
        name, has_default, default = said.removeprefix("env:").partition(":-")
        if ":" in name:
            message = f"MCP server {self._name}: ${{{said}}} in {what} is not read here. Use ${{NAME}}, a variable."
            raise BadSetting(message)
        value = os.environ.get(name) or (default if has_default else None)
        if value is None:
            message = (
                f"MCP server {self._name}: the environment variable {name} is not set, and {what} needs it. Set it."
            )
            raise BadSetting(message)
        if is_secret(name):
            self._secrets.add(value)
        return value
