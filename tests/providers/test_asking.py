"""Messages, tools and tool calls over a real connection, in every dialect: what is sent and what comes back."""

import base64
import io
import json
import threading

import pytest
from PIL import Image
from scripted_server import http, sse

from vlmkit.errors import BadSetting, ServerFault
from vlmkit.records import Ask, Constraint, Message, Picture, ToolCall, ToolDefinition

WAIT_S = 20
SCHEMA = {"type": "object", "properties": {"row": {"type": "integer"}}}
LOOK = ToolDefinition(name="look", description="Looks at a row.", parameters=json.dumps(SCHEMA))
NOW = ToolDefinition(name="now")
CALL = ToolCall(id="call_1", name="look", arguments='{"row": 1}')
SECOND = ToolCall(id="call_2", name="now")


def _picture(color):
    data = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(data, "PNG")
    return Picture(data=data.getvalue(), media_type="image/png", width=8, height=8, digest=color)


RED, BLUE, GREEN = map(_picture, ("red", "blue", "green"))
CONVERSATION = (
    Message.system("Be brief."),
    Message(role="user", content=("Is ", RED, " in the table?")),
    Message.assistant("I look.", [CALL, SECOND]),
    Message.tool("call_1", "one star", [BLUE]),
    Message.tool("call_2", "noon"),
    Message.user("And this?", [GREEN]),
)
ASK = Ask(messages=CONVERSATION, tools=(LOOK, NOW))


def data_of(picture):
    return base64.b64encode(picture.data).decode()


def openai(choice_or_message):
    return {"id": "r", "choices": [choice_or_message], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}


def openai_calls(*calls):
    entries = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    message = {"role": "assistant", "content": None, "tool_calls": entries}
    return openai({"finish_reason": "tool_calls", "message": message})


ANTHROPIC = {
    "content": [
        {"type": "text", "text": "I look."},
        {"type": "tool_use", "id": "call_1", "name": "look", "input": {"row": 1}},
        {"type": "tool_use", "id": "call_2", "name": "now", "input": {}},
    ],
    "stop_reason": "tool_use",
}
GEMINI = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "I look."},
                    {"functionCall": {"id": "call_1", "name": "look", "args": {"row": 1}}},
                    {"functionCall": {"id": "call_2", "name": "now"}},
                ]
            },
            "finishReason": "STOP",
        }
    ]
}
WHOLE = {
    "openai": openai_calls(CALL, SECOND),
    "ollama": openai_calls(CALL, SECOND),
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
}


@pytest.mark.parametrize("engine", WHOLE)
def test_calls_come_back(serve, opened, engine):
    """With id, name and arguments as JSON; why the answer ended is the same word everywhere."""
    backend = opened(serve(http(body=WHOLE[engine])), engine=engine)
    assert backend.abilities.tools
    reply = backend.submit(ASK).result(WAIT_S)
    assert reply.tool_calls == (CALL, SECOND)
    assert reply.text == ("" if engine in {"openai", "ollama"} else "I look.")
    assert reply.finish_reason == "tool_calls"


def openai_events():
    def event(delta, reason=None):
        return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    def part(index, call_id=None, name=None, arguments=""):
        named = {"id": call_id, "type": "function"} if call_id else {}
        return {"tool_calls": [{"index": index, **named, "function": {"name": name, "arguments": arguments}}]}

    return [
        event({"role": "assistant", "content": None}),
        event(part(0, "call_1", "look")),
        *(event(part(0, arguments=text)) for text in ('{"ro', 'w": 1', "}")),
        event(part(1, "call_2", "now")),
        event(part(1, arguments="{}")),
        event({}, "tool_calls"),
    ]


def anthropic_events():
    def begins(index, block):
        return {"type": "content_block_start", "index": index, "content_block": block}

    def goes_on(index, delta):
        return {"type": "content_block_delta", "index": index, "delta": delta}

    return [
        {"type": "message_start", "message": {"id": "r"}},
        begins(0, {"type": "text", "text": ""}),
        goes_on(0, {"type": "text_delta", "text": "I look."}),
        begins(1, {"type": "tool_use", "id": "call_1", "name": "look", "input": {}}),
        *(goes_on(1, {"type": "input_json_delta", "partial_json": text}) for text in ("", '{"row"', ": 1}")),
        begins(2, {"type": "tool_use", "id": "call_2", "name": "now", "input": {}}),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]


