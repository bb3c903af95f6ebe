"""What stands around an answer is taken off, what stands in it stays."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.prompts.cleaning import (
    INVISIBLE,
    LABEL,
    TOKEN,
    cleaned,
    drop_fence,
    drop_label,
    drop_offers,
    drop_preamble,
    drop_quotes,
    drop_thinking,
    drop_tokens,
)
from vlmkit.untrusted import mend_surrogates

CAT = "A cat on a mat."


def test_halves_of_characters_are_mended() -> None:
    """A pair becomes its character, a lone half the replacement mark, all else stays."""
    assert mend_surrogates("\ud83d\ude00 a\ud800b é") == "😀 a\ufffdb é"
    assert mend_surrogates("\ufeffa") == "\ufeffa"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Sure! Here is a detailed description of the image:\n\nA red circle.", "A red circle."),
        ("Here's a caption for this picture: A red circle.", "A red circle."),
        ("Certainly, here are the tags you asked for:\nred, circle", "red, circle"),
        ("Of course! A red circle.", "A red circle."),
        ("The following is a description of the scene: A red circle.", "A red circle."),
        ("Voici une brève description : un cercle.", "un cercle."),
        ("Aquí tienes la descripción: un círculo.", "un círculo."),
        ("Hier ist die Bildunterschrift: ein Kreis.", "ein Kreis."),
        ("以下是图片描述：红色的圆。", "红色的圆。"),
        ("Here is a dog: it sleeps.", "Here is a dog: it sleeps."),
        ("Hier ist ein Hund: er schläft.", "Hier ist ein Hund: er schläft."),
        ("Sure signs of spring.", "Sure signs of spring."),
        ("Surely: a red circle.", "Surely: a red circle."),
        ("This is a dog at 10:30.", "This is a dog at 10:30."),
        ("A description of a city: Rome.", "A description of a city: Rome."),
    ],
)
def test_an_announcement_is_no_answer(text: str, answer: str) -> None:
    """What names an answer and ends in a colon goes; a sentence about the picture stays."""
    assert cleaned(text) == answer
    assert drop_preamble("A red circle.") == "A red circle."


@pytest.mark.parametrize(
    "text",
    [
        "**Caption:** A cat on a mat.",
        "Caption: A cat on a mat.",
        "**Caption**: A cat on a mat.",
        "# Caption\n\nA cat on a mat.",
        "Image description: A cat on a mat.",
        "Alt text: A cat on a mat.",
        "Assistant: A cat on a mat.",
        "ASSISTANT: A cat on a mat.",
        "assistant\n\nA cat on a mat.",
        "### Response:\nA cat on a mat.",
        "Légende : A cat on a mat.",
        "描述：A cat on a mat.",
        "```\nA cat on a mat.\n```",
        "```text\nA cat on a mat.\n```",
        '"A cat on a mat."',
        "“A cat on a mat.”",
        "«A cat on a mat.»",
        "「A cat on a mat.」",
        "'A cat on a mat.'",
        "Sure! Here's a caption:\n\n\"A cat on a mat.\"\n\nLet me know if you'd like any changes!",
        "Caption: ```A cat on a mat.```",
        "A cat on a mat.\n\nLet me know if you'd like any changes!",
        "A cat on a mat. I hope this helps! Would you like me to make it longer?",
        "A cat on a mat. Feel free to ask if you need more.",
        "A cat on a mat. Espero que esto te ayude.",
        "A cat on a mat. 如果您需要更多信息，请告诉我。",
        "<|im_start|>assistant\nCaption: A cat on a mat.<|im_end|>",
        "<think>Hm.</think>\u200b A cat on a mat.",
    ],
)
def test_what_stands_around_an_answer_is_taken_off(text: str) -> None:
    """One thing, or several around each other."""
    assert cleaned(text) == CAT


@pytest.mark.parametrize(
    "text",
    [
        "A cat: it sleeps.",
        'She says "no" and he says "yes".',
        '"Hello," she said. "Bye."',
        "'Tis the season for cats",
        "A man in a “Let me know” shirt.",
        "Two captions: one above, one below.",
        "An assistant: young, in a white coat.",
        "Use `x` or `y`.",
        "Before\n```\ncode\n```",
        "```\none\n```\nand\n```\ntwo\n```",
        "I hope this helps!",
        "Do you like cats? A poster asks that.",
        "A poster. It asks whether you would like tea.",
        '{"caption": "A cat"}',
        "[]",
        "x = [1, 2]",
    ],
)
def test_what_stands_in_an_answer_stays(text: str) -> None:
    """Quotation marks of two quotations, an offer that is all there is, a label that is a word of the sentence."""
    assert cleaned(text) == text


@pytest.mark.parametrize(
    "text", ["Caption: none. Let me know if you are hiring.", "Assistant: hello\nUser: hi", "Answer: B"]
)
def test_what_a_picture_may_have_itself_stays_in_a_transcript(text: str) -> None:
    """Labels and offers may be what was read; fences and quotation marks are the model's."""
    assert cleaned(text, is_transcript=True) == text
    assert cleaned(f'Here is the text in the image:\n"{text}"', is_transcript=True) == text
    assert cleaned(text) != text


