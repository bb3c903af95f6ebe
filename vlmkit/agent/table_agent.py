"""A question about a whole table: an agent with the tools over it, which looks, asks and counts until it can answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.agent.table.edit_tools import EDIT_TOOLS
from vlmkit.agent.table.toolset import TableTools
from vlmkit.backends import Backend

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.agent.conversation import Conversation
    from vlmkit.agent.loop import Chatting
    from vlmkit.agent.running import AgentRun

__all__ = ["ask_table"]

_SYSTEM = (
    "You answer questions about a table of pictures, one in each row; rows are numbered from 0. Begin with "
    "describe_table. Find out by tools what you do not know; never guess what a picture shows. Name the rows that your "
    "answer rests on, and say how sure you are and why."
)
_EDITING = " What you change is a suggestion, which a person will review."


def ask_table(
    table: pd.DataFrame | pd.Series[Any],
    question: str,
    *,
    model: str | Backend | Chatting | None = None,
    vision_model: str | Backend | None = None,
    image: str | None = None,
    store: bool | str | Path | None = None,
    tools: Iterable[Any] = (),
    servers: Any = None,
    system: str | None = None,
    max_tokens: int = 1024,
    temperature: float = 0.0,
    allowed_tools: Iterable[str] | None = None,
    approve: Callable[..., bool | str] | bool | None = None,
    max_turns: int = 20,
    background: bool = False,
    **options: Any,
) -> Conversation | AgentRun:
    """Have a model find out something about a table of pictures, by tools that speak of its rows.

    It reads cells, finds and filters rows, looks at pictures and at parts of them, and has each of many pictures asked
    about, through the store. It changes nothing, unless it is allowed to: then in a copy, as suggestions.

    Parameters
    ----------
    table : DataFrame or Series
        With pictures; is not changed. A Series is taken for the pictures.
    question : str
    model : str, open backend, callable or None, default None
        Who plans and answers: a model that can call tools. None takes the setting.
    vision_model : str, open backend or None, default None
        Who answers what the tools ask about single pictures. None is `model`.
    image : str or None, default None
        Column of pictures; None takes ``path``, else ``image``.
    store : bool, path or None, default None
        Where those answers are kept, as for `vlmkit.ask`; None takes the setting.
    tools : iterable, default ()
        Further tools, such as functions of your own.
    servers : path, mapping or Servers, default None
        MCP servers, as for `Agent`.
    system : str or None, default None
        Says what the model is there for; None says that it answers questions about a table of pictures.
    max_tokens : int, default 1024
        Of one reply.
    temperature : float, default 0.0
    allowed_tools : iterable of str or None, default None
        The only tools that may be called. "set_cell" and "add_column" change a copy of the table, and are there only
        where they are named here, or where `approve` is given.
    approve : callable, bool or None, default None
        Asked before each call that changes something, as for `Agent.run`.
    max_turns : int, default 20
        Replies of the model.
    background : bool, default False
        Go on meanwhile, as with `Agent.start`: the notebook shows the steps as they come, with buttons that stop it and
        that answer what needs a yes.
    **options
        As for `Agent.run`: timeout_s, max_tool_calls, on_event, stop and so on.

    Returns
    -------
    Conversation
        ``text`` is the answer, ``rows`` are the rows that it looked at (``df.iloc[run.rows]``), ``to_frame()`` has
        every step, and ``table`` the table with what was suggested, for ``df.vlm.review`` and ``df.vlm.merge_edits``.
        In the background, at once, the `AgentRun` whose ``wait()`` gives it.

    Raises
    ------
    SetupError
        There is no such column, no model was named, or it cannot be opened.
    RunError
        The model failed at its first reply.
    """
    from vlmkit.agent.agent import Agent  # the loop and all below it, which the tools alone do not need

    allowed = None if allowed_tools is None else list(allowed_tools)
    may_edit = bool(approve) if allowed is None else not set(EDIT_TOOLS).isdisjoint(allowed)
    eye = vision_model if vision_model is not None else model if isinstance(model, str | Backend) else None
    over = TableTools(table, model=eye, image=image, store=store, allow_edits=may_edit)
    agent = Agent(
        model,
        tools=[over, *tools],
        servers=servers,
        system=_SYSTEM + (_EDITING if may_edit else "") if system is None else system,
        max_tokens=max_tokens,
        temperature=temperature,
    )
    ask = agent.start if background else agent.run
    return ask(question, allowed_tools=allowed, approve=approve, max_turns=max_turns, **options)
