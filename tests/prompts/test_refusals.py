"""Excuses told from answers in many languages: lists that the patterns were made on, and lists they were checked on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_tree import ROOT

from vlmkit.prompts.refusals import Asked, Excuse, asked_by, begins_an_offer, excuse_of, find_excuses

KINDS = {"declined": Excuse.DECLINED, "unseen": Excuse.NO_PICTURE, "honest": None}


def listed(name: str) -> list[tuple[str, str, str]]:
    """Kind, question and answer of each line of a list."""
    lines = (ROOT / "tests" / "prompts" / "excuses" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    entries = [line.split(" | ", 2) for line in lines if line and not line.startswith("#")]
    return [(kind, "Describe this image." if asked == "describe" else asked, text) for kind, asked, text in entries]


LINES = [*listed("design"), *listed("check"), *listed("unseen"), *listed("spoken")]


def test_the_lists_are_long_enough() -> None:
    """Of both sorts, and in many languages."""
    assert sum(kind == "honest" for kind, _, _ in LINES) >= 150
    assert sum(kind != "honest" for kind, _, _ in LINES) >= 150


@pytest.mark.parametrize(("kind", "question", "text"), LINES)
def test_what_an_answer_is(kind: str, question: str, text: str) -> None:
    """An excuse, or an answer that may sound like one."""
    assert excuse_of(text, asked_by(question)) is KINDS[kind]


@pytest.mark.parametrize(("kind", "question", "text"), [line for line in LINES if line[1].startswith("Describe")])
def test_lint_finds_what_a_run_refuses(kind: str, question: str, text: str) -> None:
    """One list serves both; what a run lets pass may still have a clause that no caption should have."""
    spans = list(find_excuses(text))
    assert all(0 <= start < end <= len(text) for start, end, _ in spans)
    if KINDS[kind] is not None:
        assert KINDS[kind] in {excuse for _, _, excuse in spans}


def test_lint_finds_a_refusal_beside_a_description() -> None:
    """The clause, and nothing of the rest."""
    text = "I cannot identify the person in this image. He wears a red hat."
    assert [text[start:end] for start, end, _ in find_excuses(text)] == ["I cannot identify the person in this image"]
    assert excuse_of(text) is None


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("Describe this image in one short sentence.", Asked(describes=True)),
        ("Write alt text for this image.", Asked(describes=True)),
        ("What does it say?", Asked(reads_text=True)),
        ("Transcribe everything.", Asked(reads_text=True)),
        ("What is written on the shirt?", Asked(reads_text=True)),
        ("Read the sign.", Asked(reads_text=True)),
        ("¿Qué texto hay?", Asked(reads_text=True)),
        ("Was steht auf dem Schild?", Asked(reads_text=True)),
        ("图中的文字是什么？", Asked(reads_text=True)),
        ("How many photos hang on the wall?", Asked(about_pictures=True)),
        ("Is there a painting in the room?", Asked(about_pictures=True)),
        ("Which emoji fits?", Asked(about_symbols=True)),
        ("How many circles are there?", Asked()),
        ("What is in this picture?", Asked()),
    ],
)
def test_what_a_question_asks_for(question: str, asked: Asked) -> None:
    """As far as it decides how an answer is judged."""
    assert asked_by(question) == asked


@pytest.mark.parametrize(
    "text", ["Hello! How can I assist you today?", "I'm happy to help!", "¡Hola! ¿En qué puedo ayudarte?"]
)
def test_talk_alone_is_no_answer(text: str) -> None:
    """Nothing is said about the picture, nor that there is none."""
    assert excuse_of(text) is Excuse.ONLY_TALK
    assert [excuse for _, _, excuse in find_excuses(text)] == [Excuse.ONLY_TALK]


@pytest.mark.parametrize(
    ("sentence", "offers"),
    [
        ("Let me know if you need more.", True),
        ("Would you like me to go on?", True),
        ("I hope this helps!", True),
        ("¿Quieres que lo haga más corto?", True),
        ("N'hésitez pas à demander.", True),
        ("如果您需要更多信息，请告诉我。", True),
        ("A cat sits on a mat.", False),
        ("You can see a cat.", False),
        ("图中有一只猫。", False),
    ],
)
def test_offers(sentence: str, offers: bool) -> None:
    """Sentences about what the model could do next."""
    assert begins_an_offer(sentence) is offers


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    """No answer of a model ends a run; places lie in the text."""
    assert excuse_of(text) in {None, *Excuse}
    assert all(0 <= start < end <= len(text) for start, end, _ in find_excuses(text))


@pytest.mark.parametrize(
    "words", ["i don't ", "i you please could you ", "sorry i ", "the image you that was not ", "no puedo "]
)
def test_a_long_clause_is_looked_at_as_far_as_an_excuse_goes(words: str) -> None:
    """Patterns that begin at every word of twenty thousand would hold up the run; whole sentences are all looked at."""
    assert excuse_of(words * 300) in {None, *Excuse}
    assert all(end <= 20_000 for _, end, _ in find_excuses((words * 4000)[:20_000]))
    assert list(find_excuses("A cat. " * 500 + "I can't describe this image."))
