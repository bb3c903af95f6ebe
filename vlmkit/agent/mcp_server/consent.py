"""Whether a person lets a tool change something: asked through the client, where it can ask.

In sessions with a handshake the server asks in the middle of a call. Since revision 2026-07-28 it cannot: the call gets
the question as its result, and comes again with the answer. The state that comes with it is sealed by `mcp`, for this
call with these arguments (https://modelcontextprotocol.io/specification/draft/client/elicitation).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mcp import types

from vlmkit.agent.tools import Tool
from vlmkit.errors import ToolError
from vlmkit.untrusted import for_terminal, shortened

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

__all__ = ["ask_consent"]

_KEY = "consent"
_NO_FIELDS: dict[str, Any] = {"type": "object", "properties": {}}  # to accept is the answer
_MOST_CHARACTERS = 400
_FIRST_MODERN = "2026-07-28"


async def ask_consent(
    context: ServerRequestContext[Any, Any], call: types.CallToolRequestParams, tool: Tool
) -> types.InputRequiredResult | None:
    """Ask a person whether a tool may be called with these arguments.

    Parameters
    ----------
    context : ServerRequestContext
    call : CallToolRequestParams
    tool : Tool

    Returns
    -------
    None where it may be called; else the question, which the client brings back with its answer.

    Raises
    ------
    ToolError
        The person said no, or the client cannot ask.
    """
    if not _can_ask(context):
        message = "It changes something, and this client cannot ask you. Start the server with --yes to allow it."
        raise ToolError(f"{tool.name} was not called. {message}")
    question = types.ElicitRequestFormParams(message=_question(tool, call), requested_schema=_NO_FIELDS)
    if context.protocol_version < _FIRST_MODERN:
        said = await context.session.elicit_form(
            question.message, question.requested_schema, related_request_id=context.request_id
        )
        _check(tool, said)
        return None
    answer = (call.input_responses or {}).get(_KEY)
    if answer is None or call.request_state != _KEY:
        requests: types.InputRequests = {_KEY: types.ElicitRequest(params=question)}
        return types.InputRequiredResult(input_requests=requests, request_state=_KEY)
    _check(tool, answer)
    return None


def _can_ask(context: ServerRequestContext[Any, Any]) -> bool:
    """A bare ``elicitation: {}``, the only shape there was at first, means forms."""
    capabilities = context.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def _question(tool: Tool, call: types.CallToolRequestParams) -> str:
    arguments = json.dumps(call.arguments or {}, ensure_ascii=False)
    return f"Call {tool.name} with {shortened(for_terminal(arguments), _MOST_CHARACTERS)}?"


def _check(tool: Tool, answer: Any) -> None:
    if getattr(answer, "action", None) != "accept":
        raise ToolError(f"{tool.name} was not called: the person did not allow it. Ask them what to do instead.")
