"""What every backend needs around its answers, seen from one that a plugin's author would write."""

import os
import threading
from concurrent.futures import wait

import pytest

from vlmkit.backends import Abilities, BaseBackend, Delta, ToolCallDelta
from vlmkit.errors import BadSetting, Cancelled, ModelLoadFailed, Refused, ServerFault, Unreachable
from vlmkit.records import Ask, Message, Picture, ToolCall, ToolDefinition, one_question

HELLO = Ask(messages=one_question("hello"))


class Shouting(BaseBackend):
    """Answers in the thread that asks, unless it is to wait."""

    waits = False
    stopped = 0

    def start(self, job):
        if not self.waits:
            job.end(self.reply(job, job.ask.prompt.upper()))

    def stop(self):
        self.stopped += 1


@pytest.fixture
def shouting():
    with Shouting("shouting:loud", revision="1") as backend:
        yield backend


def test_a_backend_of_a_few_lines_has_everything(shouting):
    """Names, time, counts, and the whole surface."""
    reply = shouting.submit(HELLO).result(0)
    assert (reply.text, reply.model, reply.revision, reply.finish_reason) == ("HELLO", "shouting:loud", "1", "stop")
    assert shouting.generate(None, "again").text == "AGAIN"
    assert (shouting.stats.answered, shouting.stats.failed) == (2, 0)
    assert shouting.info.name == "shouting:loud"


def test_what_is_wrong_with_an_ask_is_told_without_asking(shouting):
    """What submitting would raise at once, and what its future would end with at once."""
    shouting.validate(HELLO)
    with pytest.raises(BadSetting, match="messages"):
        shouting.validate(Ask(messages=()))
    with pytest.raises(Refused, match="blank"):
        shouting.validate(Ask(messages=one_question(" ")))
    assert shouting.stats.answered == 0


def test_who_does_not_stream_gives_the_answer_as_one_piece(shouting):
    """Whoever listens hears all of it in either case."""
    assert [delta.text for delta in shouting.stream(HELLO)] == ["HELLO", ""]


def test_pieces_are_not_repeated_at_the_end():
    """Where some came, the rest is the backend's to deliver."""

    class Streaming(Shouting):
        def start(self, job):
            for letter in job.ask.prompt:
                job.deliver(Delta(text=letter))
            super().start(job)

    heard = []
    Streaming("streaming:x").submit(HELLO, heard.append).result(0)
    assert [delta.text for delta in heard] == list("hello")


def test_tool_calls_come_as_pieces_too():
    """With their number, id, name and arguments."""
    call = ToolCall(id="c1", name="look", arguments='{"row": 1}')

    class Calling(Shouting):
        def start(self, job):
            job.end(self.reply(job, "", "tool_calls", tool_calls=(call,)))

    backend, heard = Calling("calling:x", abilities=Abilities(tools=True)), []
    reply = backend.submit(Ask(messages=HELLO.messages, tools=(ToolDefinition(name="look"),)), heard.append).result(0)
    assert reply.tool_calls == (call,)
    assert heard == [Delta(tool_calls=(ToolCallDelta(index=0, id="c1", name="look", arguments='{"row": 1}'),))]


def test_a_listener_that_breaks_ends_its_own_ask(shouting):
    """The next one is answered."""

    def broken(_):
        raise KeyError("gone")

    with pytest.raises(ServerFault, match="on_delta raised KeyError: 'gone'"):
        shouting.submit(HELLO, broken).result(0)
    assert shouting.submit(HELLO).result(0).text == "HELLO"


def test_closing_ends_what_is_in_flight_and_what_comes_later(shouting):
    """With Cancelled; what there is to give back is given back once."""
    shouting.waits = True
    futures = [shouting.submit(HELLO) for _ in range(3)]
    shouting.close()
    shouting.close()
    assert not wait(futures, 0).not_done
    for future in (*futures, shouting.submit(HELLO)):
        with pytest.raises(Cancelled):
            future.result(0)
    assert (shouting.stopped, shouting.stats.failed) == (1, 4)


def test_a_cancelled_ask_is_told_and_forgotten(shouting):
    """The backend may end the work on it."""
    shouting.waits, told = True, []
    shouting.cancel = told.append
    future = shouting.submit(HELLO)
    assert future.cancel()
    assert not wait([future], 0).not_done
    assert [job.future for job in told] == [future]
    assert not shouting._jobs


def test_faults_of_an_ask_travel_in_its_future(shouting):
    """Found before it is started, or raised while it is."""
    picture = Picture(data=b"", media_type="image/png", width=1, height=1, digest="d")
    assert isinstance(shouting.submit(Ask(messages=one_question(" "))).exception(0), Refused)
    assert isinstance(shouting.submit(Ask(messages=one_question("?", [picture] * 2))).exception(0), Refused)

    def start(_job):
        raise Unreachable("nobody there")

    shouting.start = start
    assert isinstance(shouting.submit(HELLO).exception(0), Unreachable)


def test_a_wrong_call_raises_and_leaves_nothing_behind(shouting):
    """Also where the backend finds it while it starts."""
    with pytest.raises(BadSetting, match="messages"):
        shouting.submit(Ask(messages=()))
    with pytest.raises(BadSetting, match="tools: shouting:loud takes none"):
        shouting.submit(Ask(messages=HELLO.messages, tools=(ToolDefinition(name="look"),)))

    def start(_job):
        raise BadSetting("not like this")

    shouting.start = start
    with pytest.raises(BadSetting, match="not like this"):
        shouting.submit(HELLO)
    assert not shouting._jobs


def test_a_forked_process_opens_its_own(shouting, monkeypatch):
    """Threads and connections stayed with the parent, and are the parent's to close."""
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(ModelLoadFailed, match="before this process was forked"):
        shouting.submit(HELLO)
    shouting.close()
    assert shouting.stopped == 0


def test_ends_may_come_from_any_thread(shouting):
    """Hundreds at the same time; all are counted."""
    shouting.waits, jobs = True, []
    shouting.start = jobs.append
    futures = [shouting.submit(HELLO) for _ in range(200)]
    threads = [
        threading.Thread(target=lambda part: [job.end(shouting.reply(job, "x")) for job in part], args=[jobs[start::4]])
        for start in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {future.result(0).text for future in futures} == {"x"}
    assert (shouting.stats.answered, len(shouting._jobs)) == (200, 0)


def test_messages_are_what_is_asked(shouting):
    """Whatever their order; the prompt is the user's last."""
    said = (Message.user("one"), Message.assistant("two"), Message.user("three"), Message.assistant("four"))
    assert shouting.submit(Ask(messages=said)).result(0).text == "THREE"
