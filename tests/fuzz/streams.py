"""What servers answer, whole and event by event, in every dialect: a piece of an answer, or a typed fault."""

import json
import random
import sys

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import as_bytes, from_bytes, mutated_bytes, mutated_json
from vlmkit.errors import BackendError
from vlmkit.providers.anthropic_messages import ANTHROPIC_MESSAGES
from vlmkit.providers.dialect import AnswerPiece, no_text, parse_json
from vlmkit.providers.faults import fault_in_body, fault_of_answer, server_words
from vlmkit.providers.gathering import Events
from vlmkit.providers.gemini_content import GEMINI_CONTENT
from vlmkit.providers.openai_chat import OPENAI_CHAT
from vlmkit.providers.transport import HttpAnswer

DIALECTS = (OPENAI_CHAT, ANTHROPIC_MESSAGES, GEMINI_CONTENT)
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "input_tokens": 9, "output_tokens": 3, "promptTokenCount": 9}
LIKELY = {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [{"token": "A", "logprob": -0.1}]}]}
SAMPLES = (
    {"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "A cat."}, "finish_reason": "stop",
     "logprobs": LIKELY}], "usage": USAGE},
    {"choices": [{"delta": {"content": "A", "reasoning_content": "hm"}, "finish_reason": None, "logprobs": LIKELY}]},
    {"choices": [{"message": {"content": [{"type": "text", "text": "A"}], "refusal": "no"},
      "finish_reason": "length"}]},
    {"id": "m", "type": "message", "content": [{"type": "text", "text": "A cat."},
     {"type": "thinking", "thinking": "h"}], "stop_reason": "end_turn", "usage": USAGE},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "A"}},
    {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": USAGE},
    {"type": "message_start", "message": {"id": "m", "usage": USAGE}}, {"type": "message_stop"},
    {"candidates": [{"content": {"parts": [{"text": "A cat."}, {"text": "h", "thought": True}], "role": "model"},
     "finishReason": "STOP", "logprobsResult": {"chosenCandidates": [{"token": "A", "logProbability": -0.1}]}}],
     "usageMetadata": USAGE, "responseId": "x", "promptFeedback": {"blockReason": "SAFETY"}},
    {"error": {"message": "no credit", "type": "insufficient_quota", "code": 429, "details": [{"retryDelay": "3s"}]}},
    {"detail": [{"msg": "bad", "loc": ["a"]}]}, [{"error": {"message": "x", "status": "RESOURCE_EXHAUSTED"}}],
)  # fmt: skip
HEADERS = ("retry-after", "x-ratelimit-reset-requests", "x-ratelimit-remaining-tokens", "location", "content-type")


def make(draw: random.Random) -> bytes:
    """Number of a dialect, status, headers, and the text of one to three answers."""
    answers = [json.dumps(mutated_json(draw, draw.choice(SAMPLES)), ensure_ascii=draw.random() < 0.7) for _ in range(3)]
    if draw.randrange(3) == 0:
        others = [answer.encode("utf-8", "replace") for answer in answers]
        answers = [mutated_bytes(draw, each, others).decode("latin-1") for each in others]
    values = ["0", "-1", "1e300", "nan", "9" * 400, "Wed, 21 Oct 2099 07:28:00 GMT", "1m30s", "\x1b[2J", "", "٣"]
    headers = {name: draw.choice(values) for name in HEADERS if draw.randrange(2)}
    return as_bytes([draw.randrange(3), draw.choice([200, 400, 401, 404, 429, 500, 529, 0, 999]), headers, answers])


def check(data: bytes) -> None:
    """Read answers and streams of servers in every dialect."""
    match from_bytes(data):
        case [int(number), int(status), dict(headers), list(answers)]:
            dialect = DIALECTS[number % len(DIALECTS)]
        case _:
            return
    answers = [str(answer) for answer in answers]
    for answer in answers:
        _whole(dialect, answer)
    stream = "".join(f"data: {answer}\n\n" for answer in answers).encode("utf-8", "replace")
    for event in _events(stream, 1 + status % 97):
        try:
            assert isinstance(dialect.read_event(event), AnswerPiece)
        except (BackendError, json.JSONDecodeError, RecursionError):  # as its documentation has it
            continue
    heads = {str(name): str(value) for name, value in headers.items()}
    told = HttpAnswer(status=status, headers=heads, body="".join(answers).encode("utf-8", "replace"))
    assert server_words(told).isprintable()
    assert isinstance(fault_of_answer(told, "server"), BackendError)
    assert isinstance(fault_in_body(told, "server"), BackendError | None)


def _events(stream, piece_bytes):
    events = Events(most_lines=100)
    try:
        for start in range(0, len(stream), piece_bytes):
            yield from events.feed(stream[start : start + piece_bytes])
        yield from events.feed(b"")
    except BackendError:  # of more lines than an answer has
        return


def _whole(dialect, answer):
    try:
        content = parse_json(answer)
    except (ValueError, RecursionError):  # as its documentation has it
        return
    try:
        piece = dialect.read(content)
    except BackendError:
        return
    assert isinstance(piece, AnswerPiece)
    assert isinstance(no_text(piece), BackendError)


FUZZER = Fuzzer(name="streams", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
