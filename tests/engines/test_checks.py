"""An ask that a model cannot answer is refused before it is passed on, in this process or to a child."""

import pytest

from vlmkit.backends.protocol import Abilities
from vlmkit.engines.checks import check_constraint_of, fault_of
from vlmkit.errors import BadSchema, Refused
from vlmkit.records import Ask, Constraint, Picture, Turn

PICTURE = Picture(data=b"", media_type="image/png", width=1, height=1, digest="d")


def test_pictures_are_counted_with_those_of_examples():
    """As many as the model takes are fine, one more is not."""
    turn = Turn(pictures=(PICTURE,), prompt="And this?", answer="A dog.")
    ask = Ask(pictures=(PICTURE,), prompt="What?", turns=(turn,))
    assert fault_of("mlx:m", Abilities(images_per_ask=2), ask) is None
    fault = fault_of("mlx:m", Abilities(images_per_ask=1), ask)
    assert isinstance(fault, Refused)
    assert "takes 1 picture(s) per question and was given 2" in str(fault)


def test_a_blank_prompt_asks_nothing():
    """Whatever kind of blank."""
    assert isinstance(fault_of("mlx:m", Abilities(), Ask(pictures=(), prompt=" \n")), Refused)


def test_a_constraint_needs_a_model_that_keeps_it():
    """And has to be one."""
    constraint = Constraint(kind="choice", text='["red"]')
    check_constraint_of("mlx:m", Abilities(), None)
    check_constraint_of("mlx:m", Abilities(json_schema=True), constraint)
    with pytest.raises(BadSchema, match="cannot be constrained"):
        check_constraint_of("mlx:m", Abilities(), constraint)
    with pytest.raises(BadSchema):
        check_constraint_of("mlx:m", Abilities(json_schema=True), Constraint(kind="json_schema", text="{"))