def gemini_events():
    content = GEMINI["candidates"][0]["content"]["parts"]
    events = [{"candidates": [{"content": {"parts": [part]}}]} for part in content]
    events[-1]["candidates"][0]["finishReason"] = "STOP"
    return events


STREAMS = {
    "openai": sse(*openai_events()),
    "anthropic": sse(*anthropic_events(), done=False),
    "gemini": sse(*gemini_events(), done=False),
}


@pytest.mark.parametrize("engine", STREAMS)
def test_calls_are_streamed(serve, opened, engine):
    """Each begins with its number, id and name; what follows is arguments alone; together they are the reply's."""
    *pieces, last = opened(serve(STREAMS[engine]), engine=engine).stream(ASK)
    assert last.reply.tool_calls == (CALL, SECOND)
    assert last.reply.finish_reason == "tool_calls"
    parts = [part for piece in pieces for part in piece.tool_calls]
    assert [(part.index, part.id, part.name) for part in parts if part.name] == [
        (0, "call_1", "look"),
        (1, "call_2", "now"),
    ]
    assert all(part.name or not part.id for part in parts)
    assert "".join(part.arguments for part in parts if part.index == 0) == '{"row": 1}'
    assert "".join(piece.text for piece in pieces) == last.reply.text


def test_openai_gets_the_whole_conversation(serve, opened):
    """In order; pictures of tools in a message of the user's, behind all results, as servers drop them elsewhere."""
    server = serve(http(body=openai_calls(CALL)))
    opened(server).submit(ASK).result(WAIT_S)
    (request,) = server.requests

    def link(picture):
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data_of(picture)}"}}

    def call(each):
        return {"id": each.id, "type": "function", "function": {"name": each.name, "arguments": each.arguments}}

    def text(words):
        return {"type": "text", "text": words}

    assert request.json["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [text("Is "), link(RED), text(" in the table?")]},
        {"role": "assistant", "content": "I look.", "tool_calls": [call(CALL), call(SECOND)]},
        {"role": "tool", "tool_call_id": "call_1", "content": "one star"},
        {"role": "tool", "tool_call_id": "call_2", "content": "noon"},
        {"role": "user", "content": [text("Pictures that look gave:"), link(BLUE)]},
        {"role": "user", "content": [link(GREEN), text("And this?")]},
    ]
    assert request.json["tools"] == [
        {"type": "function", "function": {"name": "look", "description": "Looks at a row.", "parameters": SCHEMA}},
        {"type": "function", "function": {"name": "now", "parameters": {"type": "object", "properties": {}}}},
    ]
    assert "tool_choice" not in request.json
    assert "parallel_tool_calls" not in request.json


