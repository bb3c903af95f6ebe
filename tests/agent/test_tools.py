"""Tools: what a model may call."""

import pytest

from vlmkit.agent import Tool, ToolError, tool
from vlmkit.errors import BadSchema, BadSetting


@tool
def add(a: int, b: int = 1) -> int:
    """Add two numbers."""
    if b < 0:
        raise ToolError("b is negative. Give 0 or more.")
    return a + b


def test_a_decorated_function_is_a_tool_and_still_a_function():
    """It has a name, a description and a schema, and can be called by hand."""
    assert (add.name, add.description, add.read_only) == ("add", "Add two numbers.", None)
    assert add.parameters["required"] == ["a"]
    assert add(2, b=3) == 5
    assert add.run({"a": 2}).text == "3"
    assert repr(add) == "Tool('add', read_only=None)"


def test_what_a_model_can_mend_is_a_tool_error():
    """Wrong arguments, and what the function says with it."""
    for arguments, said in (({"b": 2}, "a: Field required"), ({"a": 1, "b": -1}, "b is negative. Give 0 or more.")):
        with pytest.raises(ToolError, match=said):
            add.run(arguments)


def test_options_of_the_decorator():
    """Name, description and hints may be said instead of read."""

    @tool(name="drop_row", description="Drops a row.", read_only=False, destructive=True, title="Drop", timeout_s=5)
    def drop(row: int) -> None:
        """Never seen."""

    assert (drop.name, drop.description, drop.read_only, drop.destructive) == ("drop_row", "Drops a row.", False, True)
    assert (drop.title, drop.timeout_s, drop.idempotent) == ("Drop", 5, None)
    assert drop.run({"row": 1}).text == "Done."


@pytest.mark.parametrize(
    ("hints", "server", "needs"),
    [
        ({"read_only": True}, None, False),
        ({"read_only": True}, "files", False),
        ({"read_only": False}, None, True),
        ({}, None, False),
        ({}, "files", True),
    ],
)
def test_what_may_change_something_needs_consent(hints, server, needs):
    """A server's tool has to say that it changes nothing; a function that was handed over has not."""
    made = Tool(name="look", call=print, server=server, **hints)
    assert made.needs_consent is needs
    assert made.display_name == (f"{server}::look" if server else "look")


def test_a_tool_can_be_written_by_hand():
    """With a schema of one's own; its arguments come by name, whatever they are called."""
    echo = Tool(name="echo", parameters={"type": "object"}, call=lambda **given: given)
    assert echo.run({"from": 1, "self": 2}).data == {"from": 1, "self": 2}
    assert Tool(name="nothing", call=lambda: None).parameters == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Tool(name=" ", call=print), "give the tool's name as a text"),
        (lambda: Tool(name="look", call=print, parameters=["row"]), "look: parameters are of type list"),
        (lambda: Tool.from_function(lambda: 1), "no name that a model could call"),
        (lambda: Tool.from_function("look"), "'look' is no function"),
        (lambda: tool(readonly=True)(lambda: 1), "no name that a model could call"),
        (lambda: tool(name="x", readonly=True)(lambda: 1), "x: 'readonly' given; a tool has read_only"),
    ],
)
def test_a_tool_that_cannot_be_one_is_refused(make, said):
    """With what to write instead."""
    with pytest.raises(BadSetting, match=said):
        make()


def test_a_bad_signature_is_an_error_of_the_call():
    """It is told where the tool is made, not where a model calls it."""
    with pytest.raises(BadSchema, match="look: row has no type"):

        @tool
        def look(row):
            """Look at any row."""
