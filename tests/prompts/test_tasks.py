"""A task as such: a template and a suffix written, an answer read field by field or by its form."""

import pytest

from vlmkit.errors import UnreadableReply
from vlmkit.prompts import Field, Task, Template
from vlmkit.records import Reply


class Pairs:
    """A form of name=value pairs."""

    def read(self, text):
        """Values by column."""
        return dict(pair.split("=") for pair in text.split())


def reply(text, finish_reason="stop"):
    """An answer."""
    return Reply(text=text, finish_reason=finish_reason, model="fake:x")


def test_the_prompt_is_the_filled_template_and_the_suffix_as_it_is():
    """Braces of a suffix are no columns."""
    task = Task(template=Template.parse("Who made {it}?"), suffix=" {as} it is", fields=(Field(name="x"),), name="x")
    assert task.write({"it": "this"}) == "Who made this? {as} it is"


def test_an_answer_is_read_by_its_form():
    """Which may fill several columns; thinking and space are no part of what it gets."""
    fields = (Field(name="a"), Field(name="b"))
    task = Task(template=Template.parse("?"), fields=fields, name="x", form=Pairs())
    assert task.read(reply("<think>a=0</think> a=1 b=2 ")) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(("low", "high", "text"), [(1, 5, "0"), (1, 5, "6"), (None, 5, "6"), (1, None, "0")])
def test_a_field_has_bounds(low, high, text):
    """Beyond them is no value."""
    field = Field(name="x", dtype=int, low=low, high=high)
    assert field.read("3") == 3
    with pytest.raises(UnreadableReply, match="expected a number"):
        field.read(text)


def test_an_answer_that_was_cut_off_says_so():
    """Raising max_tokens helps where the answer has no value yet."""
    task = Task(template=Template.parse("?"), fields=(Field(name="x", dtype=int),), name="x")
    with pytest.raises(UnreadableReply, match="raise max_tokens"):
        task.read(reply("there are", "length"))
