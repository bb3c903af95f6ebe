"""Answers that hold nothing, and short ones that do."""

from __future__ import annotations

import pytest

from vlmkit.prompts.emptiness import emptiness_of
from vlmkit.prompts.refusals import asked_by

DESCRIBE, READ = "Describe this image.", "What does it say?"
LOOP = "A cat on a mat " + "and a mat " * 20


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("!" * 300, DESCRIBE),
        (".", DESCRIBE),
        ("?", "How many dogs are there?"),
        ("…", READ),
        ("\ufffd\ufffd", DESCRIBE),
        ("- - -", DESCRIBE),
        ("😀", DESCRIBE),
        ("null", "What brand is it?"),
        ("NULL.", READ),
        ("undefined", DESCRIBE),
        ("NaN", "What is the price?"),
        ("None", DESCRIBE),
        ("N/A", DESCRIBE),
        ("0 0 0 0 0 0 0 0", DESCRIBE),
        ("the the the the", DESCRIBE),
        ("cat, cat, cat, cat, cat", DESCRIBE),
        ("aaaaaaaaaaaaaaaaaa", DESCRIBE),
        ("哈哈哈哈哈哈哈哈哈哈哈哈", DESCRIBE),
        ("0 " * 40, READ),
        (LOOP, DESCRIBE),
    ],
)
def test_nothing_is_said(text: str, question: str) -> None:
    """No letter and no digit of any script, a program's word for nothing, one thing over and over."""
    assert emptiness_of(text.strip(), asked_by(question))


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("A", DESCRIBE),
        ("0", "How many dogs are there?"),
        ("猫", DESCRIBE),
        ("قطة", DESCRIBE),
        ("None", "Which animals are there?"),
        ("N/A", "What brand is it?"),
        ("nothing", "What is in his hand?"),
        ("😀", "Which emoji fits his mood?"),
        ("€", "Which currency symbol is shown?"),
        ("HA HA HA HA HA", READ),
        ("0000000000000", READ),
        ("No no no", DESCRIBE),
        ("1111", "Which year?"),
        ("The cat sat on the mat and the dog sat on the rug and the bird sat on the roof.", DESCRIBE),
        ("red, green, red, blue, red", DESCRIBE),
    ],
)
def test_something_is_said(text: str, question: str) -> None:
    """However short; on a sign a word may stand many times, and an emoji may have been asked for."""
    assert emptiness_of(text, asked_by(question)) is None