def test_anthropic_gets_the_whole_conversation(serve, opened):
    """Results are said by the user, pictures among them."""
    server = serve(http(body=ANTHROPIC))
    opened(server, engine="anthropic").submit(ASK).result(WAIT_S)
    (request,) = server.requests

    def image(picture):
        return {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": data_of(picture)},
        }

    def text(words):
        return {"type": "text", "text": words}

    def result(call, *content):
        return {"type": "tool_result", "tool_use_id": call.id, "content": list(content)}

    assert request.json["system"] == "Be brief."
    assert request.json["messages"] == [
        {"role": "user", "content": [text("Is "), image(RED), text(" in the table?")]},
        {
            "role": "assistant",
            "content": [
                text("I look."),
                {"type": "tool_use", "id": "call_1", "name": "look", "input": {"row": 1}},
                {"type": "tool_use", "id": "call_2", "name": "now", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                result(CALL, image(BLUE), text("one star")),
                result(SECOND, text("noon")),
                *(image(GREEN), text("And this?")),
            ],
        },
    ]
    assert request.json["tools"][0] == {
        "name": "look",
        "description": "Looks at a row.",
        "input_schema": SCHEMA,
    }


def test_gemini_gets_the_whole_conversation(serve, opened):
    """Results by the names of their tools, pictures beside them."""
    server = serve(http(body=GEMINI))
    opened(server, engine="gemini").submit(ASK).result(WAIT_S)
    (request,) = server.requests

    def image(picture):
        return {"inline_data": {"mime_type": "image/png", "data": data_of(picture)}}

    def result(call, words):
        return {"functionResponse": {"id": call.id, "name": call.name, "response": {"result": words}}}

    assert request.json["system_instruction"] == {"parts": [{"text": "Be brief."}]}
    assert request.json["contents"] == [
        {"role": "user", "parts": [{"text": "Is "}, image(RED), {"text": " in the table?"}]},
        {
            "role": "model",
            "parts": [
                {"text": "I look."},
                {"functionCall": {"id": "call_1", "name": "look", "args": {"row": 1}}},
                {"functionCall": {"id": "call_2", "name": "now", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                result(CALL, "one star"),
                image(BLUE),
                result(SECOND, "noon"),
                *(image(GREEN), {"text": "And this?"}),
            ],
        },
    ]
    declared = request.json["tools"][0]["functionDeclarations"]
    assert declared[0] == {"name": "look", "description": "Looks at a row.", "parametersJsonSchema": SCHEMA}


@pytest.mark.parametrize(
    ("engine", "choice", "sent"),
    [
        ("openai", "required", {"tool_choice": "required"}),
        ("openai", "none", {"tool_choice": "none"}),
        ("openai", "look", {"tool_choice": {"type": "function", "function": {"name": "look"}}}),
        ("anthropic", "required", {"tool_choice": {"type": "any"}}),
        ("anthropic", "none", {"tool_choice": {"type": "none"}}),
        ("anthropic", "look", {"tool_choice": {"type": "tool", "name": "look"}}),
        ("gemini", "required", {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}),
        ("gemini", "none", {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}}),
        (
            "gemini",
            "look",
            {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}}},
        ),
    ],
)
def test_a_choice_of_tools_is_sent(serve, opened, engine, choice, sent):
    """In each dialect's own words."""
    server = serve(http(body=WHOLE[engine]))
    backend = opened(server, engine=engine)
    backend.submit(Ask(messages=CONVERSATION, tools=ASK.tools, tool_choice=choice)).result(WAIT_S)
    (request,) = server.requests
    assert sent.items() <= request.json.items()


