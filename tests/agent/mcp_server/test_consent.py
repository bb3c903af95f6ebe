"""What a person is shown before a tool changes something; the way there is tested with the server."""

from types import SimpleNamespace

import pytest
from mcp import types

from vlmkit.agent.mcp_server.consent import _can_ask, _question
from vlmkit.agent.tools import Tool


def test_a_question_is_short_and_steers_no_terminal():
    """However long the arguments are, which a model wrote."""
    tool = Tool(name="set_cell", call=print)
    call = types.CallToolRequestParams(name="set_cell", arguments={"value": "\u202eevil" + "x" * 9000})
    question = _question(tool, call)
    assert question.startswith("Call set_cell with {")
    assert "\u202e" not in question
    assert len(question) < 500


@pytest.mark.parametrize(
    ("elicitation", "can"), [(None, False), ({}, True), ({"form": {}}, True), ({"url": {}}, False)]
)
def test_a_client_says_whether_it_can_ask(elicitation, can):
    """A bare word for it means forms, as at first."""
    declared = types.ClientCapabilities.model_validate({} if elicitation is None else {"elicitation": elicitation})
    assert _can_ask(SimpleNamespace(session=SimpleNamespace(client_capabilities=declared))) is can
