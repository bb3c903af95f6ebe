"""What dialects share: unsupported options are found, odd numbers are none."""

import base64
import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import BadSetting, Refused
from vlmkit.providers.anthropic_messages import ANTHROPIC_MESSAGES
from vlmkit.providers.dialect import (
    PICTURE_MARK,
    AnswerPiece,
    RequestForm,
    count_of,
    encode,
    id_of,
    is_overfull,
    no_text,
    parse_json,
    refuse_unsupported,
)
from vlmkit.providers.gemini_content import GEMINI_CONTENT
from vlmkit.providers.hosts import ANY_SERVER, HOSTS
from vlmkit.providers.openai_chat import OPENAI_CHAT
from vlmkit.records import Ask, Message, Picture, Sampling, one_question

FORM = RequestForm(model="m", parameters={"max_tokens": "max_tokens", "top_p": "top_p", "stop": "stop"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("top_k", 2), ("repetition_penalty", 1.1), ("seed", 5), ("frequency_penalty", 0.1), ("presence_penalty", -1.0)],
)
def test_what_was_asked_for_is_not_dropped(name, value):
    """An option without a word is an error that names it, and those that have one."""
    with pytest.raises(BadSetting, match=f"{name}: .* it takes top_p, stop"):
        refuse_unsupported(Ask(messages=one_question("x"), sampling=Sampling(**{name: value})), FORM)


def test_probabilities_are_an_option_too():
    """They cannot be made up."""
    with pytest.raises(BadSetting, match="token_probabilities"):
        refuse_unsupported(Ask(messages=one_question("x"), token_probabilities=True), FORM)
    with pytest.raises(BadSetting, match="alternatives"):
        refuse_unsupported(Ask(messages=one_question("x"), alternatives=2), FORM)


def test_what_nobody_asked_for_is_fine():
    """Neutral values and supported ones."""
    refuse_unsupported(Ask(messages=one_question("x"), sampling=Sampling(top_p=0.5, stop=("a",), temperature=1)), FORM)


def test_only_whole_numbers_count():
    """Not texts, not truths, not what is missing."""
    assert count_of({"n": 3}, "n") == 3
    assert [count_of(content, "n") for content in ({"n": "3"}, {"n": True}, {}, None, [3])] == [None] * 5


def test_no_text_says_why():
    """Thinking that used up all tokens has its own advice; what was withheld is refused, with the reason."""
    assert "raise max_tokens" in str(no_text(AnswerPiece(finish_reason="MAX_TOKENS")))
    assert "max_tokens" not in str(no_text(AnswerPiece(finish_reason="stop")))
    thought = no_text(AnswerPiece(finish_reason="stop", thinks=True))
    assert re.search(r"only thought.*raise max_tokens; or turn thinking off", str(thought))
    assert not isinstance(thought, Refused)
    for piece in (AnswerPiece(finish_reason="content_filter", thinks=True), AnswerPiece(refusal="not this one")):
        fault = no_text(piece)
        assert isinstance(fault, Refused)
        assert "content_filter" in str(fault) or "not this one" in str(fault)


@pytest.mark.parametrize(
    ("dialect", "roles"),
    [
        (OPENAI_CHAT, ["system", "user", "assistant", "user"]),
        (ANTHROPIC_MESSAGES, ["user", "assistant", "user"]),
        (GEMINI_CONTENT, ["user", "model", "user"]),
    ],
)
def test_every_dialect_says_what_was_said_before(dialect, roles):
    """An example's picture and answer stand before the question, each picture at its own place."""
    first, second = (
        Picture(data=data, media_type="image/jpeg", width=1, height=1, digest=data.decode()) for data in (b"1", b"2")
    )
    before = (Message.user("Which?", [first]), Message.assistant("A dog."))
    ask = Ask(messages=one_question("And this?", [second], system="Be brief.", before=before))
    body = json.loads(dialect.request(ask, FORM, False)[1])
    messages = body.get("messages") or body["contents"]
    assert [message["role"] for message in messages] == roles
    *_, shown, answer, asked = [json.dumps(message) for message in messages]
    assert ("MQ==" in shown, "Which?" in shown) == (True, True)
    assert "A dog." in answer
    assert ("Mg==" in asked, "And this?" in asked) == (True, True)


