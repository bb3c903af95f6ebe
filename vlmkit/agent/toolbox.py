"""The tools of one conversation: what the model is offered, and what it is told about any other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from vlmkit.agent.names import allowed_names, public_names
from vlmkit.agent.steps import Status
from vlmkit.errors import BadSetting

if TYPE_CHECKING:
    from vlmkit.agent.tools import Tool

__all__ = ["Toolbox"]


class Toolbox:
    """Tools by the names that the model calls them by.

    Parameters
    ----------
    tools : iterable of Tool
    allowed_tools : iterable of str or None, default None
        The only ones that may be called; with it a person consents to them. None allows all that need no consent.
    can_ask : bool, default False
        Whether a person can be asked for consent; then all that are allowed are offered.
    is_complete : bool, default True
        As for `allowed_names`.

    Attributes
    ----------
    tools : dict of str to Tool
    offered : dict of str to Tool
        Those that may be called.

    Raises
    ------
    BadSetting
        A name that is no tool's or several tools', or there are tools and none may be called.
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        allowed_tools: Iterable[str] | None = None,
        *,
        can_ask: bool = False,
        is_complete: bool = True,
    ) -> None:
        self.tools = public_names(tools)
        self._allowed = allowed_names(self.tools, allowed_tools, is_complete=is_complete)
        self._can_ask = can_ask
        self.offered = {
            name: tool
            for name, tool in self.tools.items()
            if (name in self._allowed if self._allowed is not None else can_ask or not tool.needs_consent)
        }
        if self.tools and not self.offered and self._allowed is None:
            names = [tool.display_name for tool in self.tools.values()]
            advice = "Name those that may run in allowed_tools=[…], or be asked with approve=True."
            raise BadSetting(f"None of the tools says that it changes nothing: {', '.join(names)}. {advice}")

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Those that may be called, as OpenAI's chat dialect offers them."""
        return [tool.entry(name) for name, tool in self.offered.items()]

    def must_ask(self, tool: Tool) -> bool:
        """Whether a person is asked about each call of a tool.

        Parameters
        ----------
        tool : Tool
        """
        return self._can_ask and tool.needs_consent

    def refusal(self, name: str) -> tuple[Status, str] | None:
        """What the model is told of a tool that it may not call; None where it may.

        Parameters
        ----------
        name : str
            As the model wrote it.
        """
        if name in self.offered:
            return None
        there_are = ", ".join(self.offered)
        if name not in self.tools:
            choice = f"There are: {there_are}." if there_are else "There are no tools. Answer without."
            return "unknown", f"There is no tool {name!r}. {choice}"
        choice = f"Allowed: {there_are}." if there_are else "No tool is allowed. Answer without."
        why = "is not allowed here" if self._allowed is not None else "may change something, which nobody allowed"
        return "blocked", f"The tool {name!r} {why}. {choice}"
