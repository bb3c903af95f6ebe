"""Names that models call tools by, and names that people allow."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkit.agent import Tool
from vlmkit.agent.names import allowed_names, public_names
from vlmkit.errors import BadSetting


def tools(*names):
    """Tools by their names for people."""
    split = [name.rpartition("::") for name in names]
    return [Tool(name=name, server=server or None, call=print) for server, _, name in split]


def test_names_are_as_short_as_they_can_be():
    """Bare where that is unique; else with the server; else with a few digits."""
    named = public_names(tools("look", "files::read file", "files::look", "memory::read.file", "memory::get.x", "auto"))
    assert list(named) == [
        "look", "files__read_file", "files__look", "memory__read_file", "get_x", named_short(named, "auto"),
    ]  # fmt: skip
    assert [tool.display_name for tool in named.values()][1] == "files::read file"


def named_short(named, start):
    """The one name that begins so and ends in digits."""
    return next(name for name in named if re.fullmatch(rf"{start}_[0-9a-f]{{8}}", name))


def test_a_long_name_is_shortened():
    """To what chat APIs take, and the same every time."""
    long = "files::" + "a" * 90
    (first,) = public_names(tools(long))
    assert len(first) == 64
    assert list(public_names(tools(long, "look"))) == [first, "look"]


def test_two_tools_of_one_name_are_refused():
    """Nobody could say which is meant."""
    with pytest.raises(BadSetting, match=r"'look' is the name of 2 tools\. Rename them"):
        public_names(tools("look", "look"))
    with pytest.raises(BadSetting, match="'look' is the name of 2 tools of server 'files'"):
        public_names(tools("files::look", "files::look"))


@given(
    st.sets(st.tuples(st.sampled_from(["", "a", "a.b", "a b", "x" * 70]), st.text(min_size=1, max_size=90)), max_size=8)
)
@settings(max_examples=80, deadline=None)
def test_every_name_is_one_that_apis_take_and_leads_back(pairs):
    """Whatever servers call their tools."""
    given_tools = [Tool(name=name, server=server or None, call=print) for server, name in pairs if name.strip()]
    named = public_names(given_tools)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in named)
    assert list(named.values()) == given_tools
    backwards = public_names(reversed(given_tools))
    assert {id(tool): name for name, tool in backwards.items()} == {id(tool): name for name, tool in named.items()}


def test_people_allow_tools_by_any_of_their_names():
    """The tool's own, the one with its server, the public one; exactly."""
    named = public_names(tools("look", "files::read file", "memory::look"))
    assert allowed_names(named, None) is None
    assert allowed_names(named, []) == frozenset()
    wanted = ["look", "files::read file", "memory::look"]
    assert allowed_names(named, wanted) == frozenset(named)
    assert allowed_names(named, ["read file"]) == allowed_names(named, ["read_file"]) == {"read_file"}
    assert allowed_names(named, ["gone::tool", "look"], is_complete=False) == {"look"}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (["loook"], "there is no tool 'loook'. Did you mean 'look'?"),
        (["zzz"], "there is no tool 'zzz'. There are: look, a::get, b::get."),
        (["Look"], "there is no tool 'Look'"),
        (["loo*"], "there is no tool"),
        (["get"], "'get' is the name of 2 tools. Give 'a::get' or 'b::get'."),
        ("look", r"give a list of names, as \['look'\]"),
        ([None], "there is no tool None"),
    ],
)
def test_a_name_that_means_no_tool_or_several_is_refused(wanted, said):
    """A slip in an allow-list must not allow anything else, and not go unseen."""
    with pytest.raises(BadSetting, match=said.replace("?", r"\?")):
        allowed_names(public_names(tools("look", "a::get", "b::get")), wanted)
    with pytest.raises(BadSetting, match="There are no tools"):
        allowed_names({}, ["look"])