UNUSUAL = {
    "top_p": 0.5,
    "top_k": 3,
    "repetition_penalty": 1.2,
    "frequency_penalty": 0.25,
    "presence_penalty": -0.75,
    "stop": ("END",),
    "seed": 11,
}


@pytest.mark.parametrize("name", UNUSUAL)
@pytest.mark.parametrize("host", [*HOSTS.values(), ANY_SERVER], ids=lambda host: host.name + ("" if host.url else "@"))
def test_an_option_arrives_or_is_refused(host, name):
    """No host gets a request from which something that was asked for was left out."""
    form = RequestForm(model="m", parameters=host.parameters)
    ask = Ask(messages=one_question("x"), sampling=Sampling(**{name: UNUSUAL[name]}))
    if name not in host.parameters:
        with pytest.raises(BadSetting, match=f"{name}: m's server takes no such option"):
            refuse_unsupported(ask, form)
        return
    body = json.loads(host.dialect.request(ask, form, False)[1])
    options = body.get("generationConfig", body)
    value = UNUSUAL[name]
    word = host.parameters[name] if name != "stop" or host.name != "anthropic" else "stop_sequences"
    assert options[word] == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize(
    ("engine", "highest"), [("anthropic", 1.0), ("openai", 2.0), ("gemini", 2.0), ("openrouter", 2.0)]
)
def test_a_temperature_that_a_host_does_not_take_is_refused(engine, highest):
    """Before it is sent; the highest itself is fine, and a server of the user's own says itself what it takes."""
    form = RequestForm(model="m", parameters={}, highest_temperature=HOSTS[engine].highest_temperature)
    refuse_unsupported(Ask(messages=one_question("x"), sampling=Sampling(temperature=highest)), form)
    with pytest.raises(BadSetting, match=f"Give 0 to {highest:g}"):
        refuse_unsupported(Ask(messages=one_question("x"), sampling=Sampling(temperature=highest + 0.1)), form)
    assert ANY_SERVER.highest_temperature is None


