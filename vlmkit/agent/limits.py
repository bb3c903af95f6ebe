"""How far a conversation with tools may go."""

from __future__ import annotations

from dataclasses import dataclass

from vlmkit.arguments import check_whole, is_number
from vlmkit.errors import BadSetting

__all__ = ["AgentLimits"]

_WHOLE = ("max_turns", "max_repeats", "parallel_calls", "pictures_a_turn", "result_characters")
_WHOLE_OR_NONE = ("max_tool_calls", "max_tokens_total")


@dataclass(frozen=True, kw_only=True, slots=True)
class AgentLimits:
    """Limits of one conversation. They hold: at each of them it ends with what it has, and nothing is raised.

    Attributes
    ----------
    max_turns : int, default 10
        Replies of the model.
    max_tool_calls : int or None, default None
        Calls that reach their tool.
    max_tokens_total : int or None, default None
        Tokens that were read and written for all replies, as far as the model counts them; looked at between replies.
    timeout_s : float or None, default None
        Seconds from the question on; a call that is being made then is given up.
    tool_timeout_s : float, default 60
        Seconds that one call may take, unless the tool says otherwise.
    max_repeats : int, default 3
        How often the same tool is called with the same arguments, as long as nothing was changed.
    parallel_calls : int, default 4
        How many calls of one reply are made at the same time, of tools that change nothing.
    pictures_a_turn : int, default 4
        How many pictures of tools the model is shown after one reply.
    result_characters : int, default 20000
        How much of a tool's text the model is told.

    Raises
    ------
    BadSetting
        A number that is none.
    """

    max_turns: int = 10
    max_tool_calls: int | None = None
    max_tokens_total: int | None = None
    timeout_s: float | None = None
    tool_timeout_s: float = 60.0
    max_repeats: int = 3
    parallel_calls: int = 4
    pictures_a_turn: int = 4
    result_characters: int = 20_000

    def __post_init__(self) -> None:
        for name in _WHOLE:
            check_whole(name, getattr(self, name))
        for name in _WHOLE_OR_NONE:
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name), "a whole number from 1 up, or None for no limit")
        for name in ("timeout_s", "tool_timeout_s"):
            value = getattr(self, name)
            if not (is_number(value) and value > 0) and not (value is None and name == "timeout_s"):
                raise BadSetting(f"{name}={value!r}: give a number of seconds above 0.")
