"""What dialects share: unsupported options are found, odd numbers are none."""

import json
import re

import pytest

from vlmkit.errors import BadSetting, Refused
from vlmkit.providers.anthropic_messages import ANTHROPIC_MESSAGES
from vlmkit.providers.dialect import Form, Piece, count, no_text, refuse_unsupported
from vlmkit.providers.gemini_content import GEMINI_CONTENT
from vlmkit.providers.openai_chat import OPENAI_CHAT
from vlmkit.records import Ask, Picture, Sampling, Turn

FORM = Form(model="m", parameters={"max_tokens": "max_tokens", "top_p": "top_p", "stop": "stop"})


@pytest.mark.parametrize(("name", "value"), [("top_k", 2), ("repetition_penalty", 1.1), ("seed", 5)])
def test_what_was_asked_for_is_not_dropped(name, value):
    """An option without a word is an error that names it, and those that have one."""
    with pytest.raises(BadSetting, match=f"{name}: .* it takes top_p, stop"):
        refuse_unsupported(Ask(pictures=(), prompt="x", sampling=Sampling(**{name: value})), FORM)


def test_probabilities_are_an_option_too():
    """They cannot be made up."""
    with pytest.raises(BadSetting, match="token_probabilities"):
        refuse_unsupported(Ask(pictures=(), prompt="x", token_probabilities=True), FORM)
    with pytest.raises(BadSetting, match="alternatives"):
        refuse_unsupported(Ask(pictures=(), prompt="x", alternatives=2), FORM)


def test_what_nobody_asked_for_is_fine():
    """Neutral values and supported ones."""
    refuse_unsupported(Ask(pictures=(), prompt="x", sampling=Sampling(top_p=0.5, stop=("a",), temperature=1)), FORM)


def test_only_whole_numbers_count():
    """Not texts, not truths, not what is missing."""
    assert count({"n": 3}, "n") == 3
    assert [count(content, "n") for content in ({"n": "3"}, {"n": True}, {}, None, [3])] == [None] * 5


def test_no_text_says_why():
    """Thinking that used up all tokens has its own advice; what was withheld is refused, with the reason."""
    assert "raise max_tokens" in str(no_text(Piece(finish_reason="MAX_TOKENS")))
    assert "max_tokens" not in str(no_text(Piece(finish_reason="stop")))
    thought = no_text(Piece(finish_reason="stop", thinks=True))
    assert re.search(r"only thought.*raise max_tokens; or turn thinking off", str(thought))
    assert not isinstance(thought, Refused)
    for piece in (Piece(finish_reason="content_filter", thinks=True), Piece(refusal="not this one")):
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
    turn = Turn(pictures=(first,), prompt="Which?", answer="A dog.")
    ask = Ask(pictures=(second,), prompt="And this?", system="Be brief.", turns=(turn,))
    body = json.loads(dialect.request(ask, FORM, False)[1])
    messages = body.get("messages") or body["contents"]
    assert [message["role"] for message in messages] == roles
    *_, shown, answer, asked = [json.dumps(message) for message in messages]
    assert ("MQ==" in shown, "Which?" in shown) == (True, True)
    assert "A dog." in answer
    assert ("Mg==" in asked, "And this?" in asked) == (True, True)