@pytest.mark.parametrize(
    ("dialect", "whole", "event"),
    [
        (
            OPENAI_CHAT,
            {"id": "r-1", "choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]},
            {"id": "r-1", "choices": [{"delta": {"content": "a"}}]},
        ),
        (
            ANTHROPIC_MESSAGES,
            {"id": "r-1", "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn"},
            {"type": "message_start", "message": {"id": "r-1"}},
        ),
        (
            GEMINI_CONTENT,
            {"responseId": "r-1", "candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]},
            {"responseId": "r-1", "candidates": [{"content": {"parts": [{"text": "a"}]}}]},
        ),
    ],
    ids=["openai", "anthropic", "gemini"],
)
def test_every_dialect_gives_the_server_s_id(dialect, whole, event):
    """Of a whole answer and of one in pieces."""
    assert dialect.read(whole).response_id == "r-1"
    assert dialect.read_event(json.dumps(event)).response_id == "r-1"


@pytest.mark.parametrize("odd", [None, 7, "", "a\nb", "x" * 201, ["r"]])
def test_an_odd_id_is_none(odd):
    """Nothing that could break a line or a table."""
    assert id_of({"id": odd}) is None
    assert id_of(odd) is None


@pytest.mark.parametrize("digits", [20, 400, 4300, 5000, 100_000])
def test_a_number_of_too_many_digits_spoils_nothing_else(digits):
    """Python reads no more than 4,300; what is not JSON still is none."""
    large = "9" * digits
    text = f'{{"content": "A fox.", "usage": {{"prompt_tokens": {large}, "small": 7, "low": -{large}}}}}'
    for data in (text, text.encode()):
        found = parse_json(data)
        assert found["content"] == "A fox."
        assert count_of(found["usage"], "small") == 7
        assert count_of(found["usage"], "prompt_tokens") is count_of(found["usage"], "low") is None
    for data in ("{", "", "[1", b"\xff"):
        with pytest.raises(ValueError, match=r"Expecting|decode"):
            parse_json(data)


NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
COUNTS = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens")
COUNTS += ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
USAGE = NONSENSE | st.dictionaries(st.sampled_from(COUNTS), NONSENSE)
ANSWERS = {
    "openai": (OPENAI_CHAT, {"choices": [{"message": {"content": "A fox."}, "finish_reason": "stop"}]}, "usage"),
    "anthropic": (ANTHROPIC_MESSAGES, {"content": [{"type": "text", "text": "A fox."}]}, "usage"),
    "gemini": (GEMINI_CONTENT, {"candidates": [{"content": {"parts": [{"text": "A fox."}]}}]}, "usageMetadata"),
}


@pytest.mark.parametrize("dialect", ANSWERS)
@given(usage=USAGE)
def test_no_nonsense_in_the_usage_loses_a_paid_answer(dialect, usage):
    """Whole and streamed; what is counted fits a column of whole numbers."""
    speaks, answer, name = ANSWERS[dialect]
    try:
        text = json.dumps(answer | {name: usage})
    except ValueError:  # more digits than Python writes; servers do
        text = json.dumps(answer | {name: "NUMBER"}).replace('"NUMBER"', "9" * 5000)
    piece = speaks.read(parse_json(text))
    assert piece.text == "A fox."
    streamed = [piece.usage, speaks.read_event(text).usage]
    event = {"type": "message_delta", "delta": {}, "usage": usage, "message": {"usage": usage}}
    with suppress(ValueError):
        streamed += [
            ANTHROPIC_MESSAGES.read_event(json.dumps(event)).usage,
            ANTHROPIC_MESSAGES.read_event(json.dumps(event | {"type": "message_start"})).usage,
        ]
    for found in streamed:
        for number in (found.prompt_tokens, found.completion_tokens):
            assert number is None or 0 <= number < 2**63


def test_json_with_more_values_than_bytes_can_honestly_have_is_not_read():
    """Each takes many times the memory that its bytes do; likelihoods of a long answer are dense, and read."""
    for crowded in ("[" + "{}," * 300_000 + "{}]", "[" + "[]," * 300_000 + "[]]", "[" + "1," * 600_000 + "1]"):
        for data in (crowded, crowded.encode()):
            with pytest.raises(ValueError, match="values, more than any answer has") as caught:
                parse_json(data)
            assert is_overfull(caught.value)
    token = {"token": "fox", "logprob": -0.125, "bytes": [102, 111, 120]}
    dense = {"content": [{**token, "top_logprobs": [token] * 20}] * 4096}
    assert parse_json(json.dumps(dense, separators=(",", ":"))) == dense
    with pytest.raises(ValueError, match="values"):
        parse_json("[1,2,3,4,5]", 4)


def picture(data):
    return Picture(data=data, media_type="image/png", width=1, height=1, digest="x")


def test_pictures_are_put_in_in_order():
    """The body is the JSON that an encoder would have made of the finished texts."""
    pictures = [picture(bytes([number]) * 500) for number in range(3)]
    payload = {"a": [{"url": f"data:image/png;base64,{PICTURE_MARK}"} for _ in pictures], "text": 'ünï "quoted"\n\x00'}
    finished = json.loads(encode(payload, pictures))
    assert finished["text"] == payload["text"]
    assert [base64.b64decode(part["url"].partition(",")[2]) for part in finished["a"]] == [p.data for p in pictures]


def test_a_picture_too_many_is_noticed():
    """A dialect that forgot one would send an empty question."""
    with pytest.raises(ValueError, match="zip"):
        encode({"a": PICTURE_MARK}, [picture(b"x"), picture(b"y")])
