"""The gate: how a reply ended, what it is when cleaned, and whether it is an answer."""

from __future__ import annotations

import pytest

from vlmkit.errors import PictureNotSeen, Refused, UnreadableReply
from vlmkit.prompts import compose_description, compose_form, compose_question, compose_tags
from vlmkit.prompts.gate import admit_values, advice_of_cut, emptiness_of
from vlmkit.prompts.refusals import asked_by
from vlmkit.records import Reply

CAPTION = compose_description(style="brief", into="x")
COUNT = compose_question("How many dogs are there?", dtype=int, into="x")
CHOICE = compose_question("Which?", choices=["no image", "null", "a photo"], into="x")
FORM = compose_form("caption str, sign_text str, tags list[str], n int", into="x")
TAGS = compose_tags(["cat", "dog"], into="x")
GOOD = '{"caption": "A cat.", "sign_text": "Sorry, we are closed", "tags": ["cat"], "n": 2}'


def reply(text: str, finish_reason: str = "stop") -> Reply:
    return Reply(text=text, finish_reason=finish_reason, model="fake:x")


ANSWERS = [(CAPTION, "A cat on a mat."), (COUNT, "2"), (CHOICE, "a photo"), (FORM, GOOD), (TAGS, '{"tags": ["cat"]}')]


@pytest.mark.parametrize(("task", "text"), ANSWERS)
@pytest.mark.parametrize("reason", ["content_filter", "refusal", "SAFETY", "RECITATION", "PROHIBITED_CONTENT"])
def test_what_was_withheld_is_refused(task, text, reason) -> None:
    """However whole the answer looks; free text, typed, or an object."""
    with pytest.raises(Refused, match=f"withheld after .*finish reason '{reason}'"):
        task.read(reply(text, reason))


@pytest.mark.parametrize(("task", "text"), ANSWERS)
@pytest.mark.parametrize("reason", ["error", "abort", "OTHER", "tool_calls", "tired"])
def test_what_an_error_ended_is_unreadable(task, text, reason) -> None:
    """And so is what ended for a reason that nobody knows."""
    with pytest.raises(UnreadableReply, match=f"broke off .finish reason '{reason}'"):
        task.read(reply(text, reason))


@pytest.mark.parametrize(("task", "text"), ANSWERS)
@pytest.mark.parametrize("reason", ["stop", "STOP", "end_turn", "eos", "unknown", "", "null", "stop_sequence"])
def test_an_honest_end_is_one_in_any_spelling(task, text, reason) -> None:
    """Also where a server does not say."""
    assert task.read(reply(text, reason)) == task.read(reply(text))


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "model_context_window_exceeded"])
def test_what_was_cut_off_is_told_with_advice(reason) -> None:
    """A description is not all there; an object that ends is."""
    with pytest.raises(UnreadableReply, match=r"cut off.*'A cat on a'.*(max_tokens|smaller pictures)"):
        CAPTION.read(reply("A cat on a", reason))
    with pytest.raises(UnreadableReply, match="cut off"):
        CAPTION.read(reply("<think>and so on", reason))
    assert FORM.read(reply(GOOD, reason))["n"] == 2


def test_advice_about_a_cut() -> None:
    """A full context is not mended by more tokens."""
    assert "max_tokens" in advice_of_cut("length")
    assert "max_tokens" not in advice_of_cut("model_context_window_exceeded")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"the model answered nothing\. Ask in other words"),
        (" \n", "answered nothing"),
        ("<think>hm</think> ", r"answered only '<think>hm</think>'"),
        ("<unk><unk>", "answered only '<unk><unk>'"),
        ("null", "a word for nothing"),
        ("!!!!", "no letter and no digit"),
        ("Sure! Here is a description of the image:", "only 'Sure! Here is a description"),
        ("Hello! How can I assist you today?", "only talked"),
    ],
)
def test_what_holds_nothing_is_unreadable(text, message) -> None:
    """The message shows what came."""
    with pytest.raises(UnreadableReply, match=message):
        CAPTION.read(reply(text))


@pytest.mark.parametrize("task", [CAPTION, COUNT, CHOICE, FORM, TAGS])
def test_an_excuse_is_a_fault_of_its_own_kind(task) -> None:
    """Whatever was asked for."""
    with pytest.raises(Refused, match="the model declined: ") as declined:
        task.read(reply("I'm sorry, but I can't assist with that."))
    assert type(declined.value) is Refused
    with pytest.raises(PictureNotSeen, match=r"saw no picture: .*Ask a model that sees pictures"):
        task.read(reply("I don't see any image attached. Could you share it?"))


def test_an_excuse_before_an_object_counts() -> None:
    """What is made up without a picture may be well formed."""
    with pytest.raises(PictureNotSeen):
        FORM.read(reply(f"I don't see an image, so here is an example: {GOOD}"))
    assert FORM.read(reply(f"Here is the JSON: {GOOD}"))["n"] == 2


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        ('"caption": "I\'m sorry, I can\'t help with that."', Refused),
        ('"caption": "抱歉，我无法识别图片中的人物。"', Refused),
        ('"caption": "No image was provided."', PictureNotSeen),
        ('"tags": ["cat", "I cannot describe this image."]', Refused),
        ('"caption": "!!!!!!!!!!!!!!"', UnreadableReply),
        ('"caption": "<unk><unk>"', UnreadableReply),
    ],
)
def test_a_field_is_judged_like_an_answer(field, kind) -> None:
    """The message names it."""
    name = field.partition(":")[0].strip('"')
    text = GOOD.replace('"caption": "A cat."', field) if name == "caption" else GOOD.replace('"tags": ["cat"]', field)
    with pytest.raises(kind, match=f"in '{name}'"):
        FORM.read(reply(text))


@pytest.mark.parametrize(
    "values",
    [
        {"sign_text": "I can't help you"},
        {"sign_text": ""},
        {"greeting": "Hello!"},
        {"operator": "+"},
        {"price_symbol": "€"},
        {"name": "null"},
        {"on_the_wall": "no photo"},
        {"tags": ["no people", "photo"]},
        {"n": 3, "ok": True, "nothing": None},
    ],
)
def test_a_field_may_hold_little(values) -> None:
    """A mark, a greeting, the words of a sign, nothing at all."""
    assert admit_values(values, "Describe this image.") == values


def test_a_field_is_freed_of_marks() -> None:
    """As an answer is."""
    assert admit_values({"caption": "A cat.</s>"}, "") == {"caption": "A cat."}


@pytest.mark.parametrize("text", ["no image", "NULL", "a photo"])
def test_what_was_offered_is_an_answer(text) -> None:
    """Although it would be none elsewhere."""
    assert CHOICE.read(reply(text))["x"].casefold() == text.casefold()


def test_what_was_asked_decides() -> None:
    """The words of a shirt are not a refusal, nor an emoji nothing, where they were asked for."""
    read = compose_question("What does the shirt say?", into="x")
    assert read.read(reply("I can't help falling in love with you"))["x"].startswith("I can't")
    assert read.read(reply('"I WON\'T STOP"'))["x"] == "I WON'T STOP"
    mood = compose_question("Which emoji fits?", into="x")
    assert mood.read(reply("😀"))["x"] == "😀"
    with pytest.raises(UnreadableReply):
        CAPTION.read(reply("😀"))


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