def test_each_station_alone() -> None:
    """A text with nothing to take off comes out as it was."""
    for station in (drop_fence, drop_label, drop_offers, drop_preamble, drop_quotes):
        assert station(CAT) == CAT
        assert station("") == ""
    assert drop_quotes('""') == '""'
    assert LABEL.match("Assistant: x")


@given(st.text(max_size=200))
def test_cleaning_ends_and_adds_nothing(text: str) -> None:
    """Whatever a model writes; what is clean stays."""
    clean = cleaned(text)
    assert len(clean) <= len(text)
    assert cleaned(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        "A cat on a mat.<|im_end|>",
        "A cat on a mat.</s>",
        "A cat on a mat. </s></s>",
        "A cat on a mat.<|endoftext|>",
        "A cat on a mat.<|endoftext|>The quick brown fox",
        "A cat on a mat.<end_of_turn>\n<eos>",
        "A cat on a mat.<end_of_utterance>",
        "A cat on a mat.<｜end▁of▁sentence｜>",
        "A cat on a mat.<turn|>",
        "A cat on a mat. [/INST]",
        "A cat on a mat.<pad><pad><pad>",
        "<|begin_of_box|>A cat on a mat.<|end_of_box|>",
        "<s> A cat on a mat. </s>",
        "<bos>A cat on a mat.",
        "<image>\nA cat on a mat.",
        "[img-0] A cat on a mat.",
        "<0x0A>A cat on a mat.",
        "<|im_start|>assistant\nA cat on a mat.<|im_end|>\n<|im_start|>user\nWhat else?",
        "<|start_header_id|>assistant<|end_header_id|>\n\nA cat on a mat.<|eot_id|>",
        "<start_of_turn>model\nA cat on a mat.<end_of_turn>",
        "<|assistant|>A cat on a mat.<|user|>",
        "A cat on a mat. <|im_end|>\n<|im_start|>user\nAnd now?",
        "\u200bA cat on a mat.\ufeff",
    ],
)
def test_marks_at_the_ends_are_taken_off(text: str) -> None:
    """And what the model went on with after its turn."""
    assert drop_tokens(text) == CAT


@pytest.mark.parametrize(
    "text",
    [
        "The code shows a </s> tag that closes <s>.",
        "A page with <s>old price</s> and a new one.",
        "A terminal shows the token <|im_end|> in red.",
        'A slide with "<|im_end|>" in the middle.',
        "It ends with the closing tag </s>",
        "array[0]",
        "a < b and b > c",
        "<h1>Title</h1>",
        "A family: 👨‍👩‍👧",
    ],
)
def test_marks_within_an_answer_stay(text: str) -> None:
    """They may be what the picture shows."""
    assert drop_tokens(text) == text


@pytest.mark.parametrize("text", ["<unk><unk><unk>", "<|im_end|>", "\u200b\u2060 \ufeff", "<s></s>", "[PAD]", ""])
def test_marks_alone_are_nothing(text: str) -> None:
    """So the gate finds that nothing came."""
    assert drop_tokens(text) == ""
    assert all(character in INVISIBLE for character in re.sub(rf"{TOKEN}|\s", "", text))


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>hm</think>A cat.", "A cat."),
        ("<THINK>a\nb</think>\nA<thinking>c</thinking>B", "\nAB"),
        ("opened by the template</think>A cat.", "A cat."),
        ("A cat.<think>never ended", "A cat."),
        ("I think so.", "I think so."),
        ("[THINK]hm[/THINK]A cat.", "A cat."),
        ("◁think▷hm◁/think▷A cat.", "A cat."),
        ("<seed:think>hm</seed:think>A cat.", "A cat."),
        ("<think>hm</think>\n<answer>A cat.</answer>", "A cat."),
        ("<caption>A cat.</caption>", "A cat."),
        ("<description>\nA cat.\n</description>\n", "\nA cat.\n"),
        ("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>A cat.", "A cat."),
        ("<|channel|>analysis<|message|>Hm. And so on", ""),
        ("analysisNeed a caption.assistantfinalA cat.", "A cat."),
        ("analysis of a rock sample", "analysis of a rock sample"),
        ("<|channel>thought\nHm.<channel|>A cat.", "A cat."),
    ],
)
def test_thinking_is_dropped(text: str, rest: str) -> None:
    """Whether the tags are whole, opened by the template, or cut off; and every channel but the last."""
    assert drop_thinking(text) == rest


@given(st.text(alphabet="<|>/s[]INSTim_end assistant\n", max_size=300))
def test_any_mixture_of_marks_ends(text: str) -> None:
    """Shorter, or as it was."""
    assert len(drop_tokens(drop_thinking(text))) <= len(text)
