"""What dialects share: unsupported options are found, odd numbers are none."""

import pytest

from vlmkit.errors import BadSetting
from vlmkit.providers.dialect import Form, count, no_text, refuse_unsupported
from vlmkit.records import Ask, Sampling

FORM = Form(model="m", parameters={"top_p": "top_p", "stop": "stop"})


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
    """Thinking that used up all tokens has its own advice."""
    assert "raise max_tokens" in str(no_text("length"))
    assert "max_tokens" not in str(no_text("stop"))
