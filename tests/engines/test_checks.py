"""An ask that a model cannot answer is refused before it is passed on, in this process or to a child."""

from dataclasses import replace

import pytest

from vlmkit.backends.protocol import Abilities
from vlmkit.engines.checks import check_constraint_of, check_tool_choice
from vlmkit.errors import BadSchema, BadSetting
from vlmkit.records import Ask, Constraint, Tool, one_question


def test_a_constraint_needs_a_model_that_keeps_it():
    """And has to be one."""
    constraint = Constraint(kind="choice", text='["red"]')
    check_constraint_of("mlx:m", Abilities(), None)
    check_constraint_of("mlx:m", Abilities(json_schema=True), constraint)
    with pytest.raises(BadSchema, match="cannot be constrained"):
        check_constraint_of("mlx:m", Abilities(), constraint)
    with pytest.raises(BadSchema):
        check_constraint_of("mlx:m", Abilities(json_schema=True), Constraint(kind="json_schema", text="{"))


def test_a_call_that_must_be_made_needs_a_constraint():
    """Each family has a form of its own, which the engine does not know."""
    tools, constraint = (Tool(name="look"),), Constraint(kind="regex", text="a+")
    for choice, held in (("auto", None), ("none", None), ("required", constraint), ("look", constraint)):
        ask = Ask(messages=one_question("?"), tools=tools, tool_choice=choice, constraint=held)
        check_tool_choice("mlx:m", ask)
        if held is not None:
            with pytest.raises(BadSetting, match=f"tool_choice: '{choice}' needs a constraint"):
                check_tool_choice("mlx:m", replace(ask, constraint=None))
