"""MCP servers whose tools an agent may call."""

import asyncio
import gc
import sys

import pytest
from mcp_servers import NASTY, OLD, ends, is_there, over_http

from vlmkit.agent import Agent, Server, Servers, read_servers
from vlmkit.errors import BadSetting, MissingExtra, ServerNotStarted, ToolError

ASKED = []


def answer(question, schema):
    """Whoever is asked says yes the first time."""
    ASKED.append((question, sorted(schema["properties"])))
    return {"sure": True} if len(ASKED) == 1 else None


@pytest.fixture(scope="module")
def nasty():
    """A server by the official package, of the newest revision, over its input and output."""
    with Server(NASTY, name="nasty", on_question=answer) as server:
        yield server


@pytest.fixture(scope="module")
def tools(nasty):
    return {tool.name: tool for tool in nasty.tools()}


def test_a_servers_tools_are_tools(tools):
    """With schema, description, hints and the server's name; nothing is read-only that does not say so."""
    pid, typed, fail = tools["pid"], tools["typed"], tools["fail"]
    assert (pid.server, pid.display_name, pid.description) == ("nasty", "nasty::pid", "Number of its process.")
    assert typed.parameters["required"] == ["n", "names"]
    assert (pid.read_only, pid.open_world, pid.needs_consent) == (True, False, False)
    hints = (typed.read_only, typed.destructive, typed.idempotent, typed.title, typed.needs_consent)
    assert hints == (False, True, True, "Writes", True)
    assert (fail.read_only, fail.needs_consent, fail.timeout_s) == (None, True, 60.0)


def test_a_call_gives_text_and_data(tools):
    """As the tool returned them."""
    result = tools["typed"].run({"n": 3, "names": ["a", "b"]})
    assert result.data == {"a": 3, "b": 3}
    assert '"a": 3' in result.text
    assert not result.failed


def test_a_tools_own_failure_is_a_result(nasty, tools):
    """A fault with a reason, one without, and arguments that the server finds wrong."""
    fault = tools["fail"].run({})
    assert fault.failed
    assert "there is b.jpg" in fault.text
    assert "secret" not in tools["crash"].run({}).text
    assert "names" in nasty.call("typed", {"n": 1}).text


def test_a_tool_that_is_not_there_is_a_result_too(nasty):
    """So that a model is told."""
    assert nasty.call("nothing").failed


def test_what_breaks_its_own_schema_is_an_error():
    """A result that cannot be trusted to be what it says."""
    with Server([*OLD, "--lie"], name="old") as server:
        server.tools()
        with pytest.raises(ToolError, match=r"old answered the call of 'echo' with what cannot be read: .*'a'"):
            server.call("echo", {"text": "a"})


def test_pictures_come_as_pictures(tools):
    """Between the words that came with them."""
    result = tools["picture"].run({})
    assert result.text == "before\n[picture 1]\nafter"
    (picture,) = result.shrunk(64).pictures
    assert (picture.width, picture.height) == (1, 1)


def test_base64_is_not_text(tools):
    """Neither where it is data nor where a server repeats its data as text."""
    result = tools["picture_as_data"].run({})
    assert result.data == {"name": "noise", "data": "[base64, 9 kB, not shown]"}
    assert len(result.text) < 200


def test_megabytes_come_whole(tools):
    """Over the input and output of a process."""
    assert len(tools["big"].run({"size_bytes": 2_000_000}).text) == 2_000_000


def test_it_works_inside_a_running_event_loop(tools):
    """As in every cell of a notebook."""

    async def cell():
        return tools["typed"].run({"n": 1, "names": ["a"]}).data

    assert asyncio.run(cell()) == {"a": 1}


def test_noise_on_the_output_is_passed_over(tools, capfd):
    """A print in a tool is no message, and no traceback is shown."""
    assert tools["chatter"].run({}).text == "ok"
    with Server([*OLD, "--noise"]) as server:
        assert len(server.tools()) == 4
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("option", ["--pages", "--strict", pytest.param("--silent", marks=pytest.mark.slow_test)])
def test_older_servers_are_greeted_as_they_know_it(option):
    """Their list may have several pages; of two tools with one name the first counts, and none without a letter."""
    with Server([*OLD, option], name="old") as server:
        assert [tool.name for tool in server.tools()] == ["echo", "pid", "env", "end"]
        assert server.call("echo", {"text": "Grüße"}).text == "Grüße"
        assert repr(server).endswith(", 4 tools>")


