"""A model on a server, asked over a real connection: what is sent, what comes back, and every way it can fail."""

import base64
import gc
import json
import os
import threading
import time
from concurrent.futures import CancelledError, wait

import pytest
from scripted_server import CLOSE, RESET, chat, completion, deltas, http, sse

from vlmkit.errors import (
    BadSetting,
    Cancelled,
    ModelLoadFailed,
    ModelNotFound,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from vlmkit.records import Constraint, Sampling

WAIT_S = 20
LONG_S = 60  # the server keeps silent for longer than the test could last
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
KEY = "sk-secret-0123456789"


def ask_threads():
    return {thread for thread in threading.enumerate() if thread.name == "vlmkit-ask"}


def fault_of(backend, ask, **options):
    return backend.submit(ask(**options)).exception(WAIT_S)


def test_what_is_sent_is_what_was_asked(serve, opened, ask):
    """Pictures as data URLs of their own bytes, before the text; system text; sampling; nothing neutral."""
    server = serve(chat())
    asked = ask("Say it.", colors=("red", "blue"), system="Be brief.", sampling=Sampling(max_tokens=7, top_p=0.5))
    opened(server, detail="low").submit(asked).result(WAIT_S)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    links = [
        {"url": "data:image/png;base64," + base64.b64encode(picture.data).decode(), "detail": "low"}
        for picture in asked.pictures
    ]
    assert request.json == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    *({"type": "image_url", "image_url": link} for link in links),
                    {"type": "text", "text": "Say it."},
                ],
            },
        ],
        "max_tokens": 7,
        "temperature": 0.0,
        "top_p": 0.5,
    }


def test_a_reply_has_what_the_server_said(serve, opened, ask):
    """Text, reason, tokens, seconds, and who answered."""
    backend = opened(serve([0.05, chat("a star", "length")]))
    reply = backend.submit(ask()).result(WAIT_S)
    assert (reply.text, reply.finish_reason, reply.model) == ("a star", "length", backend.model)
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (12, 3)
    assert 0.05 <= reply.seconds < WAIT_S


def test_an_unknown_finish_reason_survives(serve, opened, ask):
    """A word that nobody has heard of is handed on."""
    assert opened(serve(chat(finish_reason="tired"))).submit(ask()).result(WAIT_S).finish_reason == "tired"


STATUSES = [
    (400, Refused, None),
    (401, Unauthorized, None),
    (403, Unauthorized, None),
    (404, Refused, None),
    (408, ServerFault, True),
    (409, ServerFault, True),
    (413, Refused, None),
    (422, Refused, None),
    (425, ServerFault, True),
    (429, RateLimited, None),
    (500, ServerFault, True),
    (501, ServerFault, False),
    (502, ServerFault, True),
    (503, ServerFault, True),
    (529, ServerFault, True),
]


@pytest.mark.parametrize(("status", "kind", "transient"), STATUSES)
def test_each_status_is_its_fault(serve, opened, ask, status, kind, transient):
    """With the server's words in one line, where they came from, and the time it asked to wait."""
    server = serve(http(status, {"error": {"message": "no\nway\x1b[31m"}}, retry_after=7))
    fault = fault_of(opened(server), ask)
    assert type(fault) is kind
    assert f"answered {status}: no way [31m." in str(fault)
    assert server.url in str(fault)
    assert getattr(fault, "is_transient", None) is transient
    if kind in {RateLimited, ServerFault, Unauthorized}:
        assert fault.retry_after_s == 7


def test_an_empty_account_is_not_worth_waiting_for(serve, opened, ask):
    """OpenAI says so with the status of too many requests."""
    server = serve(http(429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}))
    assert type(fault_of(opened(server), ask)) is Refused


def test_a_missing_model_ends_a_run_that_has_nothing(serve, opened, ask):
    """Before the first answer it is a mistake of the call; afterwards a fault of one row."""
    missing = http(404, {"error": {"message": "model 'm' not found"}})
    backend = opened(serve(missing, chat(), missing))
    assert type(fault_of(backend, ask)) is ModelNotFound
    assert fault_of(backend, ask) is None
    assert type(fault_of(backend, ask)) is Refused


