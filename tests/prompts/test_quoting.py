"""How messages quote an answer."""

from __future__ import annotations

import pytest

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.numbers import read_integer


def test_a_long_answer_is_shortened_in_the_message() -> None:
    """An error column is no place for an essay."""
    with pytest.raises(UnreadableReply) as caught:
        read_integer("word\n " * 200)
    assert len(str(caught.value)) < 200
    assert "word word word" in str(caught.value)
    assert "…" in str(caught.value)
