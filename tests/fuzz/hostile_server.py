"""A server that does what no server should: one behaviour is one small function, in every dialect that vlmkit speaks.

    python tests/fuzz/hostile_server.py tiny_chunks openai      prints its port, and serves until it is killed

A behaviour gets the `Case` of one request and yields what `ScriptedServer` sends: bytes, seconds of silence, `RESET`,
`CLOSE`. An honest answer names the row that was asked about (``row-7``), so that an answer in the wrong row shows.
"""

import asyncio
import gzip
import itertools
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from scripted_server import CLOSE, RESET, ScriptedServer, http

__all__ = ["BEHAVIOURS", "ENGINES", "POISON", "STREAMED", "Case", "HostileServer"]

POISON = "POISON"  # an answer that nobody asked for
ENGINES = ("openai", "ollama", "lmstudio", "anthropic", "gemini")

_HEAD = b"HTTP/1.1 200 OK\r\n"
_JSON = b"content-type: application/json\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n"
_STREAM = _HEAD + b"content-type: text/event-stream\r\n" + _CHUNKED + b"\r\n"
_BLOCK = 64 * 1024
_NONSENSE = (-1, 10**4000, 1e400, float("nan"), "12", [7], {"a": 1}, None, True, 2**63, -(10**30), "\udc00", 0.5)


# Dialects


def _usage_names(engine):
    if engine == "anthropic":
        return "usage", "input_tokens", "output_tokens"
    if engine == "gemini":
        return "usageMetadata", "promptTokenCount", "candidatesTokenCount"
    return "usage", "prompt_tokens", "completion_tokens"


def answer_of(engine, text, prompt_tokens=12, completion_tokens=3, **more):
    """A whole answer in an engine's dialect, as JSON has it."""
    usage, asked, written = _usage_names(engine)
    counts = {usage: {asked: prompt_tokens, written: completion_tokens}}
    if engine == "anthropic":
        content = [{"type": "text", "text": text}]
        return {"id": "msg_1", "type": "message", "content": content, "stop_reason": "end_turn", **counts, **more}
    if engine == "gemini":
        candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}
        return {"candidates": [candidate], "responseId": "r-1", **counts, **more}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return {"id": "chatcmpl-1", "model": "m", "choices": [choice], **counts, **more}


