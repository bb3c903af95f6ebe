"""What every backend promises, whoever answers: the socket's contract, run over each kind that is here."""

import io
import threading
import time
from concurrent.futures import CancelledError, wait

import pytest
from PIL import Image

from vlmkit.backends import load, parse
from vlmkit.backends.protocol import Abilities, Backend
from vlmkit.errors import BadSetting, Cancelled, ServerFault, TimedOut
from vlmkit.records import Ask, Message, Picture, Reply, Sampling, ToolCall, one_question

KINDS = [
    "fake:echo",
    pytest.param("tiny", marks=pytest.mark.core_model),
    pytest.param("server", marks=pytest.mark.core_model),
]
WAIT_S = 60


def open_kind(request):
    return load(request.getfixturevalue("mlx_vlm_server") if request.param == "server" else request.param)


@pytest.fixture(scope="module", params=KINDS)
def backend(request):
    """A backend that stays open for the whole file."""
    opened = open_kind(request)
    yield opened
    opened.close()


@pytest.fixture(params=KINDS)
def own(request):
    """A backend for one test, which may close it."""
    opened = open_kind(request)
    yield opened
    opened.close()


def ask(prompt="Describe this image in detail.", **options):
    data = io.BytesIO()
    Image.new("RGB", (96, 64), "red").save(data, "PNG")
    picture = Picture(data=data.getvalue(), media_type="image/png", width=96, height=64, digest="5e")
    return Ask(messages=one_question(prompt, (picture,)), **options)


def crowd(backend, **options):
    """More asks than a model can answer in a moment; a server goes on with what was cancelled, so it gets fewer."""
    size = 300 if backend.abilities.destination == "this process" else 24
    return [ask(f"Describe this image in detail. {number}", **options) for number in range(size)]


def how_it_ended(future):
    try:
        return "cancelled" if isinstance(future.exception(0), Cancelled) else "answered"
    except CancelledError:
        return "cancelled"


def test_it_is_a_backend(backend):
    """The socket fits, and the full name leads back to the same model."""
    assert isinstance(backend, Backend)
    assert isinstance(backend.abilities, Abilities)
    assert str(parse(backend.model)) == backend.model
    assert backend.revision


def test_an_ask_becomes_a_reply(backend):
    """With text, who answered, why it ended, and what it cost."""
    reply = backend.submit(ask()).result(WAIT_S)
    assert isinstance(reply, Reply)
    assert reply.text
    assert (reply.model, reply.revision) == (backend.model, backend.revision)
    assert reply.finish_reason == "stop"
    assert reply.usage.prompt_tokens > 0
    assert reply.usage.completion_tokens > 0
    assert 0 <= reply.seconds < WAIT_S


def test_the_same_ask_gets_the_same_text(backend):
    """Alone, among others, and from any thread."""
    alone = backend.submit(ask()).result(WAIT_S).text
    futures, lock = [], threading.Lock()

    def send():
        future = backend.submit(ask())
        with lock:
            futures.append(future)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {future.result(WAIT_S).text for future in futures} == {alone}


def test_a_stream_is_the_reply_in_pieces(backend):
    """The pieces make up the text that `submit` gives; the last delta carries the reply."""
    *pieces, last = backend.stream(ask())
    assert len(pieces) > 1
    assert "".join(piece.text for piece in pieces) + last.text == last.reply.text
    assert last.reply.text == backend.submit(ask()).result(WAIT_S).text


def test_pieces_go_to_a_callable(backend):
    """Without a thread of its own; one that breaks ends its own ask, and the next is answered."""
    heard = []
    reply = backend.submit(ask(), heard.append).result(WAIT_S)
    assert "".join(piece.text for piece in heard) == reply.text
    with pytest.raises(ServerFault, match="on_delta raised ZeroDivisionError"):
        backend.submit(ask(), lambda _: 1 // 0).result(WAIT_S)
    assert backend.submit(ask()).result(WAIT_S).text == reply.text


def test_a_conversation_goes_on(backend):
    """After a question and its answer, and after two questions in a row."""
    question = ask().messages[-1]
    before = (question, Message.assistant("A red picture."))
    for messages in ((*before, Message.user("What else is in it?")), (question, Message.user("What is in it?"))):
        assert backend.submit(Ask(messages=messages)).result(WAIT_S).text


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (Message.tool("c1", "nobody asked"),),
        (Message.assistant("", [ToolCall(id="c1", name="look")]), Message.user("?")),
    ],
)
def test_what_is_no_conversation_is_refused(backend, messages):
    """Before anything is sent, wherever the model is."""
    with pytest.raises(BadSetting):
        backend.submit(Ask(messages=messages))


def test_a_token_limit_is_kept_and_said(backend):
    """`finish_reason` tells a cut answer from a finished one."""
    reply = backend.submit(ask(sampling=Sampling(max_tokens=2))).result(WAIT_S)
    assert reply.finish_reason == "length"
    assert reply.usage.completion_tokens == 2


def test_a_deadline_ends_an_ask_in_time(own):
    """With `TimedOut`, soon after; the backend goes on answering."""
    futures = [own.submit(each) for each in crowd(own, timeout_s=0.001)]
    start = time.monotonic()
    ends = {type(future.exception(WAIT_S)) for future in futures}
    assert ends <= {TimedOut, type(None)}
    assert TimedOut in ends or own.model.startswith("fake:")
    assert time.monotonic() - start < WAIT_S
    assert own.submit(ask()).result(WAIT_S).text


def test_cancelling_leaves_the_others_alone(own):
    """A cancelled future is over for whoever waits; the rest is answered as if nothing had been."""
    expected = own.submit(ask()).result(WAIT_S).text
    doomed = [own.submit(each) for each in crowd(own)]
    kept = own.submit(ask())
    for future in doomed:
        future.cancel()
    assert not wait(doomed, WAIT_S).not_done
    assert {how_it_ended(future) for future in doomed} <= {"answered", "cancelled"}
    assert any(how_it_ended(future) == "cancelled" for future in doomed) or own.model.startswith("fake:")
    assert kept.result(WAIT_S).text == expected


def test_closing_ends_everything(own):
    """What is in flight and what comes later ends with `Cancelled`; closing twice is fine."""
    futures = [own.submit(each) for each in crowd(own)]
    own.close()
    own.close()
    assert not wait(futures, WAIT_S).not_done
    assert {type(future.exception()) for future in futures} <= {Cancelled, type(None)}
    with pytest.raises(Cancelled):
        own.submit(ask()).result(WAIT_S)