BROKEN = {
    "reset before the answer": ([RESET], Unreachable, "lost"),
    "closed before the answer": ([CLOSE], Unreachable, "lost"),
    "reset in the body": ([HEAD + b"content-length: 900\r\n\r\n{", 0.05, RESET], Unreachable, "lost"),
    "closed in the body": ([HEAD + b"content-length: 900\r\n\r\n{", CLOSE], Unreachable, "lost"),
    "not HTTP": ([b"220 mail.example ready\r\n\r\n", CLOSE], Unreachable, "not HTTP"),
    "malformed JSON": ([http(body='{"choices": [}')], ServerFault, "not JSON"),
    "half of the JSON": (
        [http(body='{"choices": [{"message": {"content": "A c')],
        ServerFault,
        "cut off after 41 bytes",
    ),
    "compressed": ([http(body=b"\x1f\x8b", content_encoding="gzip")], ServerFault, "compressed ('gzip')"),
    "JSON of another kind": ([http(body=[1, 2])], ServerFault, "no choices"),
    "deep JSON": ([http(body="[" * 100_000)], ServerFault, "not JSON"),
    "a page": ([http(body="<html><title>Login</title>", content_type="text/html")], ServerFault, "text/html, not JSON"),
    "empty choices": ([http(body={"choices": []})], ServerFault, "no choices"),
    "null content": ([chat(None)], ServerFault, "no text"),
    "a list as choice": ([http(body={"choices": [[]]})], ServerFault, "no choices"),
    "only thoughts": ([chat(None, "length", reasoning_content="hm")], ServerFault, "raise max_tokens"),
    "a refusal": ([chat(None, refusal="I will not.")], Refused, "I will not."),
    "an error as answer": ([http(body={"error": {"message": "out of memory"}})], ServerFault, "out of memory"),
    "no body": ([http(204)], ServerFault, "cut off after 0 bytes"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers_are_faults_that_say_what_came(serve, opened, ask, name):
    """Whatever comes, the fault has the right kind, says where, and the next ask is answered."""
    steps, kind, words = BROKEN[name]
    server = serve(steps, chat("and again"))
    backend = opened(server)
    fault = fault_of(backend, ask)
    assert type(fault) is kind
    assert words in str(fault)
    assert "\n" not in str(fault)
    assert f"127.0.0.1:{server.port}" in str(fault)
    assert backend.submit(ask()).result(WAIT_S).text == "and again"


def test_an_error_page_is_told_by_its_title(serve, opened, ask):
    """Not by its markup."""
    page = "<html><head><title>502 Bad\n Gateway</title><style>x{}</style></head><body>nginx</body></html>"
    assert "answered 502: 502 Bad Gateway." in str(fault_of(opened(serve(http(502, page, "text/html"))), ask))


def test_the_words_of_a_server_are_kept_short(serve, opened, ask):
    """A stack trace does not fill the table."""
    assert len(str(fault_of(opened(serve(http(400, "x" * 100_000))), ask))) < 500


def test_redirects_are_not_followed(serve, opened, ask):
    """Neither to the same server, in circles, nor to another, which would get the picture."""
    other = serve(chat())
    server = serve(http(307, location=f"{other.url}/chat/completions"), http(302, location="/v1/chat/completions"))
    backend = opened(server)
    for _ in range(2):
        fault = fault_of(backend, ask)
        assert type(fault) is Refused
        assert "not followed" in str(fault)
    assert other.requests == []
    assert len(server.requests) == 2


SLOW = {
    "silence": [LONG_S],
    "slow headers": [HEAD[:20], *[0.05, b"x"] * 1000],
    "half a body": [HEAD + b"content-length: 900\r\n\r\n{", LONG_S],
    "endless body": [HEAD + b"transfer-encoding: chunked\r\n\r\n", *[0.02, b"1\r\n \r\n"] * 2000],
    "endless headers": [HEAD, *[0.02, b"x-more: yes\r\n"] * 2000],
}


@pytest.mark.parametrize("name", SLOW)
def test_the_deadline_holds_for_everything(serve, opened, ask, name):
    """However the server spends the time; the deadline is about the whole answer, not its next byte."""
    backend = opened(serve(SLOW[name], chat("fresh")))
    start_s = time.monotonic()
    fault = fault_of(backend, ask, timeout_s=0.4)
    assert type(fault) is TimedOut
    assert 0.4 <= time.monotonic() - start_s < WAIT_S
    assert "within 0.4 s" in str(fault)
    assert backend.submit(ask()).result(WAIT_S).text == "fresh"


def test_an_answer_without_end_is_cut_off(serve, opened, ask):
    """Without any deadline the bytes are counted; how many are too many depends on what was asked for."""
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    fault = fault_of(opened(serve([HEAD + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 1000])), ask)
    assert type(fault) is ServerFault
    assert "more than 2,359,296 bytes" in str(fault)


def test_nobody_there_is_unreachable(serve, opened, ask):
    """A server that went away after it was opened."""
    server = serve(chat())
    backend = opened(server)
    server.close()
    fault = fault_of(backend, ask)
    assert type(fault) is Unreachable
    assert "refused" in str(fault).lower()


def test_connections_are_kept_and_as_many_as_asks(serve, opened, ask, unwatched):
    """Eight at a time over eight connections, however many asks there are."""
    server = serve([0.02, chat()])
    backend = opened(server)
    gate = threading.Semaphore(8)
    futures = []
    for _ in range(80):
        gate.acquire()
        futures.append(backend.submit(ask()))
        futures[-1].add_done_callback(lambda _: gate.release())
    assert all(future.result(WAIT_S) for future in futures)
    assert server.most_in_flight == 8
    assert server.connections <= 10  # and one for the look at the models


def test_a_connection_that_the_server_closed_is_not_used_again(serve, opened, ask, unwatched):
    """Idle connections end; the next ask finds out before it is sent."""
    server = serve([chat("one"), CLOSE], chat("two"))
    backend = opened(server)
    assert backend.submit(ask()).result(WAIT_S).text == "one"
    deadline_s = time.monotonic() + WAIT_S
    while server._tasks and time.monotonic() < deadline_s:
        time.sleep(0.01)
    time.sleep(0.05)
    assert backend.submit(ask()).result(WAIT_S).text == "two"


def test_cancelling_ends_the_request_on_the_wire(serve, opened, ask, unwatched):
    """The server sees its connection end; others go on."""
    server = serve([LONG_S, chat()], chat("still here"))
    backend = opened(server)
    (endpoint,) = backend._balancer.endpoints
    doomed = backend.submit(ask())
    while not server.requests:
        time.sleep(0.005)
    (line,) = endpoint.transport._connections._open
    assert not line.socket.has_ended
    assert doomed.cancel()
    assert not wait([doomed], WAIT_S).not_done
    with pytest.raises(CancelledError):
        doomed.result()
    deadline_s = time.monotonic() + WAIT_S
    while not line.socket.has_ended and time.monotonic() < deadline_s:
        time.sleep(0.005)
    assert line.socket.has_ended
    assert backend.submit(ask()).result(WAIT_S).text == "still here"


def test_closing_ends_what_waits(serve, opened, ask):
    """At once, though the server would keep silent; threads and sockets go."""
    others = ask_threads()
    backend = opened(serve([LONG_S]))
    futures = [backend.submit(ask()) for _ in range(20)]
    time.sleep(0.1)
    backend.close()
    assert {type(future.exception(WAIT_S)) for future in futures} == {Cancelled}
    deadline_s = time.monotonic() + WAIT_S
    while ask_threads() - others and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert not ask_threads() - others
    gc.collect()  # a socket left open would warn, which is an error here


def test_options_a_host_has_no_word_for_are_refused(serve, opened, ask):
    """Nothing that was asked for is dropped in silence."""
    routes = {"/api/tags": http(body={"models": []}), "/api/ps": http(body={})}
    backend = opened(serve(chat(), routes=routes), engine="ollama")
    with pytest.raises(BadSetting, match="top_k: m's server takes no such option"):
        backend.submit(ask(sampling=Sampling(top_k=3)))
    with pytest.raises(BadSetting, match="repetition_penalty"):
        list(backend.stream(ask(sampling=Sampling(repetition_penalty=1.1))))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # from Python 3.12 on, where threads run
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_is_told_to_open_its_own(serve, opened, ask):
    """It has neither the threads nor the connections, and would wait for ever."""
    server = serve(chat())
    backend = opened(server)
    child = os.fork()
    if child == 0:
        try:
            backend.submit(ask())
        except ModelLoadFailed:
            os._exit(17)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17
    assert server.requests == []


def test_too_many_pictures_are_refused_unsent(serve, opened, ask):
    """The limit is in the abilities."""
    server = serve(chat())
    backend = opened(server)
    assert type(fault_of(backend, ask, colors=["red"] * (backend.abilities.images_per_ask + 1))) is Refused
    assert server.requests == []


# Streams


def test_a_stream_comes_piece_by_piece(serve, opened, ask):
    """As the server writes, not when it is done; the last delta has the whole reply."""
    head, *chunks = sse(*deltas("a ", "red ", "circle"))
    server = serve([head, chunks[0], LONG_S], [head, *chunks])
    backend = opened(server)
    stream = backend.stream(ask())
    assert next(stream).text == "a "
    stream.close()
    *pieces, last = backend.stream(ask())
    assert [piece.text for piece in pieces] == ["a ", "red ", "circle"]
    assert (last.reply.text, last.reply.finish_reason) == ("a red circle", "stop")
    assert last.reply.usage.completion_tokens == 3
    assert server.requests[0].json["stream"] is True


def test_a_server_that_does_not_stream_answers_at_once(serve, opened, ask):
    """One piece, then the reply."""
    first, last = opened(serve(chat("all of it"))).stream(ask())
    assert first.text == last.reply.text == "all of it"


def test_a_stream_keeps_what_came_before_the_deadline(serve, opened, ask):
    """The partial text is in the fault."""
    backend = opened(serve([*sse(*deltas("half ", "an"))[:3], LONG_S]))
    pieces = []
    with pytest.raises(TimedOut) as caught:
        pieces.extend(backend.stream(ask(timeout_s=2)))
    assert [piece.text for piece in pieces] == ["half ", "an"]
    assert (caught.value.partial.text, caught.value.partial.finish_reason) == ("half an", "timeout")


def test_an_ask_may_keep_what_came_before_the_deadline(serve, opened, ask):
    """Without anybody watching; what ends in time is the whole reply."""
    backend = opened(serve([*sse(*deltas("half ", "an"))[:3], LONG_S], sse(*deltas("all ", "of it"))))
    fault = fault_of(backend, ask, timeout_s=2, keep_partial=True)
    assert type(fault) is TimedOut
    assert fault.partial.text == "half an"
    assert backend.submit(ask(timeout_s=WAIT_S, keep_partial=True)).result(WAIT_S).text == "all of it"


@pytest.mark.parametrize(
    ("steps", "kind", "words"),
    [
        ([*sse(*deltas("half"))[:2], CLOSE], Unreachable, "lost"),
        (sse(*list(deltas("half"))[:1], done=False), ServerFault, "ended before"),
        (sse("{not json", done=False), ServerFault, "not JSON"),
        (sse({"error": {"message": "out of memory"}}), ServerFault, "out of memory"),
        (http(429, "slow down", retry_after=1), RateLimited, "slow down"),
        (sse(*deltas()), ServerFault, "no text"),
    ],
)
def test_streams_fail_like_answers(serve, opened, ask, steps, kind, words):
    """A fault at the beginning, in the middle, or an end that comes too soon."""
    with pytest.raises(kind, match=words):
        list(opened(serve(steps)).stream(ask()))


SHORT = Sampling(max_tokens=8)


def test_an_answer_longer_than_its_tokens_is_a_fault(serve, opened, ask):
    """Never a caption of megabytes, nor one that was cut silently; as much as tokens can have is an answer."""
    backend = opened(serve(chat("x" * 200_000), chat("word " * 200)))
    fault = fault_of(backend, ask, sampling=SHORT)
    assert type(fault) is ServerFault
    assert f"more than {SHORT.most_characters:,} characters, though max_tokens=8 was asked for" in str(fault)
    assert backend.submit(ask(sampling=SHORT)).result(WAIT_S).text == "word " * 200


@pytest.mark.parametrize("keep_partial", [False, True])
def test_a_stream_longer_than_its_tokens_is_not_read_to_its_end(serve, opened, ask, keep_partial):
    """The server goes on, and nobody listens any more."""
    backend = opened(serve([*sse(*deltas(*["x" * 1000] * 10))[:11], LONG_S], chat("a circle")))
    question, pieces = ask(sampling=SHORT, keep_partial=keep_partial), []
    listen = (lambda: backend.submit(question).result(WAIT_S)) if keep_partial else lambda: backend.stream(question)
    with pytest.raises(ServerFault, match="though max_tokens=8"):
        pieces.extend(listen())
    assert sum(len(piece.text) for piece in pieces) <= SHORT.most_characters + 1000
    assert backend.submit(ask(sampling=SHORT)).result(WAIT_S).text == "a circle"


def test_a_streamed_fault_of_a_closed_backend(serve, opened, ask):
    """After closing nothing is sent."""
    server = serve(chat())
    backend = opened(server)
    backend.close()
    with pytest.raises(Cancelled):
        list(backend.stream(ask()))
    assert server.requests == []


# Keys


def test_the_key_is_sent_and_shown_nowhere(serve, opened, ask, caplog):
    """Not in a fault that quotes a server which repeats it, not in a repr, not in a log."""
    caplog.set_level("DEBUG")
    server = serve(http(401, {"error": {"message": f"bad key {KEY}"}}), chat())
    backend = opened(server, api_key=KEY)
    fault = fault_of(backend, ask)
    assert type(fault) is Unauthorized
    assert "bad key ***" in str(fault)
    # The first answer was a refusal; the next is not.
    reply = backend.submit(ask()).result(WAIT_S)
    assert server.requests[1].headers["authorization"] == f"Bearer {KEY}"
    shown = [repr(backend), repr(backend.abilities), repr(reply), repr(vars(fault)), caplog.text, str(fault.__cause__)]
    assert not any(KEY in text for text in shown)


def test_probabilities_are_asked_for_and_read(serve, opened, ask):
    """Of each token, where the server knows the word."""
    content = completion()
    content["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": 0.0}, {"token": "b", "logprob": -0.7}]}
    server = serve(http(body=content))
    reply = opened(server).submit(ask(token_probabilities=True)).result(WAIT_S)
    assert server.requests[0].json["logprobs"] is True
    assert [token.text for token in reply.tokens] == ["a", "b"]
    assert [token.probability for token in reply.tokens] == pytest.approx([1.0, 0.4966], abs=1e-3)


