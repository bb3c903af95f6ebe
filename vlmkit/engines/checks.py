"""What is wrong with an ask of a model on this machine, in this process or in a child, found before it is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.engines.grammar import check_constraint
from vlmkit.errors import BadSchema, BadSetting

if TYPE_CHECKING:
    from vlmkit.backends.protocol import Abilities
    from vlmkit.records import Ask, Constraint

__all__ = ["check_constraint_of", "check_tool_choice"]


def check_constraint_of(model: str, abilities: Abilities, constraint: Constraint | None) -> None:
    """See that a model can keep a constraint.

    Parameters
    ----------
    model : str
        Full name, for messages.
    abilities : Abilities
    constraint : Constraint or None

    Raises
    ------
    BadSchema
        It cannot, or the constraint is none.
    """
    if constraint is None:
        return
    if not abilities.json_schema:
        raise BadSchema(
            f"{model}: its tokenizer is of a kind with which answers cannot be constrained. Ask without "
            "a constraint, or name another model."
        )
    check_constraint(constraint)


def check_tool_choice(model: str, ask: Ask) -> None:
    """See that a call that must be made can be forced: only a constraint knows the form of a family's calls.

    Parameters
    ----------
    model : str
        Full name, for messages.
    ask : Ask

    Raises
    ------
    BadSetting
        It cannot.
    """
    if ask.tool_choice not in {"auto", "none"} and ask.constraint is None:
        raise BadSetting(
            f"tool_choice: {ask.tool_choice!r} needs a constraint, as {model} writes its calls in a form of its own. "
            'Give a Constraint of kind "grammar" that describes the call, or leave the choice to the model ("auto").'
        )
