"""What is wrong with an ask is found before it is sent, whoever answers."""

import pytest

from vlmkit.backends.checks import (
    blank_prompt,
    check_messages,
    check_sampling,
    check_timeout,
    check_tools,
    too_many_pictures,
)
from vlmkit.backends.protocol import Abilities
from vlmkit.errors import BadSetting, Refused
from vlmkit.records import Ask, Message, Picture, Sampling, ToolCall, ToolDefinition, one_question


@pytest.mark.parametrize("prompt", ["", " ", "\n\t", "\u00a0\u2003"])
def test_a_blank_prompt_asks_nothing(prompt):
    """It is a row's fault, as a table's cell may be empty."""
    assert isinstance(blank_prompt(Ask(messages=one_question(prompt))), Refused)


def test_a_message_without_a_text_is_no_blank_prompt():
    """A picture alone is shown in a chat; a blank text beside it would be a table's empty cell."""
    picture = Picture(data=b"", media_type="image/png", width=1, height=1, digest="")
    assert blank_prompt(Ask(messages=(Message(role="user", content=(picture,)),))) is None
    assert isinstance(blank_prompt(Ask(messages=one_question(" ", [picture]))), Refused)


@pytest.mark.parametrize("prompt", ["?", " Describe. ", "0", "图"])
def test_whatever_can_be_read_is_a_prompt(prompt):
    """However short."""
    assert blank_prompt(Ask(messages=one_question(prompt))) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", 0),
        ("temperature", -0.1),
        ("temperature", float("inf")),
        ("temperature", float("nan")),
        ("top_p", 0.0),
        ("top_p", 1.1),
        ("top_k", -1),
        ("repetition_penalty", 0.0),
        ("repetition_penalty", float("nan")),
        ("frequency_penalty", 2.1),
        ("presence_penalty", -2.1),
        ("presence_penalty", float("nan")),
        ("temperature", "hot"),
        ("max_tokens", 2.5),
        ("max_tokens", None),
        ("top_k", True),
        ("stop", ("a", "")),
        ("stop", (1,)),
        ("stop", 7),
        ("seed", 0.5),
        ("seed", float("nan")),
        ("max_tokens", float("inf")),
    ],
)
def test_values_that_mean_nothing_are_refused(name, value):
    """With the name, and what it accepts."""
    with pytest.raises(BadSetting, match=f"{name}: .* cannot be used. Give"):
        check_sampling(Sampling(**{name: value}))


def test_what_was_sound_once_is_looked_at_again_where_it_may_have_changed():
    """A list of stops is not a constant, whatever the type says."""
    stops = ["a"]
    sampling = Sampling(stop=stops)
    check_sampling(sampling)
    stops.append("")
    with pytest.raises(BadSetting, match="stop: "):
        check_sampling(sampling)


def test_every_value_that_means_something_is_taken():
    """The bounds included."""
    check_sampling(Sampling())
    check_sampling(Sampling(max_tokens=1, temperature=9.0, top_p=1.0, top_k=0, repetition_penalty=0.5))
    check_sampling(Sampling(frequency_penalty=2.0, presence_penalty=-2.0))


@pytest.mark.parametrize("timeout_s", [0, -1, "2", True, float("nan")])
def test_a_deadline_is_above_zero(timeout_s):
    """Or there is none."""
    with pytest.raises(BadSetting, match=r"timeout_s: .* cannot be used"):
        check_timeout(timeout_s)
    check_timeout(None)
    check_timeout(0.001)


def test_pictures_are_counted_with_those_of_examples():
    """As many as the model takes are fine, one more is not."""
    picture = Picture(data=b"", media_type="image/png", width=1, height=1, digest="d")
    before = (Message.user("And this?", [picture]), Message.assistant("A dog."))
    ask = Ask(messages=one_question("What?", [picture], before=before))
    assert too_many_pictures("mlx:m", Abilities(images_per_ask=2), ask) is None
    fault = too_many_pictures("mlx:m", Abilities(images_per_ask=1), ask)
    assert isinstance(fault, Refused)
    assert "takes 1 picture(s) per question and was given 2" in str(fault)


CALLED = Message.assistant("", [ToolCall(id="a", name="look"), ToolCall(id="b", name="look")])
RESULTS = (Message.tool("b", "2"), Message.tool("a", "1"))


def test_a_conversation_may_have_any_order():
    """Several questions in a row, a system text in the middle, results in another order, an answer at the end."""
    asked = (Message.user("One."), Message.user("Two."), CALLED, *RESULTS, Message.system("Be brief."))
    check_messages(Ask(messages=asked))
    check_messages(Ask(messages=(*asked, Message.user("And?"), Message.assistant("It is"))))
    assert blank_prompt(Ask(messages=(Message.user("One."), CALLED, *RESULTS))) is None


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ((), "messages: there are none"),
        ((Message(role="developer"),), "unknown role 'developer'. Give one of system, user, assistant, tool"),
        ((Message(role="user", tool_calls=CALLED.tool_calls),), "role 'user' has tool calls"),
        ((Message.tool("a", "1"),), r"messages\[0\]: no call before it waits for the result 'a'"),
        ((CALLED, Message.tool("a", "1"), Message.tool("a", "1")), r"messages\[2\]: no call before it waits"),
        ((CALLED, Message.tool("b", "2"), Message.user("?")), r"messages\[2\]: the tool call 'a' has no result"),
        ((CALLED,), "messages: the tool call 'a' has no result"),
    ],
)
def test_what_is_no_conversation_is_refused(messages, words):
    """With the place, and what to do."""
    with pytest.raises(BadSetting, match=words):
        check_messages(Ask(messages=messages))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tools": (ToolDefinition(name="a b"),)}, "'a b' cannot be a name"),
        ({"tools": (ToolDefinition(name="required"),)}, "'required' cannot be a name"),
        ({"tools": (ToolDefinition(name="look", parameters="{"),)}, "'look' has parameters that are not JSON"),
        (
            {"tools": (ToolDefinition(name="look", parameters='{"type": "array"}'),)},
            "parameters that are not an object",
        ),
        ({"tools": (ToolDefinition(name="look"),) * 2}, "'look' is the name of 2 tools"),
        ({"tool_choice": "required"}, "tool_choice: 'required' cannot be used. Give one of auto, none"),
        ({"tool_choice": "find", "tools": (ToolDefinition(name="look"),)}, "Give one of auto, none, required, look"),
    ],
)
def test_tools_that_mean_nothing_are_refused(options, words):
    """Before anything is sent."""
    with pytest.raises(BadSetting, match=words):
        check_tools("fake:m", Abilities(tools=True), Ask(messages=one_question("?"), **options))


def test_tools_need_a_model_that_takes_them():
    """Calls that were made before do, too."""
    for ask in (
        Ask(messages=one_question("?"), tools=(ToolDefinition(name="look"),)),
        Ask(messages=(CALLED, *RESULTS)),
    ):
        check_tools("fake:m", Abilities(tools=True), ask)
        with pytest.raises(BadSetting, match="tools: fake:m takes none"):
            check_tools("fake:m", Abilities(), ask)