def event_of(engine, text):
    """An event of a streamed answer that adds a text."""
    if engine == "anthropic":
        return {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    if engine == "gemini":
        return {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]}
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def last_events_of(engine):
    """Those that end a streamed answer."""
    if engine == "anthropic":
        return [
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
            {"type": "message_stop"},
        ]
    if engine == "gemini":
        return [{"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}]
    return [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, "[DONE]"]


def error_of(engine, words):
    """What the dialect says of an error."""
    if engine == "anthropic":
        return {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    if engine == "gemini":
        return {"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}}
    return {"error": {"message": words, "type": "invalid_request_error", "code": "bad"}}


def list_of(engine, names):
    """A list of models, as the engine is asked for it."""
    if engine == "gemini":
        return {
            "models": [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in names]
        }
    if engine == "ollama":
        return {"models": [{"name": name, "digest": name, "size": 1, "details": {}} for name in names]}
    return {"data": [{"id": name, "type": "vlm", "state": "loaded"} for name in names]}


_LISTS = {"ollama": "/api/tags", "lmstudio": "/api/v0/models"}


@dataclass(frozen=True)
class Case:
    """One request, and how to answer it honestly."""

    engine: str
    body: bytes
    key: str
    number: int

    @property
    def text(self):
        found = re.search(rb"row-\d+", self.body)
        return f"a circle of {found[0].decode()}" if found else "a circle"

    @property
    def json(self):
        return json.dumps(answer_of(self.engine, self.text)).encode()

    @property
    def honest(self):
        return http(body=self.json)


# Behaviours; `whole` ones answer a request that wants all at once, `streamed` ones one that wants events

BEHAVIOURS: dict[str, Callable] = {}


def behaviour(function):
    BEHAVIOURS[function.__name__] = function
    return function


def _chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(content):
    return f"data: {content if isinstance(content, str) else json.dumps(content)}\n\n".encode()


def _for_ever(piece):
    block = piece * max(1, _BLOCK // len(piece))
    return itertools.repeat(block)


def _honest_events(case):
    events = [event_of(case.engine, part) for part in (case.text[:4], case.text[4:])]
    return [_chunk(_event(content)) for content in [*events, *last_events_of(case.engine)]]


@behaviour
def honest(case):
    """As it should be, which proves that the others are noticed because of what they do."""
    yield case.honest


@behaviour
def honest_events(case):
    yield _STREAM
    yield from _honest_events(case)
    yield b"0\r\n\r\n"


# What never ends


@behaviour
def tiny_chunks(case):
    yield _HEAD + _JSON + _CHUNKED + b"\r\n"
    yield from _for_ever(b"1\r\n \r\n")


@behaviour
def tiny_chunks_of_events(case):
    yield _STREAM
    yield from _for_ever(b"1\r\n:\r\n1\r\n\n\r\n")


@behaviour
def continue_for_ever(case):
    yield from _for_ever(b"HTTP/1.1 100 Continue\r\n\r\n")


@behaviour
def hints_for_ever(case):
    yield from _for_ever(b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n")


@behaviour
def headers_for_ever(case):
    yield _HEAD
    yield from _for_ever(b"x: y\r\n")


@behaviour
def one_header_for_ever(case):
    yield _HEAD + b"x: "
    yield from _for_ever(b"y")


@behaviour
def chunk_extension_for_ever(case):
    yield _HEAD + _CHUNKED + b"\r\n1;a="
    yield from _for_ever(b"y")


@behaviour
def trailers_for_ever(case):
    yield _HEAD + _JSON + _CHUNKED + b"\r\n" + _chunk(case.json) + b"0\r\n"
    yield from _for_ever(b"x: y\r\n")


@behaviour
def body_for_ever(case):
    yield _HEAD + _JSON + b"\r\n"
    yield from _for_ever(b" ")


@behaviour
def lines_for_ever(case):
    yield _HEAD + _JSON + b"\r\n"
    yield from _for_ever(b"\n")


@behaviour
def chunks_for_ever(case):
    yield _HEAD + _JSON + _CHUNKED + b"\r\n"
    yield from _for_ever(_chunk(b" " * 8000))


@behaviour
def events_for_ever(case):
    yield _STREAM
    yield from _for_ever(_chunk(_event({}) * 1000))


@behaviour
def deltas_for_ever(case):
    yield _STREAM
    yield from _for_ever(_chunk(_event(event_of(case.engine, "x")) * 100))


@behaviour
def long_deltas_for_ever(case):
    yield _STREAM
    yield from _for_ever(_chunk(_event(event_of(case.engine, "x" * 10_000))))


@behaviour
def comments_for_ever(case):
    yield _STREAM
    yield from _for_ever(_chunk(b": keep-alive\n\n" * 1000))


@behaviour
def empty_lines_for_ever(case):
    yield _STREAM
    yield from _for_ever(_chunk(b"\n" * 10_000))


@behaviour
def event_lines_for_ever(case):
    yield _STREAM
    yield from _for_ever(_chunk(b"data:\n" * 1000))


@behaviour
def one_event_for_ever(case):
    yield _STREAM + _chunk(b"data: ")
    yield from _for_ever(_chunk(b"x" * 8000))


# Answers that cost more to read than to send


@behaviour
def deep_json(case):
    yield http(body=b"[" * 200_000)


@behaviour
def many_lists(case):
    yield http(body=b'{"a": [' + b"[]," * 9_000_000 + b"[]]}")


@behaviour
def many_members(case):
    yield http(body=b'{"choices": [' + b"{}," * 600_000 + b"{}]}")


@behaviour
def long_text(case):
    yield http(body=json.dumps(answer_of(case.engine, "ha " * 7_000_000)).encode())


@behaviour
def long_number(case):
    yield http(body=b'{"usage": ' + b"9" * 1_000_000 + b"}")


@behaviour
def unasked_gzip(case):
    body = gzip.compress(b" " * 2_000_000)
    yield http(body=body, content_encoding="gzip")


# Framing that lies


@behaviour
def length_too_long(case):
    yield _HEAD + _JSON + b"content-length: 999999\r\n\r\n" + case.json
    yield CLOSE


@behaviour
def length_too_short(case):
    yield _HEAD + _JSON + b"content-length: 20\r\n\r\n" + case.json


@behaviour
def length_negative(case):
    yield _HEAD + _JSON + b"content-length: -5\r\n\r\n" + case.json


@behaviour
def length_huge(case):
    yield _HEAD + _JSON + b"content-length: " + b"9" * 20 + b"\r\n\r\n" + case.json
    yield CLOSE


@behaviour
def two_lengths(case):
    yield _HEAD + b"content-length: 2\r\ncontent-length: 200\r\n\r\n{}"


@behaviour
def length_and_chunks(case):
    yield _HEAD + _CHUNKED + b"content-length: 3\r\n\r\n" + _chunk(case.json) + b"0\r\n\r\n"


@behaviour
def chunk_size_nonsense(case):
    yield _HEAD + _CHUNKED + b"\r\nzz\r\n" + case.json


@behaviour
def chunk_size_huge(case):
    yield _HEAD + _CHUNKED + b"\r\n" + b"f" * 16 + b"\r\n" + case.json
    yield CLOSE


@behaviour
def many_headers(case):
    yield _HEAD + b"x: y\r\n" * 200_000 + b"\r\n" + case.json
    yield CLOSE


@behaviour
def bare_line_feeds(case):
    yield case.honest.replace(b"\r\n", b"\n")


@behaviour
def folded_header(case):
    yield case.honest.replace(b"\r\n", b"\r\nx: a\r\n b\r\n", 1)


@behaviour
def nul_in_header(case):
    yield case.honest.replace(b"\r\n", b"\r\nx: a\0b\r\n", 1)


@behaviour
def no_head(case):
    yield case.json
    yield CLOSE


@behaviour
def other_protocol(case):
    yield b"SSH-2.0-OpenSSH_9.7\r\n"
    yield CLOSE


@behaviour
def status_of_nothing(case):
    yield case.honest.replace(b"200", b"000", 1)


@behaviour
def status_too_long(case):
    yield case.honest.replace(b"200", b"99999", 1)


@behaviour
def switching_protocols(case):
    yield b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n" + case.honest


@behaviour
def no_content(case):
    yield b"HTTP/1.1 204 No Content\r\n\r\n" + case.json


@behaviour
def to_another_place(case):
    yield http(307, b"", location="file:///etc/passwd")


# Ends that come too early


@behaviour
def closed_at_once(case):
    yield CLOSE


@behaviour
def reset_at_once(case):
    yield RESET


@behaviour
def half_a_head(case):
    yield _HEAD + b"content-ty"
    yield CLOSE


@behaviour
def half_an_answer(case):
    yield case.honest[:-30]
    yield CLOSE


@behaviour
def reset_in_the_middle(case):
    yield case.honest[:-30]
    yield RESET


@behaviour
def half_an_event(case):
    yield _STREAM + _chunk(_event(event_of(case.engine, "half"))[:-9])
    yield CLOSE


@behaviour
def no_last_event(case):
    yield _STREAM + _chunk(_event(event_of(case.engine, "half"))) + b"0\r\n\r\n"


@behaviour
def silence(case):
    yield 3600


@behaviour
def a_byte_now_and_then(case):
    yield _HEAD + _JSON + b"content-length: 100000\r\n\r\n"
    for _ in range(100_000):
        yield b" "
        yield 0.05


# Answers that nobody asked for


def _poison(case):
    return http(body=answer_of(case.engine, POISON))


@behaviour
def second_answer_with_the_first(case):
    yield case.honest + _poison(case)


@behaviour
def second_answer_in_chunks(case):
    yield _HEAD + _JSON + _CHUNKED + b"\r\n" + _chunk(case.json) + b"0\r\n\r\n" + _poison(case)


@behaviour
def second_answer_at_once(case):
    yield case.honest
    yield 0.0
    yield _poison(case)


@behaviour
def second_answer_soon(case):
    yield case.honest
    yield 0.005
    yield _poison(case)


@behaviour
def half_a_second_answer(case):
    yield case.honest + _poison(case)[:30]
    yield 0.005
    yield _poison(case)[30:]


@behaviour
def interim_answer_behind(case):
    yield case.honest + b"HTTP/1.1 100 Continue\r\n\r\n"


@behaviour
def line_feeds_behind(case):
    yield case.honest + b"\r\n\r\n"


@behaviour
def answer_and_close(case):
    yield case.honest
    yield CLOSE


# Contents


def _numbers(value):
    text = json.dumps(value) if value is None or not isinstance(value, int) or abs(value) < 10**300 else "9" * 4000
    return text.encode("utf-8", "surrogatepass")


@behaviour
def nonsense_in_usage(case):
    value = _numbers(_NONSENSE[case.number % len(_NONSENSE)])
    honest = json.dumps(answer_of(case.engine, case.text, 1111, 2222)).encode()
    yield http(body=honest.replace(b"1111", value).replace(b"2222", value))


@behaviour
def usage_is_no_mapping(case):
    usage = _usage_names(case.engine)[0]
    yield http(body={**answer_of(case.engine, case.text), usage: [1, 2]})


@behaviour
def not_unicode(case):
    yield http(body=case.json.replace(b"circle", b"c\xffrcle"))


@behaviour
def control_characters(case):
    yield http(400, error_of(case.engine, "\x1b[2J\x07\u202e no"))


@behaviour
def nonsense_in_retry_after(case):
    value = ("1e300", "-5", "nan", "inf", "Thu, 99 Foo 2026", "9" * 400)[case.number % 6]
    yield http(429, error_of(case.engine, "slow down"), retry_after=value)


# A server, or a proxy, that repeats the key


@behaviour
def key_in_caption(case):
    yield http(body=answer_of(case.engine, f"{case.text} Bearer {case.key}"))


@behaviour
def key_in_error(case):
    yield http(400, error_of(case.engine, f"bad key {case.key}"))


@behaviour
def key_in_denial(case):
    yield http(401, error_of(case.engine, f"Incorrect API key provided: {case.key}"))


@behaviour
def key_in_no_json(case):
    yield http(200, f"<html>{case.key}</html>", "text/html")


@behaviour
def key_in_content_type(case):
    yield http(200, "no", f"text/{case.key}")


@behaviour
def key_in_header(case):
    yield http(400, b"", x_echo=case.key)


@behaviour
def key_in_bad_header(case):
    yield b"HTTP/1.1 200 OK\r\nx bad Bearer %s\0\r\n\r\n" % case.key.encode()


@behaviour
def key_in_status_line(case):
    yield b"HTTP/1.1 400 no %s\r\ncontent-length: 0\r\n\r\n" % case.key.encode()


@behaviour
def key_in_bad_status_line(case):
    yield b"HTTP/9 %s\r\ncontent-length: 0\r\n\r\n" % case.key.encode()


@behaviour
def key_in_chunk_size(case):
    yield _HEAD + _CHUNKED + b"\r\n%s\r\n" % case.key.encode()


@behaviour
def key_in_encoding(case):
    yield http(200, b"{}", content_encoding=case.key)


@behaviour
def key_in_place(case):
    yield http(302, b"", location=f"http://127.0.0.1:1/?key={case.key}")


@behaviour
def key_in_event(case):
    yield _STREAM + _chunk(_event(f"no JSON {case.key}")) + b"0\r\n\r\n"


@behaviour
def key_in_deltas(case):
    yield _STREAM
    for character in f"{case.text} {case.key}.":
        yield _chunk(_event(event_of(case.engine, character)))
    yield b"".join(_chunk(_event(content)) for content in last_events_of(case.engine)) + b"0\r\n\r\n"


@behaviour
def key_in_refusal(case):
    yield http(body=answer_of(case.engine, "", error=error_of(case.engine, case.key)["error"]))


@behaviour
def key_in_finish_reason(case):
    answer = json.dumps(answer_of(case.engine, "")).replace('"stop"', f'"{case.key}"').replace("STOP", case.key)
    yield http(body=answer.replace("end_turn", case.key).encode())


STREAMED = {
    *(name for name in BEHAVIOURS if "event" in name or "delta" in name or "comment" in name),
    "empty_lines_for_ever",
}
"""Those that answer with events, and so only who asked for them."""


class HostileServer(ScriptedServer):
    """Answers every ask by one behaviour, and lists of models honestly.

    Parameters
    ----------
    behaviour : str
    engine : str
        Whose dialect it speaks.
    models : int, default 1
        Length of its list of models.
    """

    def __init__(self, behaviour, engine="openai", *, models=1):
        names = ["m", *(f"m{number}" for number in range(1, models))]
        self.engine, self.behaviour = engine, behaviour
        good = http(body=list_of(engine, names))
        routes = dict.fromkeys(("/v1/models", "/v1/models?pageSize=1000", _LISTS.get(engine, "/v1/models")), good)
        routes |= {"/api/ps": http(body={"models": []}), "/api/show": http(body={"capabilities": ["vision"]})}
        super().__init__(self._script_of, routes=routes)

    @property
    def model(self):
        return f"{self.engine}:m@{self.url}"

    def _script_of(self, request):
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = key or request.headers.get("x-api-key") or request.headers.get("x-goog-api-key") or "no-key"
        case = Case(engine=self.engine, body=request.body, key=key, number=len(self.requests))
        return BEHAVIOURS[self.behaviour](case)


async def _wait_for_ever():
    await asyncio.Event().wait()


if __name__ == "__main__":
    with HostileServer(*sys.argv[1:]) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        asyncio.run(_wait_for_ever())
