"""What a model is offered, and what it is told about any other tool."""

import pytest

from vlmkit.agent import Tool
from vlmkit.agent.toolbox import Toolbox
from vlmkit.errors import BadSetting

LOOK = Tool(name="look", description="Looks.", call=print, read_only=True)
PLAIN = Tool(name="plain", title="Plain", call=print)
WRITE = Tool(name="write", call=print, read_only=False)
REMOTE = Tool(name="get", server="files", call=print)
ALL = (LOOK, PLAIN, WRITE, REMOTE)


@pytest.mark.parametrize(
    ("options", "offered"),
    [
        ({}, ["look", "plain"]),
        ({"can_ask": True}, ["look", "plain", "write", "get"]),
        ({"allowed_tools": ["write", "files::get"]}, ["write", "get"]),
        ({"allowed_tools": ["look"], "can_ask": True}, ["look"]),
        ({"allowed_tools": []}, []),
    ],
)
def test_what_is_offered(options, offered):
    """What changes nothing, what is named, what a person can be asked about; named tools and no others."""
    box = Toolbox(ALL, **options)
    assert list(box.offered) == [entry["function"]["name"] for entry in box.entries] == offered


def test_a_person_is_asked_about_what_may_change_something():
    """Also where it is named; about anything else nobody is asked."""
    box = Toolbox(ALL, ["look", "write"], can_ask=True)
    assert [box.must_ask(tool) for tool in ALL] == [False, False, True, True]
    assert not Toolbox(ALL, ["write"]).must_ask(WRITE)


def test_what_is_not_offered_is_refused_with_what_there_is():
    """A name that is unknown, not allowed, or of something that nobody consented to."""
    box = Toolbox(ALL)
    assert box.refusal("look") is None
    assert box.refusal("loook") == ("unknown", "There is no tool 'loook'. There are: look, plain.")
    assert box.refusal("files::get")[0] == "unknown"
    assert box.refusal("get") == (
        "blocked",
        "The tool 'get' may change something, which nobody allowed. Allowed: look, plain.",
    )
    assert Toolbox(ALL, ["look"]).refusal("write")[1] == "The tool 'write' is not allowed here. Allowed: look."
    assert (
        Toolbox(ALL, []).refusal("look")[1]
        == "The tool 'look' is not allowed here. No tool is allowed. Answer without."
    )


def test_tools_of_which_none_may_be_called_are_a_mistake():
    """It is told before a model is asked; unless nothing was allowed on purpose."""
    with pytest.raises(BadSetting, match=r"None of the tools says that it changes nothing: write, files::get\. Name"):
        Toolbox([WRITE, REMOTE])
    assert Toolbox([]).entries == []


def test_an_entry_describes_the_tool():
    """By its description, else by its title."""
    entries = Toolbox(ALL).entries
    assert entries[0] == {
        "type": "function",
        "function": {"name": "look", "description": "Looks.", "parameters": {"type": "object", "properties": {}}},
    }
    assert entries[1]["function"]["description"] == "Plain"
