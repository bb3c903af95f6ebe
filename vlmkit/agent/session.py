"""A session: a model, tools and servers under the names that OpenAI's Responses and its clients have for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from vlmkit.agent.agent import Agent
from vlmkit.agent.approval import Approve, approver
from vlmkit.agent.calling import Caller
from vlmkit.agent.conversation import Conversation
from vlmkit.agent.events import AgentEvent, announcing
from vlmkit.agent.limits import AgentLimits
from vlmkit.agent.messages import assistant_message, result_messages
from vlmkit.agent.steps import Step
from vlmkit.agent.toolbox import Toolbox
from vlmkit.agent.tools import Tool

__all__ = ["Orchestrator", "ResponsesSession", "run_conversation", "to_mcp_call"]

_LONGEST_SIDE_PX = 1568


class ResponsesSession:
    """A model with tools and with several named servers, for whole conversations.

    Parameters
    ----------
    model, tools, servers, **options
        As for `Agent`.

    Raises
    ------
    SetupError
        As `Agent`.

    Examples
    --------
    >>> from vlmkit.agent import ResponsesSession
    >>> with ResponsesSession(lambda messages, tools, choice: {"role": "assistant", "content": "Hello!"}) as session:
    ...     session.run_conversation("Hi!").final_message["content"]
    'Hello!'
    """

    def __init__(self, model: Any = None, *, tools: Any = (), servers: Any = None, **options: Any) -> None:
        self._agent = Agent(model, tools=tools, servers=servers, **options)

    def __repr__(self) -> str:
        return f"ResponsesSession({self._agent!r})"

    def list_tools(self) -> dict[str, Tool]:
        """Every tool, by the name that people give it: ``"server::tool"``, or that of a function.

        Raises
        ------
        SetupError
            Servers cannot be asked at all; a single one that does not work is left out.
        """
        return {tool.display_name: tool for tool in self._agent.list_tools().values()}

    def run_conversation(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        max_turns: int = 10,
        allowed_tools: Iterable[str] | None = None,
        sum_up: bool = False,
        **options: Any,
    ) -> Conversation:
        """Let the model answer, with as many calls as it needs and may make.

        Parameters
        ----------
        messages : str or sequence of mapping
            A question, or messages of OpenAI's chat dialect.
        max_turns : int, default 10
        allowed_tools : iterable of str or None, default None
            The only tools that may be called, exactly: ``"server::tool"``, or the tool's own name where it is unique.
            None allows all, also those that change something.
        sum_up : bool, default False
        **options
            As for `Agent.run`.

        Returns
        -------
        Conversation
            With `final_message`, `tool_calls_executed`, `turns_taken` and `completed`, which is False at a limit.

        Raises
        ------
        SetupError, RunError, ChatError
            As `Agent.run`.
        """
        tools = self._agent.list_tools()
        allowed = list(tools) if allowed_tools is None else allowed_tools
        asked: dict[str, Any] = {"question": messages} if isinstance(messages, str) else {"messages": messages}
        return self._agent.run(**asked, max_turns=max_turns, allowed_tools=allowed, sum_up=sum_up, **options)

    def close(self) -> None:
        """End the servers that were started; twice is fine."""
        self._agent.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def run_conversation(
    messages: str | Sequence[Mapping[str, Any]],
    *,
    model: Any = None,
    tools: Any = (),
    servers: Any = None,
    **options: Any,
) -> Conversation:
    """One conversation, in a session of its own.

    Parameters
    ----------
    messages : str or sequence of mapping
    model, tools, servers
        As for `Agent`.
    **options
        As for `ResponsesSession.run_conversation`.

    Raises
    ------
    SetupError, RunError, ChatError
        As `Agent.run`.
    """
    with ResponsesSession(model, tools=tools, servers=servers) as session:
        return session.run_conversation(messages, **options)


class Orchestrator:
    """Makes the calls of a model that somebody else asks, and gives the messages that answer them.

    Parameters
    ----------
    tools : iterable of Tool
    allowed_tools : iterable of str or None, default None
        As for `Agent.run`: None allows those that change nothing, and functions that were handed over.
    approve : callable, bool or None, default None
    on_event : callable or None, default None
    **limits
        As for `AgentLimits`.

    Raises
    ------
    BadSetting
        A name in `allowed_tools` is no tool's, or a limit is none.

    Examples
    --------
    >>> from vlmkit.agent import Orchestrator, tool
    >>> @tool
    ... def add(a: int, b: int) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> call = {"id": "call_1", "function": {"name": "add", "arguments": '{"a": 2, "b": 3}'}}
    >>> Orchestrator([add]).answer([call])
    [{'role': 'tool', 'tool_call_id': 'call_1', 'content': '5'}]
    """

    def __init__(
        self,
        tools: Iterable[Tool],
        *,
        allowed_tools: Iterable[str] | None = None,
        approve: Approve | bool | None = None,
        on_event: Callable[[AgentEvent], object] | None = None,
        **limits: Any,
    ) -> None:
        asked = approver(approve)
        self._toolbox = Toolbox(tools, allowed_tools, can_ask=asked is not None)
        self._turn = 0
        self._caller = Caller(
            self._toolbox,
            AgentLimits(**limits),
            approve=asked,
            announce=announcing(on_event),
            is_stopped=threading.Event().is_set,
            left_s=lambda: float("inf"),
            longest_side_px=_LONGEST_SIDE_PX,
        )

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Those that may be called, as OpenAI's chat dialect offers them to a model."""
        return self._toolbox.entries

    def execute(self, tool_calls: Sequence[Mapping[str, Any]]) -> list[Step]:
        """Make the calls of one reply.

        Parameters
        ----------
        tool_calls : sequence of mapping
            As a message of the model has them.

        Returns
        -------
        list of Step
            One for each, in their order; whatever goes wrong is one, too.
        """
        self._turn += 1
        said = assistant_message({"tool_calls": list(tool_calls)}, set())
        return self._caller.answer(said.get("tool_calls", []), self._turn, is_cut=False)

    def answer(self, tool_calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Make the calls of one reply, and give the messages to go on with.

        Parameters
        ----------
        tool_calls : sequence of mapping

        Returns
        -------
        list of dict
            An answer to each call, and a message with the pictures that tools gave, where they did.
        """
        return result_messages(self.execute(tool_calls))


def to_mcp_call(call: Mapping[str, Any]) -> dict[str, Any]:
    """A call of OpenAI's dialect as the Model Context Protocol has it.

    Parameters
    ----------
    call : mapping
        Of arguments that are no JSON object nothing is left; who calls tools tells the model instead.

    Returns
    -------
    dict
        ``name`` and ``arguments`` of a ``tools/call`` request.

    Examples
    --------
    >>> to_mcp_call({"id": "call_1", "function": {"name": "look", "arguments": '{"row": 3}'}})
    {'name': 'look', 'arguments': {'row': 3}}
    """
    function = call["function"]
    try:
        read = json.loads(function.get("arguments") or "{}")
    except (ValueError, RecursionError):
        read = None
    return {"name": function["name"], "arguments": read if isinstance(read, dict) else {}}
