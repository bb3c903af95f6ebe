"""What the dialect answers, as types: for documents that describe it, and for tests that look whether it is so.

Answers are written as plain dictionaries, in `vlmkit.chat.completions` and `vlmkit.chat.responses`; no key is in them
that is not here. Source of the forms: https://platform.openai.com/docs/api-reference.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from vlmkit.chat.types import ChatBody, ResponsesBody

__all__ = ["ChatCompletion", "ErrorAnswer", "ResponseAnswer", "dialect_schemas"]

_Count = Annotated[int, Field(ge=0)]


class Answer(BaseModel):
    """Anything in an answer; every key is known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ErrorObject(Answer):
    """What went wrong; `queued` is there where the request could not wait any longer, or not at all."""

    message: str
    type: str
    param: str | None
    code: str | None
    queued: bool = False


class ErrorAnswer(Answer):
    """The answer to a request that gets none."""

    error: ErrorObject


class Likelihood(Answer):
    """A token and the natural logarithm of its probability."""

    token: str
    logprob: float
    bytes: list[Annotated[int, Field(ge=0, le=255)]]


class ChosenToken(Likelihood):
    """A token of the answer with the likeliest ones in its place, itself perhaps included."""

    top_logprobs: list[Likelihood]


class Logprobs(Answer):
    """Probabilities of the tokens of an answer."""

    content: list[ChosenToken]
    refusal: None


class FunctionToRun(Answer):
    """Which function shall be run, and with what: JSON as the model wrote it."""

    name: str
    arguments: str


class ToolCallEntry(Answer):
    """A tool that the model wants to have run."""

    id: str
    type: Literal["function"]
    function: FunctionToRun


class AnswerMessage(Answer):
    """What the model says; `content` is null where it only makes calls."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    reasoning_content: str = ""
    tool_calls: list[ToolCallEntry] = []


class Choice(Answer):
    """One of the answers."""

    index: _Count
    message: AnswerMessage
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]
    logprobs: Logprobs | None


class TokenUsage(Answer):
    """What it cost."""

    prompt_tokens: _Count
    completion_tokens: _Count
    total_tokens: _Count


class ChatCompletion(Answer):
    """The answer to a chat request that is not streamed."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: TokenUsage
    system_fingerprint: str | None


class OutputText(Answer):
    """A text of the model's."""

    type: Literal["output_text"]
    text: str
    annotations: list[Any]
    logprobs: list[ChosenToken]


class ReasoningText(Answer):
    """What it thought."""

    type: Literal["reasoning_text"]
    text: str


_Status = Literal["in_progress", "completed", "incomplete"]


class MessageItem(Answer):
    """A message of the model's."""

    type: Literal["message"]
    id: str
    role: Literal["assistant"]
    status: _Status
    content: list[OutputText]


class ReasoningItem(Answer):
    """What the model thought before."""

    type: Literal["reasoning"]
    id: str
    status: _Status
    summary: list[Any]
    content: list[ReasoningText]


class CallItem(Answer):
    """A tool that the model wants to have run."""

    type: Literal["function_call"]
    id: str
    call_id: str
    name: str
    arguments: str
    status: _Status


class ResponseUsage(Answer):
    """What it cost, in the words of the Responses API."""

    input_tokens: _Count
    input_tokens_details: dict[str, int]
    output_tokens: _Count
    output_tokens_details: dict[str, int]
    total_tokens: _Count


class ResponseError(Answer):
    """Why there is no answer."""

    code: str
    message: str


class IncompleteDetails(Answer):
    """Why the answer ends where it does."""

    reason: Literal["max_output_tokens", "content_filter"]


class ResponseAnswer(Answer):
    """The answer of the Responses API; what a request said is repeated in it."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    model: str
    output: list[Annotated[MessageItem | ReasoningItem | CallItem, Field(discriminator="type")]]
    error: ResponseError | None
    incomplete_details: IncompleteDetails | None
    previous_response_id: None
    usage: ResponseUsage | None
    instructions: Any
    max_output_tokens: int | None
    metadata: Any
    parallel_tool_calls: bool
    temperature: float | None
    text: Any
    tool_choice: Any
    tools: list[Any]
    top_p: float | None


def dialect_schemas(ref_template: str) -> dict[str, Any]:
    """JSON schemas of requests and answers, by name: ``ChatBody``, ``ChatCompletion``, ``ErrorAnswer`` and so on.

    Parameters
    ----------
    ref_template : str
        How one refers to another, as ``"#/components/schemas/{model}"``.
    """
    kinds = (ChatBody, ResponsesBody, ChatCompletion, ResponseAnswer, ErrorAnswer)
    _, document = models_json_schema([(kind, "validation") for kind in kinds], ref_template=ref_template)
    schemas: dict[str, Any] = _without_discriminators(document["$defs"])
    return schemas


def _without_discriminators(schema: Any) -> Any:
    """The alternatives say it themselves; readers of OpenAPI take a kind with several names for one with the last."""
    if isinstance(schema, dict):
        return {name: _without_discriminators(each) for name, each in schema.items() if name != "discriminator"}
    return [_without_discriminators(each) for each in schema] if isinstance(schema, list) else schema
