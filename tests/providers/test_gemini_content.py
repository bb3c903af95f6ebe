"""Google's dialect, over a connection and without."""

import base64
import json

import pytest
from scripted_server import http, sse

from vlmkit.errors import Refused, ServerFault
from vlmkit.providers.gemini_content import GEMINI_CONTENT
from vlmkit.records import Constraint, Sampling


def candidate(*texts, reason="STOP", **more):
    parts = [{"text": text} for text in texts]
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": reason}],
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2},
        **more,
    }


WAIT_S = 20


def test_what_is_sent_is_googles_shape(serve, opened, ask):
    """Inline data, the system text beside the contents, the key in a header and never in the address."""
    server = serve(http(body=candidate("a ", "star", reason="MAX_TOKENS")))
    backend = opened(server, engine="gemini", name="gemini-9/x", api_key="k-1")
    schema = Constraint(kind="json_schema", text='{"type": "object"}')
    sampling = Sampling(top_k=3, top_p=0.5, stop=("x",), seed=4)
    asked = ask("What?", system="Be brief.", sampling=sampling, constraint=schema)
    reply = backend.submit(asked).result(WAIT_S)
    assert (reply.text, reply.finish_reason) == ("a star", "length")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (9, 2)
    (request,) = server.requests
    assert request.path == "/v1/models/gemini-9%2Fx:generateContent"
    assert request.headers["x-goog-api-key"] == "k-1"
    data = {"mime_type": "image/png", "data": base64.b64encode(asked.pictures[0].data).decode()}
    assert request.json == {
        "contents": [{"role": "user", "parts": [{"inline_data": data}, {"text": "What?"}]}],
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {
            "maxOutputTokens": 256,
            "temperature": 0.0,
            "topK": 3,
            "topP": 0.5,
            "stopSequences": ["x"],
            "seed": 4,
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"},
        },
    }


def test_a_stream_is_whole_answers_in_pieces(serve, opened, ask):
    """The last one has the reason."""
    server = serve(sse(candidate("a ", reason=None), candidate("star"), done=False))
    *pieces, last = opened(server, engine="gemini").stream(ask())
    assert [piece.text for piece in pieces] == ["a ", "star"]
    assert (last.reply.text, last.reply.finish_reason) == ("a star", "stop")
    assert server.requests[0].path.endswith(":streamGenerateContent?alt=sse")


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (None, ServerFault, "no candidates"),
        ({"candidates": []}, ServerFault, "no candidates"),
        (candidate(reason="SAFETY"), Refused, "SAFETY"),
        (candidate(), ServerFault, "no text"),
        (candidate(reason="MAX_TOKENS"), ServerFault, "raise max_tokens"),
        ({"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]}, ServerFault, "only thought"),
        ({"candidates": [{}], "usageMetadata": {"thoughtsTokenCount": 9}}, ServerFault, "turn thinking off"),
        ({"promptFeedback": {"blockReason": "OTHER"}}, Refused, "OTHER"),
        ({"error": {"message": "broken"}}, ServerFault, "broken"),
    ],
)
def test_what_is_no_answer_is_a_fault(content, kind, words):
    """Refusals as refusals."""
    with pytest.raises(kind, match=words):
        GEMINI_CONTENT.read(content)


def test_thoughts_are_not_text():
    """Only what the model says to others."""
    content = candidate("a star")
    content["candidates"][0]["content"]["parts"].insert(0, {"text": "hm", "thought": True})
    assert GEMINI_CONTENT.read(json.loads(json.dumps(content))).text == "a star"
