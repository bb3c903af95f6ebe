"""What is wrong with an ask of a model on this machine, in this process or in a child, found before it is passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.backends.checks import blank_prompt
from vlmkit.engines.grammar import check_constraint
from vlmkit.errors import BadSchema, Refused, RunError

if TYPE_CHECKING:
    from vlmkit.backends.protocol import Abilities
    from vlmkit.records import Ask, Constraint

__all__ = ["check_constraint_of", "fault_of"]


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


def fault_of(model: str, abilities: Abilities, ask: Ask) -> RunError | None:
    """Fault of an ask that a model cannot answer; None where it can.

    Parameters
    ----------
    model : str
        Full name, for messages.
    abilities : Abilities
    ask : Ask
    """
    pictures = len(ask.all_pictures)
    if pictures > abilities.images_per_ask:
        return Refused(
            f"{model} takes {abilities.images_per_ask} picture(s) per question and was given {pictures}, "
            "examples included. Give fewer at a time."
        )
    return blank_prompt(ask)
