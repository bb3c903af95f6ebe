"""What a person writes into an MCP host, such as Claude Desktop or VS Code, so that it finds a table of pictures.

Hosts start servers from the desktop, where no virtual environment is active: so the command stands there with its whole
path, and so do files. Notations: https://code.visualstudio.com/docs/copilot/reference/mcp-configuration ("servers"),
https://modelcontextprotocol.io/docs/develop/connect-local-servers and the others ("mcpServers").
"""

from __future__ import annotations

import json
import shlex
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from vlmkit.errors import BadSetting

__all__ = ["MCP_HOSTS", "host_config", "own_command"]

MCP_HOSTS: Mapping[str, str] = {
    "claude": "claude_desktop_config.json, by Settings → Developer → Edit Config",
    "cursor": "~/.cursor/mcp.json, or .cursor/mcp.json of a project",
    "vscode": ".vscode/mcp.json of a folder",
    "lmstudio": "mcp.json, by Program → Install → Edit mcp.json",
    "claude-code": "a shell",
}
"""Hosts by the names they have here, and where each is told of servers."""


def own_command() -> list[str]:
    """The command ``vlmkit`` of this Python, with its whole path."""
    script = Path(sysconfig.get_path("scripts")) / ("vlmkit.exe" if sys.platform == "win32" else "vlmkit")
    if script.exists():
        return [str(script)]
    return [sys.executable, "-c", "from vlmkit.cli.entry import main; main()"]


def host_config(host: str, name: str, server: Sequence[str] | str, *, needs_key: bool = False) -> str:
    """A block to paste, or a command to run.

    Parameters
    ----------
    host : str
        One of `MCP_HOSTS`.
    name : str
        What the host calls the server.
    server : sequence of str, or str
        A command with its arguments, which the host starts; or the address of a server that runs.
    needs_key : bool, default False
        Whether clients of the address send a key; the block has a place for it, never the key.

    Raises
    ------
    BadSetting
        There is no such host, or it cannot do with an address.

    Examples
    --------
    >>> print(host_config("claude-code", "photos", ["/venv/bin/vlmkit", "mcp", "/my photos"]))
    claude mcp add photos -- /venv/bin/vlmkit mcp '/my photos'
    """
    if host not in MCP_HOSTS:
        raise BadSetting(f"host={host!r} is unknown. Hosts are: {', '.join(MCP_HOSTS)}.")
    if host == "claude-code":
        return _for_shell(name, server, needs_key=needs_key)
    if host == "claude" and isinstance(server, str):
        message = "Claude Desktop reads no address from its file; it starts servers. Give it the command (no --http)."
        raise BadSetting(message)
    is_vscode = host == "vscode"
    entry: dict[str, object] = {}
    if is_vscode:
        entry["type"] = "http" if isinstance(server, str) else "stdio"
    if isinstance(server, str):
        entry["url"] = server
        if needs_key:
            entry["headers"] = {"Authorization": "Bearer YOUR KEY"}
    else:
        entry |= {"command": server[0], "args": list(server[1:])}
    block = {"servers" if is_vscode else "mcpServers": {name: entry}}
    return json.dumps(block, indent=2, ensure_ascii=False)


def _for_shell(name: str, server: Sequence[str] | str, *, needs_key: bool) -> str:
    if not isinstance(server, str):
        return shlex.join(["claude", "mcp", "add", name, "--", *server])
    header = ["--header", "Authorization: Bearer YOUR KEY"] if needs_key else []
    return shlex.join(["claude", "mcp", "add", "--transport", "http", name, server, *header])
