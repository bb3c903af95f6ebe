"""Whole answers have the dialect's form, probabilities among it."""

import math

import pytest
from openai.types.chat import ChatCompletion

from vlmkit.chat import ChatAdapter, ChatError, ChoiceFinished, TextDelta, chat_response
from vlmkit.chat.completions import logprobs_of, total_usage, usage_entry
from vlmkit.records import Message, Token, ToolCall, Usage


def test_calls_without_text_have_null_as_content(fake, body):
    """Agents take an empty text for an answer; the reason says that calls wait."""
    tool = {"type": "function", "function": {"name": "look"}}
    adapter = ChatAdapter(fake(Message.assistant("", [ToolCall(id="c1", name="look")])))
    answer = ChatCompletion.model_validate(adapter.complete(body(tools=[tool])), strict=True)
    assert answer.choices[0].message.content is None
    assert answer.choices[0].message.tool_calls[0].function.arguments == "{}"
    assert answer.choices[0].finish_reason == "tool_calls"


def test_an_empty_answer_is_an_empty_text(fake, body):
    """It is no null, and has no list of calls."""
    message = ChatAdapter(fake("")).complete(body())["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "", "refusal": None}


def test_the_fingerprint_says_who_answered(fake, body):
    """Version and revision; the model's name is the one that was asked for."""
    answer = ChatAdapter(fake("x")).complete(body())
    assert answer["system_fingerprint"].startswith("vlmkit-")
    assert answer["system_fingerprint"].endswith("-1")
    assert (answer["model"], answer["object"]) == ("m", "chat.completion")


def test_likeliest_tokens_hold_the_chosen_one():
    """Our tokens are told without it; it is put back at its place, and the list is cut to what was asked for."""
    token = Token(text=" é", probability=0.3, alternatives=(("a", 0.5), ("b", 0.2)))
    entry = logprobs_of([token], 2)["content"][0]
    assert [each["token"] for each in entry["top_logprobs"]] == ["a", " é"]
    assert entry["bytes"] == [32, 195, 169]
    assert entry["logprob"] == pytest.approx(math.log(0.3))
    assert logprobs_of([token], 0)["content"][0]["top_logprobs"] == []


def test_an_impossible_token_has_a_finite_logarithm():
    """JSON has no infinity."""
    assert logprobs_of([Token(text="x", probability=0.0)], 0)["content"][0]["logprob"] == -9999.0


def test_usage_is_always_told():
    """Where a server does not say it, it is 0."""
    ends = [ChoiceFinished("stop", Usage(prompt_tokens=5, completion_tokens=2)), ChoiceFinished("stop", Usage())]
    assert usage_entry(total_usage(ends)) == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def test_half_an_answer_is_no_answer(fake, body):
    """Events without an end do not become an answer that looks whole."""
    prepared = ChatAdapter(fake("x")).prepare(body())
    with pytest.raises(ChatError, match="not complete"):
        chat_response(prepared, [TextDelta("x")])
