"""Approval: a person's yes or no to a call that may change something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlmkit.agent.results import json_text
from vlmkit.errors import BadSetting
from vlmkit.untrusted import for_terminal, shortened

if TYPE_CHECKING:
    from vlmkit.agent.tools import Tool

__all__ = ["Approve", "ProposedCall", "approver", "why_not"]

_SHOWN_CHARACTERS = 500
_YES = frozenset({"y", "yes"})


@dataclass(frozen=True, kw_only=True)
class ProposedCall:
    """A call that waits for a person's word.

    Attributes
    ----------
    tool : Tool
    arguments : dict
        As the model wants to call it; they keep to the tool's schema.
    call_id : str
    turn : int
        Which reply of the model wants it, from 1.
    """

    tool: Tool
    arguments: dict[str, Any]
    call_id: str
    turn: int

    def __str__(self) -> str:
        return f"{self.tool.display_name} {shortened(json_text(self.arguments), _SHOWN_CHARACTERS)}"


Approve = Callable[[ProposedCall], bool | str]
"""True allows the call; False declines it, and so does a text, which tells the model why."""


def approver(approve: Approve | bool | None) -> Approve | None:
    """Who is asked.

    Parameters
    ----------
    approve : callable, bool or None
        True asks whoever sits at the keyboard.

    Raises
    ------
    BadSetting
        It is none of these.
    """
    if approve is None or approve is False:
        return None
    if approve is True:
        return _ask_at_the_keyboard
    if not callable(approve):
        raise BadSetting(f"approve={approve!r}: give True to be asked, a function of the proposed call, or None.")
    return approve


def _ask_at_the_keyboard(call: ProposedCall) -> bool:
    return input(for_terminal(f"Call {call}? [y/N] ")).strip().lower() in _YES


def why_not(approve: Approve, call: ProposedCall) -> str | None:
    """What a person says against a call; None where nothing.

    Parameters
    ----------
    approve : callable
        Where it breaks nobody was asked, so that the call is not made.
    call : ProposedCall
    """
    try:
        said = approve(call)
    except Exception as error:  # noqa: BLE001  whatever happens while a person is asked, nobody has said yes
        return f"nobody could be asked ({type(error).__name__}: {error})"
    if said is True:
        return None
    return said if isinstance(said, str) and said else "no reason was given"
