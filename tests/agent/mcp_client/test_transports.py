"""Ways to an MCP server: what it inherits, what is found, what is heard of it."""

import os
import sys

import pytest
from mcp_servers import OLD, over_http

from vlmkit.agent import Server
from vlmkit.errors import ServerNotStarted


def test_a_started_server_inherits_little(monkeypatch):
    """No key of this process; and what it is given."""
    monkeypatch.setenv("OPENAI_API_KEY", "abc-123")
    with Server(OLD, env={"MODE": "fast"}) as server:
        found = set(server.call("env").text.split())
    assert {"HOME", "PATH", "MODE"} <= found
    assert "OPENAI_API_KEY" not in found


def test_a_program_is_looked_for_where_it_will_run(tmp_path):
    """By the PATH that it gets, or from the folder in which it starts."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "my-python").symlink_to(sys.executable)
    for command, options in (
        ("my-python", {"env": {"PATH": f"{tmp_path}/tools{os.pathsep}{os.environ['PATH']}"}}),
        ("./tools/my-python", {"cwd": tmp_path}),
    ):
        with Server([command, *OLD[1:]], **options) as server:
            assert server.call("echo", {"text": "here"}).text == "here"


@pytest.mark.parametrize(
    ("command", "options", "said"),
    [
        (["no-such-program"], {}, "there is no program 'no-such-program' that can be run. Install it"),
        (OLD, {"cwd": "/no/such/folder"}, "there is no folder '/no/such/folder'"),
        ([*OLD, "--exit"], {}, "ended before it answered; its last words: missing KEY. Run its command"),
        ("http://127.0.0.1:9/mcp", {}, "nothing answers at this address"),
    ],
)
def test_a_server_that_cannot_be_had_says_why(command, options, said):
    """And what to do."""
    with pytest.raises(ServerNotStarted, match=said):
        Server(command, **options).tools()


def test_a_server_that_wants_a_key():
    """Refuses without it, does not show it, and works with it; another path of it is no server."""
    with over_http("--key", "abc-123") as (_, url):
        with pytest.raises(ServerNotStarted, match=r"refused access .*401"):
            Server(url).tools()
        with Server(url, headers={"Authorization": "Bearer abc-123"}) as server:
            assert server.tools()
            assert "abc-123" not in repr(server) + repr(vars(server))
        with pytest.raises(ServerNotStarted, match=r"no MCP server at this address .*often is /mcp"):
            Server(url.replace("/mcp", "/other"), headers={"Authorization": "Bearer abc-123"}).tools()
