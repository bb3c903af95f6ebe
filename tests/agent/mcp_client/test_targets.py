"""Where an MCP server is, as people write it."""

from pathlib import Path

import pytest

from vlmkit.agent import Server
from vlmkit.agent.mcp_client.targets import server_target
from vlmkit.errors import BadSetting


def test_a_command_and_an_address_get_names():
    """Of the program, of the host, or a given one; arguments are not shown."""
    command = server_target([Path("/usr/bin/thing.sh"), "--api-key", "abc-123"])
    assert (command.name, command.place, command.cwd) == ("thing", "thing.sh", None)
    address = server_target("http://user:pass-123@tools.example:8000/mcp?key=abc-456")
    assert (address.name, address.place) == ("tools.example", "http://tools.example:8000/mcp")
    assert server_target("http://a/mcp", name="files").name == "files"


def test_no_key_is_shown():
    """Those of headers, variables, options and addresses are cut out of every message, and of what is shown."""
    target = server_target(["thing", "--token=abc-1", "--password", "abc-2"], env={"API_KEY": "abc-3", "MODE": "fast"})
    assert target.redact("abc-1 abc-2 abc-3 fast") == "*** *** *** fast"
    address = server_target("http://me:abc-4@a/mcp?k=abc-5", headers={"Authorization": "Bearer abc-6"})
    assert address.redact("abc-4 abc-5 abc-6 Bearer abc-6") == "*** *** *** ***"
    shown = repr(target) + repr(address) + repr(Server(address)) + repr(Server(target))
    assert "abc" not in shown


@pytest.mark.parametrize(
    ("where", "options", "said"),
    [
        ("npx -y thing", {}, "Give one with its scheme"),
        ("tools.example/mcp", {}, "Give one with its scheme"),
        ("http://[::1/mcp", {}, "no address"),
        ("http://a b/mcp", {}, "no address"),
        ([], {}, "A list cannot start"),
        ([""], {}, "A list cannot start"),
        (["a", 3], {}, "A list cannot start"),
        (3, {}, "A int cannot start"),
        (b"thing", {}, "A bytes cannot start"),
        (["a"], {"env": {"A=B": "c"}}, "cannot be a variable"),
        (["a"], {"env": {"A": None}}, "env, entry 'A'"),
        (["a"], {"env": ["A"]}, "env is not a mapping"),
        (["a"], {"headers": {"A": "b"}}, "headers are for a server at an address"),
        ("http://a/mcp", {"env": {"A": "b"}}, "env is for a server that a command starts"),
        ("http://a/mcp", {"headers": {"A": "b\nC: d"}}, "headers, entry 'A' cannot be sent"),
        ("http://a/mcp", {"timeout_s": 0}, "timeout_s=0 cannot be used"),
        ("http://a/mcp", {"start_timeout_s": True}, "start_timeout_s=True cannot be used"),
    ],
)
def test_what_cannot_be_used_is_said(where, options, said):
    """Before anything is started."""
    with pytest.raises(BadSetting, match=said):
        Server(where, **options)


def test_a_key_in_a_wrong_address_is_not_repeated():
    """An error is a text that people show to others."""
    with pytest.raises(BadSetting) as caught:
        Server("htp://me:abc-1@host/mcp?key=abc-2")
    assert "abc" not in str(caught.value)
