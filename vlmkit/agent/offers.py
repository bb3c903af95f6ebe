"""What tools an agent has: functions, a table's, those of servers; each brought into the form of a `Tool`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vlmkit.agent.tools import Tool
from vlmkit.backends import Backend
from vlmkit.errors import BadSetting

if TYPE_CHECKING:
    from vlmkit.agent.table.toolset import TableTools

__all__ = ["Offer"]


class Offer:
    """Tools of an agent; servers are asked for theirs when a run begins.

    Parameters
    ----------
    tools : Tool, callable, table, or sequence of these
    servers : object
    model : str, Backend or None
        Which looks at the pictures of a table.

    Attributes
    ----------
    faults : mapping of str to error
        Servers that did not work when they were last asked.

    Raises
    ------
    BadSetting
        What is given is no tool.
    """

    def __init__(self, tools: Any, servers: Any, *, model: str | Backend | None) -> None:
        self._tables: list[TableTools] = []
        self._own = [made for each in _several(tools) for made in self._made(each, model)]
        self._servers = None if servers is None else _opened(servers)
        self._is_opened_here = self._servers is not servers
        self._known: list[Tool] | None = None

    def __repr__(self) -> str:
        known = self._own if self._known is None else self._known
        shown = f"{len(known)} tool{'' if len(known) == 1 else 's'}"
        if self._servers is None:
            return shown
        return shown if self._known is not None and not self.faults else f"{shown}, {self._servers!r}"

    @property
    def faults(self) -> Mapping[str, Any]:
        """By the names of servers, why they did not work."""
        return getattr(self._servers, "faults", None) or {}

    @property
    def table(self) -> Any:
        """The table that tools changed; None where there is none."""
        return self._tables[-1].table if self._tables else None

    def tools(self) -> list[Tool]:
        """All of them, of servers as they are now.

        Raises
        ------
        SetupError
            Servers cannot be asked at all; a single one that does not work is in `faults`.
        """
        self._known = [*self._own, *(self._servers.tools() if self._servers is not None else ())]
        return self._known

    def close(self) -> None:
        """End the servers that were opened here; those that were handed over stay as they are."""
        if self._is_opened_here and self._servers is not None:
            self._servers.close()

    def _made(self, given: Any, model: str | Backend | None) -> Iterable[Tool]:
        if isinstance(given, Tool):
            return [given]
        if hasattr(given, "iloc"):
            given = _tools_over(given, model)
        if hasattr(given, "tools") and hasattr(given, "table"):
            self._tables.append(given)
        if (brought := getattr(given, "tools", None)) is not None:
            return list(brought() if callable(brought) else brought)
        if callable(given):
            return [Tool.from_function(given)]
        said = "Give a function, a Tool, a table, or a list of these"
        raise BadSetting(f"tools: a value of type {type(given).__name__} is no tool. {said}; MCP servers are servers=…")


def _several(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple | set | frozenset) else [given]


def _tools_over(table: Any, model: str | Backend | None) -> TableTools:
    from vlmkit.agent.table.toolset import TableTools  # which brings all that reads tables

    return TableTools(table, model=model)


def _opened(servers: Any) -> Any:
    """Servers that can be asked for their tools."""
    from vlmkit.agent.mcp_client.servers import Server, read_servers  # which bring all that connects

    if callable(getattr(servers, "tools", None)) and not isinstance(servers, Server):
        return servers  # as a person's own class has it
    return read_servers(servers)
