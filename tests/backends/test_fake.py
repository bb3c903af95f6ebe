"""The fake backend: scripted answers, delays and faults, on real threads."""

import json
import threading
import time
from concurrent.futures import CancelledError, wait

import pytest

from vlmkit.backends.fake import FakeBackend, open_fake, script_identity
from vlmkit.backends.protocol import Abilities, Backend
from vlmkit.backends.registry import ModelName
from vlmkit.errors import BadSetting, Cancelled, Refused, ServerFault, TimedOut, Unreachable
from vlmkit.records import Ask, Message, Picture, Sampling, ToolCall, ToolDefinition, one_question


def ask(prompt="What is it?", **options):
    return Ask(messages=one_question(prompt), **options)


@pytest.fixture
def opened():
    """Open fake backends that are closed when the test ends."""
    backends = []

    def make(**options):
        backends.append(FakeBackend(**options))
        return backends[-1]

    yield make
    for backend in backends:
        backend.close()


def test_it_fits_the_socket(opened):
    """It is a Backend, with the name that opens it."""
    backend = opened(name="demo")
    assert isinstance(backend, Backend)
    assert backend.model == "fake:demo"


def test_without_a_script_it_says_what_it_got(opened):
    """The default answer names each picture's pixels and type, and the prompt."""
    picture = Picture(data=b"\xff\xd8", media_type="image/jpeg", width=64, height=48, digest="00")
    reply = opened().submit(Ask(messages=one_question("What is it?", (picture,)))).result(20)
    assert reply.text == "64x48 image/jpeg: What is it?"
    assert reply.model == "fake:echo"
    assert reply.finish_reason == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (3, 5)


def test_replies_are_given_in_the_order_of_the_asks(opened):
    """The n-th ask gets the n-th entry, whatever finishes first, and the script begins again after its end."""
    backend = opened(replies=["a", "b", "c"], delay_s=[0.06, 0.03, 0.0])
    futures = [backend.submit(ask()) for _ in range(5)]
    assert [future.result(20).text for future in futures] == ["a", "b", "c", "a", "b"]


def test_faults_travel_in_the_future(opened):
    """A RunError in the script is the fault of that ask alone."""
    backend = opened(replies=["fine", Refused("no pictures of people")])
    good, bad = backend.submit(ask()), backend.submit(ask())
    assert good.result(20).text == "fine"
    with pytest.raises(Refused, match="no pictures of people"):
        bad.result(20)


