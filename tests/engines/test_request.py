"""One ask: when it ends, with what, and what a listener hears of it."""

import asyncio
import time
from concurrent.futures import wait
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.engines.request import ReplyFuture, Request, Transcript
from vlmkit.errors import Cancelled, ServerFault, TimedOut
from vlmkit.records import Ask, Sampling, one_question


def letters(tokens):
    return "".join(chr(token) for token in tokens)


def begun(text="", *, on_delta=None, limit=99, timeout_s=None, **sampling):
    """A request that has taken the letters of a text as tokens, and the reasons it gave."""
    ask = Ask(messages=one_question("?"), sampling=Sampling(**sampling), timeout_s=timeout_s)
    request = Request(0, ask, "mlx:model", "r1", on_delta)
    request.begin(letters, prompt_tokens=7, sampler=None)
    return request, [request.add(ord(letter), final=False, limit=limit) for letter in text]


def test_an_answer_goes_on_until_its_limit():
    """Each token leaves it unfinished, the last one says length."""
    request, reasons = begun("abc", limit=3)
    assert reasons == [None, None, "length"]
    request.complete("length")
    reply = request.future.result(0)
    assert (reply.text, reply.finish_reason, reply.model, reply.revision) == ("abc", "length", "mlx:model", "r1")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (7, 3)
    assert reply.seconds > 0


def test_the_end_token_is_no_text_and_does_not_count():
    """Nothing of the model's end marker shows."""
    request, _ = begun("ab")
    assert request.add(0, final=True, limit=9) == "stop"
    request.complete("stop")
    reply = request.future.result(0)
    assert (reply.text, reply.usage.completion_tokens) == ("ab", 2)


def test_a_stop_text_ends_the_answer():
    """It is complete with the token that finished the stop text."""
    request, reasons = begun("one END", stop=("END",))
    assert reasons == [None] * 6 + ["stop_sequence"]
    request.complete("stop")
    assert request.future.result(0).text == "one "


def test_a_listener_hears_every_piece_once():
    """Also when the batch broke and the answer began anew."""
    heard = []
    request, _ = begun("abcd", on_delta=lambda delta: heard.append(delta.text))
    request.begin(letters, prompt_tokens=7, sampler=None)
    for letter in "abcdef":
        request.add(ord(letter), final=False, limit=99)
    request.complete("stop")
    assert "".join(heard) == "abcdef" == request.future.result(0).text


@given(st.text(max_size=12), st.lists(st.text(min_size=1, max_size=2), max_size=2), st.integers(0, 12))
def test_tokens_come_with_their_text(text, stop, broken_at):
    """Whatever the characters and stop texts, and when the batch broke: each once, and never before its text."""
    tokens = text.encode()
    sampler = SimpleNamespace(probabilities=[0.5] * (len(tokens) + 1), alternatives=[[]] * (len(tokens) + 1))
    heard, told = "", []

    def hear(delta):
        nonlocal heard
        heard += delta.text
        told.extend(delta.tokens)
        assert heard.startswith("".join(token.text for token in told))

    ask = Ask(messages=one_question("?"), sampling=Sampling(stop=tuple(stop)), token_probabilities=True)
    request = Request(0, ask, "mlx:model", "r1", hear)
    for attempt in (tokens[:broken_at], tokens):
        request.begin(bytewise, prompt_tokens=7, sampler=sampler)
        reasons = [request.add(token, final=False, limit=99) for token in attempt]
        if "stop_sequence" in reasons:
            break
    request.complete("stop")
    reply = request.future.result(0)
    assert reply.tokens[: len(told)] == tuple(told)
    assert "".join(token.text for token in reply.tokens) == reply.text == heard


def test_a_deadline_says_how_far_the_answer_got():
    """Before it nothing happens; after it the ask ends with what to do."""
    request, _ = begun("ab", timeout_s=0.05)
    request.fail_if_overdue()
    assert not request.ended
    request.spend(0.04)
    request.fail_if_overdue()
    assert not request.ended
    request.spend(0.02)
    request.fail_if_overdue()
    with pytest.raises(TimedOut, match=r"2 tokens when 0.05 s of work were over.*Raise timeout_s") as caught:
        request.future.result(0)
    partial = caught.value.partial
    assert (partial.text, partial.finish_reason, partial.usage.completion_tokens) == ("ab", "timeout", 2)


def test_nothing_was_written_before_the_first_token():
    """Then there is no part to speak of."""
    request, _ = begun("", timeout_s=0.001)
    request.spend(0.01)
    request.fail_if_overdue()
    assert request.future.exception(0).partial is None


def test_waiting_is_not_work():
    """However long an ask has been here; and what a broken batch had worked on it does not count either."""
    waiting = Request(1, Ask(messages=one_question("?"), timeout_s=1e-6), "m", None)
    time.sleep(0.01)
    waiting.fail_if_overdue()
    assert not waiting.ended
    waiting.spend(1.0)
    waiting.forget_work()
    waiting.fail_if_overdue()
    assert not waiting.ended


def test_only_the_first_end_counts():
    """Whatever comes after the end of a request is dropped silently."""
    request, _ = begun("a")
    request.end(ServerFault("first"))
    request.end(ServerFault("second"))
    request.complete("stop")
    assert str(request.future.exception(0)) == "first"


