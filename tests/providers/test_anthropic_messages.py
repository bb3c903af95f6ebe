"""Anthropic's dialect, over a connection and without."""

import base64
import json

import pytest
from scripted_server import http, sse

from vlmkit.errors import BadSetting, Refused, ServerFault
from vlmkit.providers.anthropic_messages import ANTHROPIC_MESSAGES
from vlmkit.records import Sampling

ANSWER = {
    "type": "message",
    "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a star"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 9, "output_tokens": 2},
}
EVENTS = [
    {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "a "}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "star"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
WAIT_S = 20


def test_what_is_sent_is_anthropics_shape(serve, opened, ask):
    """Pictures as sources, the system text beside the messages, the key in its own header."""
    server = serve(http(body=ANSWER))
    backend = opened(server, engine="anthropic", api_key="k-1")
    asked = ask("What?", system="Be brief.", sampling=Sampling(top_k=3, stop=("x",)))
    reply = backend.submit(asked).result(WAIT_S)
    assert (reply.text, reply.finish_reason) == ("a star", "stop")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 2)
    (request,) = server.requests
    assert request.path == "/v1/messages"
    assert request.headers["x-api-key"] == "k-1"
    assert request.headers["anthropic-version"] == "2023-06-01"
    source = {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(asked.pictures[0].data).decode(),
    }
    assert request.json == {
        "model": "m",
        "max_tokens": 256,
        "temperature": 0.0,
        "system": "Be brief.",
        "top_k": 3,
        "stop_sequences": ["x"],
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "What?"}]}
        ],
    }


def test_a_stream_is_read_event_by_event(serve, opened, ask):
    """Text from some, reason and tokens from others."""
    *pieces, last = opened(serve(sse(*EVENTS, done=False)), engine="anthropic").stream(ask())
    assert [piece.text for piece in pieces] == ["a ", "star"]
    assert (last.reply.text, last.reply.finish_reason) == ("a star", "length")
    assert (last.reply.usage.prompt_tokens, last.reply.usage.completion_tokens) == (9, 2)


@pytest.mark.parametrize(("kind", "transient"), [("overloaded_error", True), ("invalid_request_error", False)])
def test_an_error_in_the_stream_is_a_fault(kind, transient):
    """Some pass, others do not."""
    with pytest.raises(ServerFault, match="too busy") as caught:
        ANTHROPIC_MESSAGES.read_event(json.dumps({"type": "error", "error": {"type": kind, "message": "too busy"}}))
    assert caught.value.is_transient is transient


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (None, ServerFault),
        ({}, ServerFault),
        ({"content": []}, ServerFault),
        ({"content": [], "stop_reason": "refusal"}, Refused),
        ({"content": [3, {"type": "text"}], "stop_reason": "max_tokens"}, ServerFault),
        ({"content": [{"type": "thinking", "thinking": "hm"}], "stop_reason": "end_turn"}, ServerFault),
    ],
)
def test_what_is_no_answer_is_a_fault(content, kind):
    """Whatever JSON came."""
    with pytest.raises(kind):
        ANTHROPIC_MESSAGES.read(content)


def test_an_unknown_reason_survives():
    """As the server wrote it."""
    assert ANTHROPIC_MESSAGES.read(ANSWER | {"stop_reason": "pause_turn"}).finish_reason == "pause_turn"


def test_options_it_has_no_word_for_are_refused(serve, opened, ask):
    """A seed, for instance."""
    with pytest.raises(BadSetting, match="seed: m's server takes no such option"):
        opened(serve(http(body=ANSWER)), engine="anthropic").submit(ask(sampling=Sampling(seed=1)))
