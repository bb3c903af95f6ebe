"""Sessions: conversations and calls under the names of the founding document."""

import pytest
from scripted_agent import Script, assert_legal, call

from vlmkit.agent import Orchestrator, ResponsesSession, Tool, run_conversation, to_mcp_call, tool
from vlmkit.errors import BadSetting


@tool(read_only=True)
def look(row: int) -> str:
    """Look at a row."""
    return f"row {row}: a red circle"


class Servers:
    """Two servers, of which each has a tool called get."""

    def __init__(self):
        self.is_closed = False
        self.faults = {"tracker": "did not start"}

    def tools(self):
        return [
            Tool(name=name, server=server, call=lambda server=server, **_: f"from {server}")
            for server, name in (("files", "get"), ("memory", "get"), ("memory", "drop"))
        ]

    def close(self):
        self.is_closed = True


def test_tools_of_several_servers_are_listed_and_called_by_their_names():
    """Each call goes to the server whose tool it names."""
    model = Script([("files__get",), ("memory__get",), ("drop",)], "Done.")
    session = ResponsesSession(model, tools=[look], servers=Servers())
    assert list(session.list_tools()) == ["look", "files::get", "memory::get", "memory::drop"]
    made = session.run_conversation("Get both.")
    assert [(step.tool, step.text) for step in made.tool_calls_executed] == [
        ("files::get", "from files"),
        ("memory::get", "from memory"),
        ("memory::drop", "from memory"),
    ]
    assert (made.final_message["content"], made.turns_taken, made.completed) == ("Done.", 2, True)


def test_allowed_tools_are_exactly_those():
    """By their full name, or their own where it is unique; any other call is answered, and not made."""
    model = Script([("files__get",), ("memory__get",), ("drop",), ("look", {"row": 1})], "Done.")
    session = ResponsesSession(model, tools=[look], servers=Servers())
    made = session.run_conversation([{"role": "user", "content": "Get."}], allowed_tools=["memory::get", "look"])
    assert [step.status for step in made.steps] == ["blocked", "done", "blocked", "done"]
    assert made.steps[0].text == "Error: The tool 'files__get' is not allowed here. Allowed: look, memory__get."
    assert model.asked[0][1] == ["look", "memory__get"]
    with pytest.raises(BadSetting, match=r"'get' is the name of 2 tools\. Give 'files::get' or 'memory::get'"):
        session.run_conversation("Get.", allowed_tools=["get"])


def test_at_the_limit_the_result_is_partial():
    """Nothing is raised, and nothing more is asked."""
    model = Script(*[[("look", {"row": row})] for row in range(5)])
    made = run_conversation("Look at all.", model=model, tools=[look], max_turns=3)
    assert (made.completed, made.turns_taken, len(made.tool_calls_executed)) == (False, 3, 3)
    assert made.final_message["tool_calls"][0]["function"]["name"] == "look"
    assert_legal(made.messages)


def test_a_session_ends_what_it_started():
    """Servers that were handed over stay open: somebody else may need them."""
    servers = Servers()
    with ResponsesSession(Script(), servers=servers) as session:
        assert repr(session).startswith("ResponsesSession(Agent(")
    assert not servers.is_closed
    with ResponsesSession(Script(), servers={"mcpServers": {}}) as session:
        assert session.list_tools() == {}


def test_calls_can_be_made_for_a_model_that_somebody_else_asks():
    """Each has its message; limits go on from reply to reply."""
    orchestrator = Orchestrator([look], max_repeats=1)
    assert [entry["function"]["name"] for entry in orchestrator.tools] == ["look"]
    calls = [call("look", {"row": 1}, "call_1"), call("look", "{", "call_2"), call("nope", {}, "call_3")]
    answers = orchestrator.answer(calls)
    assert [answer["tool_call_id"] for answer in answers] == ["call_1", "call_2", "call_3"]
    assert answers[0] == {"role": "tool", "tool_call_id": "call_1", "content": "row 1: a red circle"}
    (step,) = orchestrator.execute([call("look", {"row": 1}, "call_4")])
    assert (step.turn, step.status) == (2, "repeated")
    assert orchestrator.answer([]) == []


@pytest.mark.parametrize(
    ("arguments", "read"),
    [('{"row": 3}', {"row": 3}), ("", {}), (None, {}), ("{", {}), ("[3]", {}), ("[" * 100_000, {})],
)
def test_a_call_as_the_protocol_has_it(arguments, read):
    """Of arguments that are no object nothing is left."""
    assert to_mcp_call({"id": "c", "function": {"name": "look", "arguments": arguments}}) == {
        "name": "look",
        "arguments": read,
    }