def test_one_call_at_a_time_is_sent_or_refused(serve, opened):
    """Ollama has no word for it, nor for a call that must be made; leaving tools out needs none."""
    one = Ask(messages=CONVERSATION, tools=ASK.tools, parallel_tool_calls=False)
    server = serve(http(body=openai_calls(CALL)), http(body=openai_calls(CALL)))
    opened(server).submit(one).result(WAIT_S)
    assert server.requests[0].json["parallel_tool_calls"] is False
    anthropic = serve(http(body=ANTHROPIC))
    opened(anthropic, engine="anthropic").submit(one).result(WAIT_S)
    assert anthropic.requests[0].json["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    ollama = opened(server, engine="ollama")
    for bad in (one, Ask(messages=CONVERSATION, tools=ASK.tools, tool_choice="required")):
        with pytest.raises(BadSetting, match="takes no such option"):
            ollama.submit(bad)
    ollama.submit(Ask(messages=CONVERSATION, tools=ASK.tools, tool_choice="none")).exception(WAIT_S)
    assert "tools" not in server.requests[1].json


def test_what_a_server_does_not_take_is_refused(serve, opened):
    """A picture in a system text, or special tokens: nothing is dropped in silence."""
    backend = opened(serve(http(body=openai_calls(CALL))))
    with pytest.raises(BadSetting, match=r"messages\[0\]: a server takes no picture in a message of role 'system'"):
        backend.submit(Ask(messages=(Message(role="system", content=(RED,)), Message.user("?"))))
    with pytest.raises(BadSetting, match="keep_special_tokens: m's server takes no such option"):
        backend.submit(Ask(messages=(Message.user("?"),), keep_special_tokens=True))
    with pytest.raises(BadSetting, match="grammar: m's server takes no such option"):
        backend.submit(Ask(messages=(Message.user("?"),), constraint=Constraint(kind="grammar", text='start: "a"')))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_call_that_nobody_offered_is_no_answer(serve, opened, streamed):
    """Whole or streamed; beside a text it does not matter."""
    bare = Ask(messages=(Message.user("?"),))
    backend = opened(serve(STREAMS["openai"] if streamed else http(body=openai_calls(CALL))))
    heard = []
    future = backend.submit(bare, heard.append if streamed else None)
    with pytest.raises(ServerFault, match="the answer has no text"):
        future.result(WAIT_S)
    assert heard == []
    text = opened(serve(http(body=ANTHROPIC)), engine="anthropic").submit(bare).result(WAIT_S)
    assert (text.text, text.tool_calls) == ("I look.", ())


def test_a_key_in_a_call_is_redacted(serve, opened):
    """A server may repeat it anywhere, also cut in two."""
    key = "sk-secret-0123456789"
    event = {"choices": [{"delta": {}, "finish_reason": None}]}
    parts = ['{"key": "sk-secret', "-0123", '456789"}']
    events = [json.loads(json.dumps(event)) for _ in parts]
    for place, (each, text) in enumerate(zip(events, parts, strict=True)):
        named = {"id": "call_1", "function": {"name": "look", "arguments": text}}
        each["choices"][0]["delta"] = {
            "tool_calls": [{"index": 0, **(named if not place else {"function": named["function"]})}]
        }
    events.append({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    whole = openai_calls(ToolCall(id="call_1", name="look", arguments="".join(parts)))
    backend = opened(serve(sse(*events), http(body=whole)), api_key=key)
    heard = []
    streamed = backend.submit(ASK, heard.append).result(WAIT_S)
    for reply in (streamed, backend.submit(ASK).result(WAIT_S)):
        assert key not in reply.tool_calls[0].arguments
        assert reply.tool_calls[0].parsed_arguments["key"]
    shown = "".join(part.arguments for delta in heard for part in delta.tool_calls)
    assert shown == streamed.tool_calls[0].arguments


def test_streams_need_no_threads_of_their_own(serve, opened):
    """All are in flight in the one of the event loop, and each listener hears its own answer."""
    go_on = threading.Event()

    def answer(request):
        go_on.wait(WAIT_S)
        prompt = request.json["messages"][-1]["content"]
        return sse(
            *({"choices": [{"delta": {"content": word}, "finish_reason": None}]} for word in ("you said ", prompt)),
            {"choices": [{"delta": {}, "finish_reason": "stop"}]},
        )

    backend = opened(serve(answer))
    backend.submit(Ask(messages=(Message.user("first"),))).cancel()  # the loop has its thread now
    before = threading.active_count()
    heard = [[] for _ in range(40)]
    futures = [
        backend.submit(Ask(messages=(Message.user(f"number {number}"),)), pieces.append)
        for number, pieces in enumerate(heard)
    ]
    assert threading.active_count() == before
    go_on.set()
    texts = [future.result(WAIT_S).text for future in futures]
    assert texts == [f"you said number {number}" for number in range(40)]
    assert ["".join(delta.text for delta in pieces) for pieces in heard] == texts


def test_a_signature_goes_back_with_its_call(serve, opened):
    """Gemini refuses its own calls without it; what another model called has a word of Google's in its place."""
    first, second = (json.loads(json.dumps(part)) for part in GEMINI["candidates"][0]["content"]["parts"][1:])
    first["thoughtSignature"] = "c2lnbmVk"
    signed = {"candidates": [{"content": {"parts": [first, second]}, "finishReason": "STOP"}]}
    for script, listener in ((http(body=signed), None), (sse(signed, done=False), lambda _: None)):
        server = serve(script, http(body=GEMINI))
        backend = opened(server, engine="gemini", name="gemini-3-flash")
        reply = backend.submit(ASK, listener).result(WAIT_S)
        assert [call.signature for call in reply.tool_calls] == ["c2lnbmVk", ""]
        results = (Message.tool("call_1", "one star"), Message.tool("call_2", "noon"))
        said = (Message.user("?"), Message.assistant("", reply.tool_calls), *results)
        backend.submit(Ask(messages=said, tools=ASK.tools)).result(WAIT_S)
        parts = server.requests[-1].json["contents"][1]["parts"]
        assert [part.get("thoughtSignature") for part in parts] == ["c2lnbmVk", None]


@pytest.mark.parametrize(
    ("name", "signature"),
    [("gemini-3-flash", "skip_thought_signature_validator"), ("gemini-2.5-flash", None)],
)
def test_calls_of_another_model_have_no_signature(serve, opened, name, signature):
    """Older models want none."""
    server = serve(http(body=GEMINI))
    opened(server, engine="gemini", name=name).submit(ASK).result(WAIT_S)
    parts = server.requests[0].json["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in parts] == [None, signature, None]