def test_a_thousand_mixed_faults_end_one_by_one(serve, opened, ask):
    """Of 300 asks each ends as the server said, and none is sent twice by us."""
    lock, kinds = threading.Lock(), {}

    def script(request):
        if request.method == "GET":
            return http(404)
        number = int(request.json["messages"][0]["content"][-1]["text"])
        with lock:
            kinds[number] = kinds.get(number, 0) + 1
        return [chat(f"answer {number}"), http(429, "slow"), http(500, "broken"), RESET][number % 4]

    backend = opened(serve(script))
    futures = [backend.submit(ask(str(number))) for number in range(300)]
    for number, future in enumerate(futures):
        expected = [type(None), RateLimited, ServerFault, Unreachable][number % 4]
        assert type(future.exception(WAIT_S)) is expected
        if expected is type(None):
            assert future.result().text == f"answer {number}"
    assert set(kinds.values()) == {1}
    assert json.dumps(sorted(kinds)) == json.dumps(list(range(300)))


COUNT = Constraint(kind="json_schema", text='{"type": "object"}')


def unless_constrained(status):
    """A server that answers, except where it is told what the answer must be."""
    refusal = http(status, b'{"error": {"message": "no such field"}}')
    return lambda request: refusal if b"response_format" in request.body else chat()


@pytest.mark.parametrize("status", [400, 422, 500])
def test_a_server_that_keeps_no_schema_is_asked_without(serve, opened, ask, status):
    """Found out once; the prompt says what is wanted anyway."""
    server = serve(unless_constrained(status))
    backend = opened(server, engine="vllm")
    replies = [future.result(WAIT_S) for future in [backend.submit(ask(constraint=COUNT)) for _ in range(3)]]
    assert {reply.text for reply in replies} == {"a red circle"}
    asked = [request for request in server.requests if request.method == "POST"]
    assert [b"response_format" in request.body for request in asked] == [True, False, False, False]


def test_a_server_that_keeps_a_schema_is_not_doubted_for_one_fault(serve, opened, ask):
    """It is the fault of that one ask."""
    server = serve(chat(), http(500, b"oops"))
    backend = opened(server, engine="vllm")
    assert backend.submit(ask(constraint=COUNT)).result(WAIT_S).text
    assert isinstance(fault_of(backend, ask, constraint=COUNT), ServerFault)
    assert len(server.requests) == 2
