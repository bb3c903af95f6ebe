"""MCP servers whose tools an agent may call: one, or several of which none hides the others."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vlmkit.agent.calls import call_in_progress
from vlmkit.agent.mcp_client.background import background_loop
from vlmkit.agent.mcp_client.connections import Link, OnQuestion
from vlmkit.agent.mcp_client.mcp_config import McpConfig, configured, read_mcp_config
from vlmkit.agent.mcp_client.server_tools import tool_from, tool_result
from vlmkit.agent.mcp_client.targets import START_TIMEOUT_S, TIMEOUT_S, ServerTarget, server_target
from vlmkit.agent.results import ToolResult
from vlmkit.agent.tools import Tool
from vlmkit.errors import BadSetting, Cancelled, VlmkitError
from vlmkit.extras import open_by_name

__all__ = ["Server", "Servers", "read_servers"]

_MOST_PAGES = 100


class Server:
    """One server of the Model Context Protocol: a command that is started here, or an address.

    It is started, or connected to, when something is first asked of it, and again where it ended in between. Its
    process ends with `close`, with this object, and with this Python process.

    Parameters
    ----------
    where : str, sequence of str or ServerTarget
        The address of a server that speaks streamable HTTP, as ``"http://localhost:8000/mcp"``; or a command and its
        arguments, as ``["npx", "-y", "@modelcontextprotocol/server-filesystem", "."]``.
    name : str or None, default None
        What its tools and messages are called by; None takes the host's or the program's name.
    env : mapping of str to str or None, default None
        Variables for a command. Of this process's, it inherits only HOME, LOGNAME, PATH, SHELL, TERM and USER.
    cwd : str, Path or None, default None
        Folder in which a command starts.
    headers : mapping of str to str or None, default None
        Sent to an address, such as ``{"Authorization": "Bearer …"}``. They are never shown.
    start_timeout_s : float, default 60
        Within which it must have answered for the first time.
    timeout_s : float, default 60
        Within which it must answer a call.
    on_question : callable or None, default None
        Gets what a server asks its user, and the JSON schema of the fields that it wants; returns these, or None to
        decline. None tells servers that nobody can be asked.

    Raises
    ------
    BadSetting
        The server cannot be described so.
    """

    def __init__(
        self,
        where: str | Sequence[str] | ServerTarget,
        *,
        name: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | Path | None = None,
        headers: Mapping[str, str] | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
        timeout_s: float = TIMEOUT_S,
        on_question: OnQuestion | None = None,
    ) -> None:
        self._target = (
            where
            if isinstance(where, ServerTarget)
            else server_target(
                where,
                name=name,
                env=env,
                cwd=cwd,
                headers=headers,
                start_timeout_s=start_timeout_s,
                timeout_s=timeout_s,
            )
        )
        self._link = Link(self._target, on_question)
        self._known: int | None = None
        weakref.finalize(self, _abandon, self._link).atexit = False

    @property
    def name(self) -> str:
        """What its tools and messages are called by."""
        return self._target.name

    def tools(self) -> tuple[Tool, ...]:
        """Its tools, as it lists them now.

        Raises
        ------
        ServerNotStarted
            It cannot be started or reached; says why, with the last words of its error output.
        ServerGone, TimedOut, ToolError
            It gave no list.
        MissingExtra
            The package ``mcp`` is not installed.
        """
        return self._tools(self._begin_listing())

    def call(
        self, name: str, arguments: Mapping[str, Any] | None = None, *, timeout_s: float | None = None
    ) -> ToolResult:
        """Call a tool and wait for its result; an interrupt tells the server to stop.

        Within a run of an agent, what the server says of its progress is an event of the run, whose end ends the call.

        Parameters
        ----------
        name : str
            As the server has it.
        arguments : mapping or None, default None
        timeout_s : float or None, default None
            None takes that of the server.

        Returns
        -------
        ToolResult
            Also where the tool says that it failed.

        Raises
        ------
        ServerNotStarted
            It cannot be started or reached.
        ServerGone
            It ended during the call, which is not repeated: the tool may have acted. The next call connects anew.
        TimedOut
            Time was up; the server was told to stop.
        ToolError
            The server refuses the call, or its result cannot be read.
        Cancelled
            The run that it belongs to was stopped.
        MissingExtra
            The package ``mcp`` is not installed.
        """
        _need_library()
        limit_s = self._target.timeout_s if timeout_s is None else timeout_s
        given, call = dict(arguments or {}), call_in_progress()

        async def tell(done: float, total: float | None, said: str | None) -> None:
            with suppress(Cancelled):  # whoever waits below finds out by itself
                call.report(round(done), round(total or 0), said or "")

        request = self._link.request(
            lambda client: client.call_tool(name, given, progress_callback=tell),
            what=f"the call of {name!r}",
            timeout_s=limit_s,
        )
        return tool_result(background_loop().run(request, call.end), self.name)

    def close(self) -> None:
        """End the connection, and the process that was started; what is asked afterwards begins anew."""
        background_loop().run(self._link.end())

    def _begin_listing(self) -> Future[list[Any]]:
        _need_library()
        listing = self._link.request(_all_tools, what="the request for its tools", timeout_s=self._target.timeout_s)
        return background_loop().submit(listing)

    def _tools(self, listing: Future[list[Any]]) -> tuple[Tool, ...]:
        try:
            listed = listing.result()
        finally:
            listing.cancel()  # an interrupted wait ends it too
        found: dict[str, Any] = {}
        for each in listed:  # of two with one name the first, as of a name without a letter none, could be called
            if each.name.strip():
                found.setdefault(each.name, each)
        self._known = len(found)
        return tuple(
            tool_from(each, self.name, self._target.timeout_s, self._caller(name)) for name, each in found.items()
        )

    def _caller(self, name: str) -> Any:
        def call(arguments: Mapping[str, Any]) -> ToolResult:
            return self.call(name, arguments)

        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        known = "" if self._known is None else f", {_count(self._known, 'tool')}"
        return f"<Server {self.name}: {self._target.place}{known}>"


class Servers:
    """Several MCP servers; those that do not work are named, and hide no other.

    Parameters
    ----------
    servers : iterable of Server
    faults : mapping of str to VlmkitError or None, default None
        What is known already not to work, by name: a server that cannot be described.

    Attributes
    ----------
    faults : dict of str to VlmkitError
        Names of servers whose tools could not be listed, each with what was wrong.

    Raises
    ------
    BadSetting
        Two have one name.
    """

    def __init__(self, servers: Sequence[Server] = (), *, faults: Mapping[str, VlmkitError] | None = None) -> None:
        self._servers = {server.name: server for server in servers}
        self._broken = dict(faults or {})
        self.faults = dict(self._broken)
        self._tools: tuple[Tool, ...] | None = None
        if len(self._servers) < len(servers):
            names = [server.name for server in servers]
            twice = next(name for name in names if names.count(name) > 1)
            raise BadSetting(f"Two MCP servers are called {twice!r}. Give each a name of its own (name=…).")

    def tools(self) -> tuple[Tool, ...]:
        """Tools of all that work, which are started or reached at the same time; `faults` says of the others why not.

        Raises
        ------
        MissingExtra
            The package ``mcp`` is not installed.
        """
        _need_library()
        self.faults = dict(self._broken)
        listings = {name: server._begin_listing() for name, server in self._servers.items()}  # noqa: SLF001  of this module
        found: list[Tool] = []
        try:
            for name, listing in listings.items():
                try:
                    found += self._servers[name]._tools(listing)  # noqa: SLF001  of this module
                except VlmkitError as error:
                    self.faults[name] = error
        finally:
            for listing in listings.values():
                listing.cancel()
        self._tools = tuple(found)
        return self._tools

    def close(self) -> None:
        """End all connections, and the processes that were started."""
        for ended in [background_loop().submit(server._link.end()) for server in self]:  # noqa: SLF001  of this module
            ended.result()

    def __iter__(self) -> Iterator[Server]:
        return iter(self._servers.values())

    def __len__(self) -> int:
        return len(self._servers)

    def __getitem__(self, name: str) -> Server:
        """A server by its name.

        Raises
        ------
        KeyError
            There is none of that name; says which there are.
        """
        if name not in self._servers:
            raise KeyError(f"There is no MCP server {name!r}; there are: {', '.join(self._servers) or 'none'}.")
        return self._servers[name]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        working = [name for name in self._servers if name not in self.faults]
        head = f"{_count(len(working), 'server')} ({', '.join(working)})" if working else "no server"
        if self._tools is not None:
            head = f"{_count(len(self._tools), 'tool')} of {head}"
        faults = [f"  {name}: {str(error).removeprefix(f'MCP server {name} ')}" for name, error in self.faults.items()]
        return "\n".join([f"<Servers: {head}>", *faults])


def read_servers(servers: object = True, *, on_question: OnQuestion | None = None) -> Servers:
    """MCP servers, from whatever names them; none is started yet.

    Parameters
    ----------
    servers : bool, str, Path, mapping, Server, Servers or sequence of these, default True
        True takes the file in force: what the setting ``mcp_config`` names (``VLMKIT_MCP_CONFIG``, ``vlmkit.toml``), or
        ``mcp.json`` in the working folder once the user has consented to it (``vlmkit trust mcp.json``). A path is such
        a file, in the spelling of any host (Claude, Cursor, LM Studio, VS Code …); a mapping is what is in one; a text
        with ``http://`` or ``https://`` is an address. None and False are no server.
    on_question : callable or None, default None
        As for `Server`.

    Returns
    -------
    Servers
        An entry that cannot be used is one of its `faults`.

    Raises
    ------
    BadSetting
        There is no such file, it names no servers, or two have one name.
    """
    if isinstance(servers, Servers):
        return servers
    found: list[Server] = []
    faults: dict[str, VlmkitError] = {}
    for each in servers if isinstance(servers, list | tuple) else [servers]:
        if isinstance(each, Server):
            found.append(each)
        elif isinstance(each, str) and each.startswith(("http://", "https://")):
            found.append(Server(each, on_question=on_question))
        elif each is not None and each is not False:
            config = _config(each)
            found += [Server(target, on_question=on_question) for target in config.targets]
            faults |= config.faults
    return Servers(found, faults=faults)


def _config(named: object) -> McpConfig:
    if named is True:
        return configured()
    if isinstance(named, str | Path):
        return read_mcp_config(named)
    if isinstance(named, Mapping):
        return McpConfig(named, folder=Path.cwd(), label="servers")
    message = f"servers={named!r}: give a file such as mcp.json, an address, a Server, or several of these in a list."
    raise BadSetting(message)


async def _all_tools(client: Any) -> list[Any]:
    """Every page of the list.

    Raises
    ------
    ValueError
        It has no end.
    """
    found: list[Any] = []
    cursor = None
    for _ in range(_MOST_PAGES):
        page = await client.list_tools(cursor=cursor)
        found += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return found
    raise ValueError(f"the list has no end, {_MOST_PAGES} pages have been read")


def _need_library() -> None:
    open_by_name("mcp:Client", extra="agent")


def _abandon(link: Link) -> None:
    background_loop().submit(link.end())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
