"""What went wrong with an MCP server, in words."""

import asyncio

import httpx2
import pytest
from mcp import MCPError

from vlmkit.agent.mcp_client.server_faults import gone, innermost, not_started, why_no_result
from vlmkit.agent.mcp_client.targets import server_target
from vlmkit.errors import TimedOut, ToolError

COMMAND = server_target(["npx", "-y", "thing"], name="thing", env={"API_KEY": "abc-123"})
ADDRESS = server_target("http://a.example/mcp?key=abc-123", name="web")


def error(code, message="said"):
    return MCPError(code, message)


def test_the_first_cause_is_what_counts():
    """Groups within groups, and the cancelling that follows from a fault."""
    cause = error(-32000)
    group = BaseExceptionGroup("", [asyncio.CancelledError(), BaseExceptionGroup("", [cause, ValueError()])])
    assert innermost(group) is cause
    assert innermost(asyncio.CancelledError()) is None
    assert innermost(None) is None


@pytest.mark.parametrize(
    ("cause", "target", "words", "said"),
    [
        (FileNotFoundError("there is no program 'npx' that can be run"), COMMAND, "", "no program 'npx'"),
        (PermissionError(13, "Permission denied"), COMMAND, "", "Permission denied. Install it"),
        (
            error(-32000),
            COMMAND,
            "no key abc-123",
            r"thing \(npx\): it ended before it answered; its last words: no key \*\*\*",
        ),
        (None, COMMAND, "", "it ended before it answered. Run its command in a terminal"),
        (TimeoutError(), COMMAND, "warm", "did not answer within 60 s; its last words: warm. Give it more time"),
        (error(-32603, "broken"), COMMAND, "", "broken. Run its command"),
        (TimeoutError(), ADDRESS, "", r"web \(http://a\.example/mcp\): it did not answer within 60 s"),
        (httpx2.ConnectTimeout(""), ADDRESS, "", "did not answer within"),
        (httpx2.ConnectError("refused"), ADDRESS, "", "nothing answers at this address: refused. Start the server"),
        (error(-32603), ADDRESS, "HTTP status 401 Unauthorized", r"refused access \(HTTP status 401"),
        (error(-32601), ADDRESS, "HTTP status 404 Not Found", "no MCP server at this address .*often is /mcp"),
        (error(-32603), ADDRESS, "HTTP status 500", r"said \(HTTP status 500\)"),
    ],
)
def test_why_a_server_is_not_there(cause, target, words, said):
    """What, where, and what to do; never a key."""
    with pytest.raises(Exception, match=said) as caught:
        raise not_started(cause, target, words)
    assert "abc-123" not in str(caught.value)


def test_what_ended_is_gone():
    """With what is known of why."""
    assert "the call of 'a'; its last words: bye" in str(
        gone(error(-32000, "Connection closed"), COMMAND, "bye", "the call of 'a'")
    )
    assert "the call of 'a' (reset). Whether it acted" in str(
        gone(ConnectionError("reset"), COMMAND, "", "the call of 'a'")
    )


@pytest.mark.parametrize(
    ("cause", "kind", "said"),
    [
        (error(-32001), TimedOut, "did not answer the call within 2 s"),
        (TimeoutError(), TimedOut, "did not answer the call within 2 s"),
        (error(-32602, "bad abc-123"), ToolError, r"refused the call: bad \*\*\* \(HTTP status 403\)"),
        (RuntimeError("Invalid structured content"), ToolError, "answered the call with what cannot be read"),
    ],
)
def test_why_a_call_has_no_result(cause, kind, said):
    """Though the server is there."""
    with pytest.raises(kind, match=said):
        raise why_no_result(cause, COMMAND, "HTTP status 403", what="the call", timeout_s=2.0)
