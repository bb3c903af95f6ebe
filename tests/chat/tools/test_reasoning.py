"""What a model writes for itself before its answer."""

import pytest

from tests.chat.tools.conftest import Found, read
from vlmkit.backends import REASONING_MARKS
from vlmkit.chat.tools import ReasoningSplitter


def split(*pieces, is_open=False):
    splitter, found = ReasoningSplitter(is_open=is_open), Found()
    for piece in pieces:
        found.take(splitter.feed(piece))
    found.take(splitter.finish())
    return found.reasoning, found.text


@pytest.mark.parametrize(("opener", "closer"), REASONING_MARKS)
def test_marks(opener, closer):
    """Between a family's marks stands reasoning, without white space at its ends; cut anywhere it is the same."""
    raw = f"\n{opener}\n It is <b>. \n\n{closer}\n\nTwo. {closer}"
    assert split(raw) == ("It is <b>.", f"Two. {closer}") == split(*raw)
    for place in range(len(raw)):
        assert split(raw[:place], raw[place:]) == split(raw)


def test_only_at_the_beginning():
    """Marks elsewhere are text, and so is an answer without any."""
    for raw in ("The mark <think> opens it.</think>", "  Two.", "", " \n", "<thin", "</think>Two."):
        assert split(raw) == ("", raw) == split(*raw)


def test_not_closed():
    """Reasoning that the end of the text cuts is reasoning."""
    assert split("<think>Well, <tool_call>{") == ("Well, <tool_call>{", "")


def test_begun_by_the_prompt():
    """Where the prompt ends in the opening mark, the answer begins inside; the mark once more changes nothing."""
    assert split("So.\n</think>\n\nTwo.", is_open=True) == ("So.", "Two.")
    assert split("<think>So.</think>Two.", is_open=True) == ("So.", "Two.")
    assert split("So.[/THINK]Two.", is_open=True) == ("So.", "Two.")


def test_calls_in_it_are_no_calls():
    """A call is one only behind the reasoning."""
    call = '<tool_call>{"name": "clock"}</tool_call>'
    found = read("hermes", f"{call}</think>{call}", is_reasoning=True)
    assert (found.reasoning, len(found.calls)) == (call, 1)


def test_messages_for_itself():
    """Messages of gpt-oss in the channel of its analysis are reasoning."""
    found = read("harmony", "<|channel|>analysis<|message|>Hm. <|x|>", "<|end|><|start|>assistant", "<|channel|>final")
    assert (found.reasoning, found.text) == ("Hm. <|x|>", "<|start|>assistant<|channel|>final")
