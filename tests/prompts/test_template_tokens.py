"""Marks of templates at the ends of an answer, and in the middle of one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.prompts.template_tokens import INVISIBLE, TOKEN, drop_thinking, drop_tokens

CAT = "A cat on a mat."


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
