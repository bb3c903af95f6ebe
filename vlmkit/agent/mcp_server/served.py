"""A table of pictures, served over HTTP from a thread of this process; a notebook shows how hosts reach it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mcp.server.transport_security import TransportSecuritySettings

from vlmkit import settings
from vlmkit.agent.mcp_server.hosts import MCP_HOSTS, host_config
from vlmkit.agent.mcp_server.table_server import TableServer
from vlmkit.agent.mcp_server.tool_server import NAME
from vlmkit.backends import Backend
from vlmkit.server import Gate, HostedApplication, access_of, keys_of, titled_blocks

if TYPE_CHECKING:
    import pandas as pd
    from mcp.server.lowlevel import Server

    from vlmkit.server import Access

__all__ = ["ServedTable", "hosted", "serve_table"]

_PATH = "/mcp"
_MOST_SESSIONS = 200
_ADDRESS_HOSTS = ("cursor", "vscode", "claude-code")


def hosted(server: Server[None], access: Access, port: int) -> HostedApplication:
    """Answer over HTTP, behind the gate that `vlmkit serve` has, too.

    Parameters
    ----------
    server : Server
    access : Access
    port : int
        0 takes one that is free.

    Raises
    ------
    BadSetting
        The address cannot be used.
    """
    # The gate looks at host and origin of every request; the check of `mcp` would only do so again.
    unchecked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path=_PATH, transport_security=unchecked, max_sessions=_MOST_SESSIONS
    )
    return HostedApplication(Gate(app, access), access.host, port, path=_PATH)


class ServedTable:
    """A table that MCP hosts can look at, until it is stopped or the process ends.

    Parameters
    ----------
    served : TableServer
    access : Access
    port : int

    Attributes
    ----------
    url : str
        What hosts are given.

    Raises
    ------
    BadSetting
        The address cannot be used.
    """

    def __init__(self, served: TableServer, access: Access, port: int) -> None:
        self._served = served
        self._hosted = hosted(served.server, access, port)
        self._needs_key = bool(access.keys)
        self.url = self._hosted.url

    @property
    def table(self) -> pd.DataFrame:
        """The table with what hosts changed; where they changed nothing, the table that was given."""
        return self._served.table()

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._hosted.is_running

    @property
    def configs(self) -> Mapping[str, str]:
        """Blocks for hosts that are given an address, by the names of `MCP_HOSTS`."""
        return {host: host_config(host, NAME, self.url, needs_key=self._needs_key) for host in _ADDRESS_HOSTS}

    def stop(self) -> None:
        """End calls in flight, and end; twice is fine."""
        self._hosted.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<table served at {self.url}{'' if self.is_running else ', stopped'}>"

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, str]:
        if not self.is_running:
            return titled_blocks({}, f"The server at {self.url} was stopped.")
        blocks = {f"{host}: {MCP_HOSTS[host]}": block for host, block in self.configs.items()}
        return titled_blocks({"Address": self.url, **blocks})


def serve_table(
    table: pd.DataFrame | pd.Series[Any],
    *,
    model: str | Backend | None = None,
    image: str | None = None,
    store: bool | str | Path | None = None,
    allow_edits: bool = False,
    output: str | Path | None = None,
    approved: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    key: str | None = None,
    key_file: str | Path | None = None,
) -> ServedTable:
    """Let MCP hosts, such as Cursor, VS Code or Claude Code, look at a table of pictures; returns at once.

    Parameters
    ----------
    table : DataFrame or Series
        Is not changed.
    model : str, open backend or None, default None
        Who is asked about pictures, as for `vlmkit.ask`; None takes the setting.
    image : str or None, default None
        Column of pictures; None takes ``path``, else ``image``.
    store : bool, path or None, default None
        Where answers are kept, as for `vlmkit.ask`; None takes the setting.
    allow_edits : bool, default False
        Whether hosts may change a copy of the table, which is `ServedTable.table`.
    output : path or None, default None
        Folder below which they may write that copy; without it they cannot.
    approved : bool, default False
        Whether they do so without asking a person.
    host : str, default "127.0.0.1"
        Address to listen at. Where other machines reach it, a key is needed.
    port : int, default 0
        0 takes one that is free.
    key : str or None, default None
        What clients must send, as ``Authorization: Bearer KEY``; None takes the environment variable
        ``VLMKIT_API_KEY``.
    key_file : str, Path or None, default None
        Keys, one a line, that clients may send as well.

    Returns
    -------
    A server with ``url``, ``table``, ``stop()``; a context manager; a notebook shows what hosts are given.

    Raises
    ------
    SetupError
        No model is named, the address cannot be used, or it needs a key.
    """
    named = model if isinstance(model, Backend) else settings.require_model(model)
    access = access_of(host, keys=keys_of(key, key_file))
    served = TableServer(
        lambda: table,
        model=named,
        image=image,
        store=store,
        allow_edits=allow_edits,
        output=None if output is None else Path(output),
        is_approved=approved,
    )
    return ServedTable(served, access, port)
