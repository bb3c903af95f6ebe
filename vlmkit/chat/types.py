"""The body of a chat request as clients write it, checked by pydantic: https://platform.openai.com/docs/api-reference/chat.

Only what is read stands here; other fields are ignored, and those that would change the answer are refused by name in
`vlmkit.chat.requests`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "AllowedTools",
    "AssistantMessage",
    "Body",
    "ChatBody",
    "FunctionMessage",
    "ImagePart",
    "NamedTool",
    "RefusalPart",
    "ResponseFormat",
    "ResponsesBody",
    "SystemMessage",
    "TextPart",
    "ToolEntry",
    "ToolMessage",
    "UserMessage",
]


class Body(BaseModel):
    """Anything in a request: unknown keys are ignored, and a number in quotes is no number."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class TextPart(Body):
    """A text in a message; two more names come from OpenAI's Responses."""

    type: Literal["text", "input_text", "output_text"]
    text: str


class RefusalPart(Body):
    """What an assistant said in place of an answer."""

    type: Literal["refusal"]
    refusal: str


class ImageLink(Body):
    """Where a picture is."""

    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None


class ImagePart(Body):
    """A picture in a message, as a link or with its address alone."""

    type: Literal["image_url", "input_image"]
    image_url: ImageLink | str
    detail: Literal["auto", "low", "high", "original"] | None = None


Part = Annotated[TextPart | RefusalPart | ImagePart, Field(discriminator="type")]
Content = str | list[Part] | None


class SystemMessage(Body):
    """What holds for the whole conversation."""

    role: Literal["system", "developer"]
    content: Content


class UserMessage(Body):
    """What a person says and shows."""

    role: Literal["user"]
    content: Content


class CalledFunction(Body):
    """Which function, and with what; some clients send arguments as an object."""

    name: Annotated[str, Field(min_length=1)]
    arguments: str | dict[str, Any] | None = None


class CallEntry(Body):
    """A tool call of an earlier answer."""

    id: Annotated[str, Field(min_length=1)]
    type: Literal["function"] = "function"
    function: CalledFunction


class AssistantMessage(Body):
    """What the model answered before."""

    role: Literal["assistant"]
    content: Content = None
    refusal: str | None = None
    tool_calls: list[CallEntry] | None = None
    function_call: CalledFunction | None = None


class ToolMessage(Body):
    """The result of a tool call."""

    role: Literal["tool"]
    tool_call_id: str
    content: Content


class FunctionMessage(Body):
    """The same, as it was before calls had ids."""

    role: Literal["function"]
    name: Annotated[str, Field(min_length=1)]
    content: Content


MessageEntry = Annotated[
    SystemMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage, Field(discriminator="role")
]


class Function(Body):
    """What a tool is called and takes."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolEntry(Body):
    """A tool that the model may have run."""

    type: Literal["function"]
    function: Function


class FunctionName(Body):
    """The name alone."""

    name: str


class NamedTool(Body):
    """The one tool that must be called."""

    type: Literal["function"]
    function: FunctionName


class AllowedSet(Body):
    """Which of the tools may be called, and whether one must be."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class AllowedTools(Body):
    """A choice among some of the tools."""

    type: Literal["allowed_tools"]
    allowed_tools: AllowedSet


class AnswerSchema(Body):
    """A schema that the answer must keep to; it is enforced whether `strict` says so or not."""

    name: str = "answer"
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(Body):
    """What the answer must be."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: AnswerSchema | None = None


class StreamOptions(Body):
    """What a stream shall hold beside the answer; `include_status` is our own word."""

    include_usage: bool | None = None
    include_status: bool | None = None


Words = Literal["none", "auto", "required"]
Choice = Annotated[NamedTool | AllowedTools, Field(discriminator="type")]


class ChatBody(Body):
    """A request for a chat completion."""

    model: Annotated[str, Field(min_length=1)]
    messages: Annotated[list[MessageEntry], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    repetition_penalty: Annotated[float, Field(gt=0)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: dict[str, float] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | list[Annotated[str, Field(min_length=1)]] | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    response_format: ResponseFormat | None = None
    tools: list[ToolEntry] | None = None
    tool_choice: Words | Choice | None = None
    parallel_tool_calls: bool | None = None
    modalities: list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


class TextOptions(Body):
    """What the text of a response shall be; its format is that of a chat request, without a level between."""

    format: dict[str, Any] | None = None


class ResponsesBody(Body):
    """A request to the Responses API; items, tools and schemas are looked at in the chat request that it becomes."""

    model: Annotated[str, Field(min_length=1)]
    input: str | Annotated[list[dict[str, Any]], Field(min_length=1)]
    instructions: str | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Words | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: TextOptions | None = None
    include: list[str] | None = None
    stream: bool | None = None
