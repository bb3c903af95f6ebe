"""What went wrong with an MCP server, in words: errors of the library, of HTTP and of the system become vlmkit's own.

Takes an error of theirs, a target, and what the server said last. What a server says is quoted, without its keys.
"""

from __future__ import annotations

import asyncio

from vlmkit.agent.mcp_client.targets import ServerTarget
from vlmkit.errors import ServerGone, ServerNotStarted, TimedOut, ToolError, VlmkitError
from vlmkit.untrusted import on_one_line, shortened

__all__ = ["gone", "innermost", "is_end", "not_started", "why_no_result"]

_LONGEST_CAUSE = 600
# Codes of JSON-RPC and of the library: mcp_types.jsonrpc.
_CLOSED, _TIMED_OUT, _UNKNOWN_METHOD = -32000, -32001, -32601
_CONNECTION_CLOSED = "Connection closed"


def innermost(error: BaseException | None) -> BaseException | None:
    """What a group of errors is about: the first in it that is no mere consequence.

    Parameters
    ----------
    error : BaseException or None
    """
    while isinstance(error, BaseExceptionGroup):
        causes = [each for each in error.exceptions if not isinstance(each, asyncio.CancelledError)]
        error = (causes or error.exceptions)[0]
    return None if isinstance(error, asyncio.CancelledError) else error


def is_end(error: BaseException | None) -> bool:
    """Whether the connection ended with it, rather than one request.

    Parameters
    ----------
    error : BaseException or None
    """
    return getattr(error, "code", None) == _CLOSED


def not_started(error: BaseException | None, target: ServerTarget, words: str) -> ServerNotStarted:
    """Why there is no connection, and what to do.

    Parameters
    ----------
    error : BaseException or None
        What ended the attempt; TimeoutError where time was up.
    target : ServerTarget
    words : str
        What the server said last.
    """
    cause, advice = _address_fault(error, target, words) if target.url else _command_fault(error, target, words)
    message = f"MCP server {target.name} ({target.place}): {cause}. {advice}"
    return ServerNotStarted(target.redact(message))


def _command_fault(error: BaseException | None, target: ServerTarget, words: str) -> tuple[str, str]:
    said = f"; its last words: {words}" if words else ""
    if isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return _text(error), "Install it, or correct its command."
    if isinstance(error, TimeoutError):
        wait_s = target.start_timeout_s
        return (
            f"it did not answer within {wait_s:g} s{said}",
            "Give it more time (start_timeout_s), or run its command.",
        )
    if error is None or is_end(error):
        return f"it ended before it answered{said}", "Run its command in a terminal to see more."
    return f"{_text(error)}{said}", "Run its command in a terminal to see more."


def _address_fault(error: BaseException | None, target: ServerTarget, words: str) -> tuple[str, str]:
    said = f" ({words})" if words else ""
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return f"it did not answer within {target.start_timeout_s:g} s{said}", "Give it more time (start_timeout_s)."
    if " 401 " in words or " 403 " in words:
        return f"it refused access{said}", "Give its key in headers, as Authorization."
    if getattr(error, "code", None) == _UNKNOWN_METHOD:
        return f"there is no MCP server at this address{said}", "Correct its path, which often is /mcp."
    if type(error).__name__ == "ConnectError":
        return f"nothing answers at this address: {_text(error)}", "Start the server, or correct the address."
    return f"{_text(error)}{said}", "See what the server itself says, and correct the address or the headers."


def gone(error: BaseException | None, target: ServerTarget, words: str, what: str) -> ServerGone:
    """That the connection ended while something was asked.

    Parameters
    ----------
    error : BaseException or None
        What ended it, where that is known.
    target : ServerTarget
    words : str
        What the server said last.
    what : str
        What was asked, as ``"the call of 'add'"``.
    """
    cause = "" if error is None or str(error) == _CONNECTION_CLOSED else f" ({_text(error)})"
    said = f"; its last words: {words}" if words else ""
    message = f"MCP server {target.name} ended before it answered {what}{cause}{said}. {_AGAIN}"
    return ServerGone(target.redact(message))


def why_no_result(error: Exception, target: ServerTarget, refusal: str, *, what: str, timeout_s: float) -> VlmkitError:
    """Why something that was asked of a server that is still there has no result.

    Parameters
    ----------
    error : Exception
    target : ServerTarget
    refusal : str
        With what HTTP status it refused, where it did.
    what : str
        What was asked, as ``"the call of 'add'"``.
    timeout_s : float
        How long it was waited for.

    Returns
    -------
    VlmkitError
        TimedOut where time was up, else ToolError.
    """
    name = f"MCP server {target.name}"
    if isinstance(error, TimeoutError) or getattr(error, "code", None) == _TIMED_OUT:
        return TimedOut(f"{name} did not answer {what} within {timeout_s:g} s. Ask for less, or allow it more time.")
    if hasattr(error, "code"):
        status = f" ({refusal})" if refusal else ""
        return ToolError(target.redact(f"{name} refused {what}: {_text(error)}{status}"))
    # What keeps to no schema, its own or the protocol's, and arguments that are no JSON.
    return ToolError(target.redact(f"{name} answered {what} with what cannot be read: {_text(error)}"))


_AGAIN = "Whether it acted is not known; the next call connects anew."


def _text(error: BaseException | None) -> str:
    said = on_one_line(str(error))
    return shortened(said or type(error).__name__, _LONGEST_CAUSE).rstrip(".")