def test_a_list_without_an_end_is_refused():
    """Rather than read for ever."""
    with Server([*OLD, "--endless"]) as server, pytest.raises(ToolError, match="has no end"):
        server.tools()


def test_a_server_that_is_closed_begins_anew():
    """Its process has ended; the next call starts another."""
    server = Server(OLD)
    first = int(server.call("pid").text)
    server.close()
    server.close()
    assert ends(first)
    second = int(server.call("pid").text)
    assert is_there(second)
    del server
    gc.collect()
    assert ends(second)  # with the object


def test_tools_keep_their_server():
    """Whoever has a tool need not keep the server too."""
    (echo, *_) = Server(OLD).tools()
    gc.collect()
    assert echo.run({"text": "still there"}).text == "still there"


def test_a_dead_server_hides_no_other():
    """What works is there, and of each other the fault, in the object and in what it shows."""
    good, dead = Server(OLD, name="good"), Server([*OLD, "--exit"], name="tracker")
    with Servers([dead, good, Server("http://127.0.0.1:9/mcp", name="web")]) as servers:
        assert [tool.display_name for tool in servers.tools()][:2] == ["good::echo", "good::pid"]
        assert {name: type(fault) for name, fault in servers.faults.items()} == {
            "tracker": ServerNotStarted,
            "web": ServerNotStarted,
        }
        shown = repr(servers)
        assert shown.startswith("<Servers: 4 tools of 1 server (good)>\n  tracker")
        assert "missing KEY" in shown
        assert servers["good"] is good
        assert (len(servers), next(iter(servers))) == (3, dead)
        with pytest.raises(KeyError, match="there are: tracker, good, web"):
            servers["bad"]


def test_an_agent_calls_tools_of_servers():
    """Though one of them is dead; what may change something is called only where it is named."""

    def model(messages, _tools, _choice):
        if messages[-1]["role"] == "tool":
            return {"role": "assistant", "content": messages[-1]["content"]}
        called = {"name": "echo", "arguments": '{"text": "hello"}'}
        return {"role": "assistant", "tool_calls": [{"id": "call_1", "function": called}]}

    content = {"mcpServers": {"old": {"command": OLD}, "dead": {"command": [*OLD, "--exit"]}}}
    with read_servers(content) as servers:
        agent = Agent(model, servers=servers)
        assert agent.run("Say hello.", allowed_tools=["old::echo"]).text == "hello"
        assert "dead" in repr(agent)
        with pytest.raises(BadSetting, match="None of the tools says that it changes nothing: old::echo"):
            agent.run("Say hello.")


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    """When a server is first needed."""
    monkeypatch.setitem(sys.modules, "mcp", None)
    for ask in (Server(OLD).tools, Servers([Server(OLD)]).tools, lambda: Server(OLD).call("pid")):
        with pytest.raises(MissingExtra, match=r"vlmkit\[agent\]"):
            ask()


def test_servers_have_different_names():
    """As tools are told apart by them."""
    with pytest.raises(BadSetting, match="Two MCP servers are called 'a'"):
        Servers([Server(OLD, name="a"), Server(OLD, name="a")])


def test_servers_are_read_from_whatever_names_them(tmp_path):
    """A file, what is in one, an address, a server, or several of these."""
    file = tmp_path / "mcp.json"
    file.write_text('{"mcpServers": {"a": {"command": "a"}, "b": {"url": "${NOT_SET}"}}}', encoding="utf-8")
    own = Server(["own"])
    servers = read_servers([file, {"servers": {"c": {"url": "http://c/mcp"}}}, "http://d.example/mcp", own])
    assert [server.name for server in servers] == ["a", "c", "d.example", "own"]
    assert "NOT_SET" in str(servers.faults["b"])
    assert len(read_servers(None)) == len(read_servers(False)) == 0
    assert read_servers(servers) is servers
    with pytest.raises(BadSetting, match=r"give a file such as mcp\.json"):
        read_servers(3)


def test_a_question_goes_to_whoever_can_answer(nasty):
    """With the schema of the fields that it wants."""
    ASKED.clear()
    assert nasty.call("ask").text == "accept True"
    assert nasty.call("ask").text == "decline"
    assert ASKED == [("Are you sure?", ["sure"])] * 2


def test_an_older_server_at_an_address():
    """Whose answers come as one event, however large."""
    with over_http("--old") as (process, url), Server(url) as server:
        assert server.name == "127.0.0.1"
        (picture,) = server.call("picture", {"size_bytes": 6_000_000}).pictures
        assert len(picture.source) > 6_000_000
        assert server.call("pid").data == {"result": process.pid}
