"""Answers have the keys of their types and no others."""

import pytest

from vlmkit.chat import ChatAdapter, ChatError, dialect_schemas
from vlmkit.chat.answer_types import ChatCompletion, ErrorAnswer, ResponseAnswer
from vlmkit.records import Message, ToolCall

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CALL = Message.assistant("", [ToolCall(id="c1", name="look", arguments="{}")])


@pytest.mark.parametrize("reply", ["one two", CALL], ids=["text", "call"])
def test_whole_answers_are_of_their_types(fake, body, reply):
    """Of a chat and of the Responses API, by strict classes."""
    ChatCompletion.model_validate(ChatAdapter(fake(reply)).complete(body(tools=[TOOL], n=2)), strict=True)
    asked = {"model": "m", "input": "Hi", "tools": [TOOL], "metadata": {"a": "b"}, "temperature": 1.0}
    ResponseAnswer.model_validate(ChatAdapter(fake(reply)).respond(asked), strict=True)


@pytest.mark.core_model
def test_probabilities_are_of_their_type(tiny, body):
    """With the likeliest other tokens."""
    asked = body(logprobs=True, top_logprobs=2, max_tokens=2)
    assert ChatCompletion.model_validate(ChatAdapter(tiny).complete(asked)).choices[0].logprobs.content


def test_errors_are_of_their_type():
    """All keys are there, whatever is said."""
    ErrorAnswer.model_validate(ChatError("No.").body, strict=True)


def test_schemas_name_each_other_as_wanted():
    """A document of another kind puts them elsewhere."""
    schemas = dialect_schemas("#/there/{model}")
    assert {"ChatBody", "ResponsesBody", "ChatCompletion", "ResponseAnswer", "ErrorAnswer"} <= schemas.keys()
    assert schemas["ErrorAnswer"]["properties"]["error"] == {"$ref": "#/there/ErrorObject"}