def test_a_cancelled_future_ends_with_cancelled():
    """At once, for everybody who waits, in the room's own type; a second time changes nothing."""
    future = ReplyFuture("mlx:model")
    assert future.cancel()
    assert future.cancel()
    assert future.cancelled()
    assert wait([future], timeout=0).done == {future}
    with pytest.raises(Cancelled, match="mlx:model: the ask was cancelled"):
        future.result(0)


def test_a_future_that_ended_cannot_be_cancelled():
    """What it ended with stands."""
    request, _ = begun("a")
    request.complete("stop")
    assert not request.future.cancel()
    assert not request.future.cancelled()
    assert request.future.result(0).text == "a"
    failed = ReplyFuture("m")
    failed.set_exception(ServerFault("broke"))
    assert not failed.cancelled()


def test_asyncio_can_wait_for_and_cancel_it():
    """A wrapped future passes on the reply, and a cancelled task cancels the ask."""

    async def story():
        answered, _ = begun("a")
        answered.complete("stop")
        reply = await asyncio.wrap_future(answered.future)
        dropped, _ = begun("a")
        task = asyncio.ensure_future(asyncio.wrap_future(dropped.future))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return reply, dropped

    reply, dropped = asyncio.run(story())
    assert reply.text == "a"
    assert dropped.future.cancelled()


def test_tokens_before_the_beginning_are_a_mistake():
    """The engine's own error, not a silent loss."""
    request = Request(0, Ask(messages=one_question("?")), "m", None)
    with pytest.raises(RuntimeError, match="only after it began"):
        request.add(1, final=False, limit=1)


def test_pictures_are_let_go_of():
    """Whoever counts their memory hears of it."""
    request, _ = begun()
    heard = []
    request.images, request.on_let_go = ["picture"], heard.append
    request.let_go()
    assert (request.images, len(heard)) == ([], 1)


def bytewise(tokens):
    """One token per byte, as byte-level tokenizers fall back to."""
    return bytes(tokens).decode("utf-8", errors="replace")


def run(text, stop=()):
    transcript = Transcript(bytewise, stop)
    pieces = [transcript.add(token) for token in text.encode()]
    pieces.append(transcript.finish())
    assert "".join(pieces) == transcript.text == "".join(transcript.pieces())
    assert len(transcript.pieces()) == len(transcript.tokens)
    return transcript, pieces


@given(st.text(max_size=60))
def test_pieces_make_up_the_text_whatever_the_characters(text):
    """Characters of one to four bytes come out whole, in order, once."""
    transcript, pieces = run(text)
    assert transcript.text == text
    assert not any("\ufffd" in piece for piece in pieces if "\ufffd" not in text)


def test_a_cut_character_shows_as_what_it_is():
    """An answer cut by max_tokens inside a character ends with the replacement character, once."""
    transcript = Transcript(bytewise)
    for token in "aé".encode()[:-1]:
        transcript.add(token)
    transcript.finish()
    assert transcript.text == "a\ufffd"


@pytest.mark.parametrize(
    ("text", "stop", "expected", "stopped"),
    [
        ("one\n\ntwo", ("\n\n",), "one", True),
        ("a STOP b", ("STOP", "b"), "a ", True),
        ("xxy", ("xy",), "x", True),
        ("STO", ("STOP",), "STO", False),
        ("abc", ("", "abcd"), "abc", False),
        ("stop at once", ("stop",), "", True),
    ],
)
def test_the_text_ends_before_the_first_stop_text(text, stop, expected, stopped):
    """Stop texts are met across tokens; the earliest counts; half of one is text after all."""
    transcript, pieces = run(text, stop)
    assert (transcript.text, transcript.stopped) == (expected, stopped)
    assert "".join(pieces) == expected


@given(st.text(alphabet="ab", max_size=12), st.lists(st.text(alphabet="ab", min_size=1, max_size=3), max_size=3))
def test_stop_texts_cut_like_a_search_in_the_whole_text(text, stop):
    """Whatever the overlaps, the result is what cutting the finished text gives, up to which stop text ended first."""
    transcript, pieces = run(text, stop)
    shown = "".join(pieces)
    assert text.startswith(shown)
    assert not any(word in shown for word in stop)
    assert transcript.stopped == any(word in text for word in stop)


def test_nothing_comes_after_a_stop():
    """Tokens that the batch had under way already are not shown."""
    transcript, _ = run("a!b", ("!",))
    assert transcript.add(ord("c")) == ""
    assert transcript.text == "a"


def test_spaces_that_a_tokenizer_joins_late_are_kept():
    """A tokenizer that drops the first token's space gives the others theirs."""
    words = {1: "▁two", 2: "▁red", 3: "▁cir", 4: "cles"}
    transcript = Transcript(lambda tokens: "".join(words[token] for token in tokens).replace("▁", " ").lstrip())
    assert [transcript.add(token) for token in words] == ["two", " red", " cir", "cles"]
    assert transcript.pieces() == ["two", " red", " cir", "cles"]
    # Another token in a place is spelled as it would have been there.
    assert [transcript.piece_of(2, place) for place in range(4)] == ["red", " red", " red", " red"]