def test_a_callable_answers_from_the_ask(opened):
    """A function may answer, raise a fault, or break; a break is a ServerFault that names it."""

    def script(request):
        if request.prompt == "refuse":
            raise Unreachable("nobody there")
        return str(10 // int(request.prompt))

    backend = opened(replies=script)
    assert backend.submit(ask("5")).result(20).text == "2"
    with pytest.raises(Unreachable, match="nobody there"):
        backend.submit(ask("refuse")).result(20)
    with pytest.raises(ServerFault, match="raised ZeroDivisionError") as caught:
        backend.submit(ask("0")).result(20)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_asks_are_answered_in_parallel(opened):
    """As many at a time as the abilities say, counted while they wait."""
    together = threading.Barrier(8, timeout=30)
    backend = opened(replies=lambda _: str(together.wait()), abilities=Abilities(parallel_asks=8))
    done, _ = wait([backend.submit(ask()) for _ in range(8)], 30)
    assert sorted(future.result().text for future in done) == [str(number) for number in range(8)]
    assert backend.most_in_flight == 8
    assert len(backend.asks) == 8


def test_the_deadline_is_kept(opened):
    """An ask that would take longer ends when its time is up, not later."""
    backend = opened(delay_s=30)
    start = time.monotonic()
    with pytest.raises(TimedOut, match=r"no answer within 0\.05 s"):
        backend.submit(ask(timeout_s=0.05)).result(20)
    assert time.monotonic() - start < 10


def test_what_was_written_until_the_deadline_comes_with_the_fault(opened):
    """As many words as there was time for; none where there was no time for one."""
    backend = opened(replies="one two three four five six seven eight nine ten", delay_s=1.0)
    with pytest.raises(TimedOut) as caught:
        backend.submit(ask(timeout_s=0.35)).result(20)
    assert (caught.value.partial.text, caught.value.partial.finish_reason) == ("one two three", "timeout")
    with pytest.raises(TimedOut) as caught:
        backend.submit(ask(timeout_s=0.05)).result(20)
    assert caught.value.partial is None


def test_waiting_in_line_is_not_part_of_the_deadline(opened):
    """It begins when a thread takes the ask, however many were before it."""
    backend = opened(delay_s=0.1, abilities=Abilities(parallel_asks=1))
    futures = [backend.submit(ask(timeout_s=10)) for _ in range(3)]
    backend._delay_s = [0.1, 0.1, 0.1, 60]
    late = backend.submit(ask(timeout_s=0.25))
    assert isinstance(late.exception(20), TimedOut)
    assert [future.exception(0) for future in futures] == [None] * 3


def test_a_script_that_was_changed_is_another_model(tmp_path):
    """What was opened before the change is not shared after it."""
    script = tmp_path / "script.json"
    name = ModelName(engine="fake", name=str(script))
    assert script_identity(name) is None
    script.write_text('{"replies": ["a"]}')
    first = script_identity(name)
    script.write_text('{"replies": ["longer"]}')
    assert script_identity(name) != first
    assert script_identity(ModelName(engine="fake", name="echo")) is None


def test_cancel_ends_an_ask_that_is_being_answered(opened):
    """Cancelling wakes whoever waits, and frees the thread for the next ask."""
    backend = opened(delay_s=[30, 0], abilities=Abilities(parallel_asks=1))
    slow = backend.submit(ask())
    time.sleep(0.05)
    assert slow.cancel()
    done, _ = wait([slow], 20)
    assert done == {slow}
    with pytest.raises(CancelledError):
        slow.result(0)
    assert backend.submit(ask()).result(20).text == "What is it?"


def test_close_ends_everything_with_cancelled(opened):
    """Asks in flight, asks in line and asks afterwards get Cancelled; closing twice is fine; threads go away."""
    backend = opened(delay_s=30, abilities=Abilities(parallel_asks=1))
    futures = [backend.submit(ask()) for _ in range(3)]
    backend.close()
    backend.close()
    for future in [*futures, backend.submit(ask())]:
        with pytest.raises(Cancelled):
            future.result(20)
    deadline_s = time.monotonic() + 20
    while any(thread.is_alive() for thread in backend._threads):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_answers_are_cut_as_a_model_would_be(opened):
    """`max_tokens` counts words and is a finish reason; `stop` ends the text before itself."""
    backend = opened(replies="one two three four")
    short = backend.submit(ask(sampling=Sampling(max_tokens=2))).result(20)
    assert (short.text, short.finish_reason) == ("one two", "length")
    stopped = backend.submit(ask(sampling=Sampling(stop=(" three",)))).result(20)
    assert (stopped.text, stopped.finish_reason) == ("one two", "stop_sequence")


def test_streams_come_in_pieces_and_end_with_the_reply(opened):
    """The pieces make up the text; the last delta carries the whole reply."""
    backend = opened(replies="a red  circle\n")
    *pieces, last = backend.stream(ask())
    assert len(pieces) > 2
    assert "".join(piece.text for piece in pieces) == last.reply.text == "a red  circle\n"


def test_a_stream_raises_its_fault(opened):
    """What a future would carry comes out of the iterator."""
    with pytest.raises(Refused):
        list(opened(replies=Refused("no")).stream(ask()))


def test_closing_a_stream_cancels(opened):
    """Whoever stops reading leaves nothing running."""
    backend = opened(replies="a b c")
    stream = backend.stream(ask())
    assert next(stream).text == "a"
    stream.close()
    assert next(stream, None) is None


def test_a_script_can_be_a_file(tmp_path):
    """``fake:PATH.json`` scripts a backend where only a name can be given, as on a command line."""
    path = tmp_path / "demo.json"
    path.write_text(json.dumps({"replies": ["a", {"fault": "TimedOut", "message": "slow"}], "delay_s": 0.01}))
    backend = open_fake(str(path), revision="7")
    first, second = backend.submit(ask()), backend.submit(ask())
    assert (backend.model, first.result(20).text, first.result(20).revision) == ("fake:demo", "a", "7")
    same, other = open_fake(str(path)), tmp_path / "other" / "demo.json"
    other.parent.mkdir()
    other.write_text(json.dumps({"replies": ["b"]}))
    assert same.revision == open_fake(str(path)).revision != open_fake(str(other)).revision
    with pytest.raises(TimedOut, match="slow"):
        second.result(20)
    backend.close()


@pytest.mark.parametrize("content", ["{", "[]", '{"replies": [{"fault": "NoSuchFault"}]}', '{"replies": [3]}', None])
def test_a_file_that_is_no_script_is_refused(tmp_path, content):
    """The message names the file and what it should hold."""
    path = tmp_path / "demo.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadSetting, match=r"demo\.json is not a script"):
        open_fake(str(path))


def test_wrong_options_are_refused():
    """An address or an unknown option is a mistake in the call."""
    with pytest.raises(BadSetting, match="has no address"):
        open_fake("demo", url="http://localhost:1")
    with pytest.raises(BadSetting, match="Options are replies, delay_s, revision, abilities"):
        open_fake("demo", temperature=1)


LOOK = Message.assistant("Wait.", [ToolCall(id="call_0", name="look", arguments='{"row": 1}')])


def test_a_script_may_call_tools(opened, tmp_path):
    """Whole and piece by piece; from Python and from a file."""
    path = tmp_path / "calls.json"
    entry = {"text": "Wait.", "tool_calls": [{"name": "look", "arguments": {"row": 1}}]}
    path.write_text(json.dumps({"replies": [entry, "a star"]}))
    tools = Abilities(tools=True)
    for backend in (opened(replies=[LOOK, "a star"], abilities=tools), open_fake(str(path), abilities=tools)):
        first = ask(tools=(ToolDefinition(name="look"),))
        *pieces, last = backend.stream(first)
        assert "".join(delta.text for delta in pieces) == last.reply.text == "Wait."
        parts = [part for delta in pieces for part in delta.tool_calls]
        assert [(part.id, part.name) for part in parts] == [("call_0", "look"), ("", ""), ("", "")]
        assert "".join(part.arguments for part in parts) == '{"row": 1}'
        assert (last.reply.finish_reason, last.reply.tool_calls) == ("tool_calls", LOOK.tool_calls)
        result = Message.tool("call_0", "one star")
        second = Ask(messages=(*first.messages, LOOK, result), tools=first.tools)
        assert backend.submit(second).result(20).text == "a star"
        backend.close()


def test_without_streaming_the_answer_is_one_piece(opened):
    """As the abilities say."""
    backend = opened(replies="one two", abilities=Abilities(streaming=False))
    assert [delta.text for delta in backend.stream(ask())] == ["one two", ""]
