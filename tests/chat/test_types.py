"""Types of the wire: numbers are numbers, unknown keys are ignored, names of parts are those of both APIs."""

import pytest
from pydantic import ValidationError

from vlmkit.chat.types import ChatBody

MESSAGES = [{"role": "user", "content": "x"}]


@pytest.mark.parametrize(("name", "value"), [("max_tokens", "5"), ("temperature", "1"), ("n", 1.5), ("stream", "yes")])
def test_a_text_is_no_number(name, value):
    """What a client means by it would be a guess."""
    with pytest.raises(ValidationError, match=name):
        ChatBody.model_validate({"model": "m", "messages": MESSAGES, name: value})


def test_unknown_keys_are_ignored_at_every_depth():
    """Clients of tomorrow send some."""
    message = {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}], "name": "a"}
    body = ChatBody.model_validate({"model": "m", "messages": [message], "tomorrow": 1})
    assert body.messages[0].content[0].text == "x"


@pytest.mark.parametrize("kind", ["text", "input_text", "output_text"])
def test_texts_have_three_names(kind):
    """Of the chat dialect one, of the Responses API two."""
    message = {"role": "assistant", "content": [{"type": kind, "text": "x"}]}
    assert ChatBody.model_validate({"model": "m", "messages": [message]}).messages[0].content[0].text == "x"
