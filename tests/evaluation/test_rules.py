"""Each rule on a text that it is about, and on texts that are as they should be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_tree import ROOT

from vlmkit.evaluation.rules import RULES, find_loops, sentence_ends, without_last_sentence, without_loops

BY_NAME = {rule.name: rule for rule in RULES}
CASES = [
    ("empty", "  \n", "  \n", None),
    ("empty", "!!!", "!!!", None),
    ("empty", "null", "null", None),
    ("refusal", "I'm sorry, but I can't describe this.", "I can't describe this", None),
    ("refusal", "I won't describe this image.", "I won't describe this image", None),
    ("refusal", "I must decline to identify the person.", "I must decline to identify the person", None),
    ("refusal", "抱歉，我无法识别图片中的人物。", "抱歉，我无法识别图片中的人物", None),
    ("refusal", "A man. I can't identify the person in this image.", "I can't identify the person in this image", None),
    ("no_picture", "I don't see any image attached.", "I don't see any image attached", None),
    ("tokens", "A cat.<|im_end|>", "<|im_end|>", "A cat."),
    ("tokens", "A cat.</s>", "</s>", "A cat."),
    ("tokens", "A [img-0] cat", "[img-0]", "A  cat"),
    ("tokens", "A c\ufffdt.", "\ufffd", "A ct."),
    ("tokens", "Assistant: A cat.", "Assistant: ", "A cat."),
    ("tokens", "A▁cat", "▁", "Acat"),
    ("tokens", "<think>Hm.\nA cat?</think>A cat.", "<think>Hm.\nA cat?</think>", "A cat."),
    ("markdown", "## A **red** circle", "## ", "A red circle"),
    ("markdown", "A [cat](http://a.b/c) and `code`", "[cat](http://a.b/c)", "A cat and code"),
    ("markdown", "* **one**\n2. two", "* ", "one\ntwo"),
    ("preamble", "Sure! Here's a caption: A cat.", "Sure! Here's a caption: ", "A cat."),
    ("preamble", "The image shows a red circle.", "The image shows ", "A red circle."),
    ("preamble", "In this picture, we can see two dogs.", "In this picture, we can see ", "Two dogs."),
    ("preamble", "Caption: a photo of the sea", "Caption: a photo of ", "The sea"),
    ("quotes", '"A cat on a mat."', '"A cat on a mat."', "A cat on a mat."),
    ("lines", "A cat.\n\nA dog.", "\n\n", "A cat. A dog."),
    ("repetition", "Oh a cat and a cat and a cat and a dog", "a cat and a cat and a cat and", "Oh a cat and a dog"),
    ("cut_off", "A cat sits. It looks at the", "It looks at the", "A cat sits."),
    ("cut_off", "A cat, a dog and", "A cat, a dog and", "A cat, a dog and"),
    ("hedge", "It appears to be a cat.", "appears to", None),
]
FINE = [
    "A red circle on a white background.",
    "a photo-realistic cat, 8k, sharp focus",
    "Mr. J. Smith and Dr. No drink 3.5 l of tea, e.g. Earl Grey.",
    "The cat sat. The cat sat on the mat. The cat sat on it all day.",
    "She said “no!” and left.",
    "2 * 3 * 4 is 24, snake_case_names too.",
    "日本語のキャプション。",
    "I'm sorry, the photo is blurry.",
    "A banner of a firm: as an AI company we care.",
    "A sign reads 'No image available'.",
    "There is no image on the wall.",
    "A cat ate three mice, two mice and one mouse.",
]


@pytest.mark.parametrize(("name", "text", "there", "mended"), CASES, ids=lambda value: str(value)[:24])
def test_a_rule_finds_and_mends(name, text, there, mended):
    """The first place found, and the text without all of them."""
    rule = BY_NAME[name]
    start, end = next(iter(rule.find(text)))
    assert text[start:end] == there
    assert (rule.mend(text) if rule.mend else None) == mended


@pytest.mark.parametrize("text", FINE)
def test_good_captions_are_left_alone(text):
    """What merely looks like a fault is none."""
    assert [rule.name for rule in RULES if list(rule.find(text))] == []


def test_the_truth_about_the_scenes_has_no_fault():
    """200 pictures, three styles: nothing is found."""
    lines = (ROOT / "datasets" / "scenes" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line)[style] for line in lines for style in ("brief", "detailed", "technical")]
    assert [(rule.name, text) for text in texts for rule in RULES if list(rule.find(text))] == []


@given(st.text(max_size=200))
def test_any_text_is_looked_at_and_mended(text):
    """Places lie in the text; a mend adds nothing, and no rule falls over what it is given."""
    for rule in RULES:
        assert all(0 <= start <= end <= len(text) for start, end in rule.find(text))
        if rule.mend is not None:
            assert len(rule.mend(text)) <= len(text) + 2  # a letter may grow when it becomes a capital


def test_sentences():
    """Abbreviations end none; without any end the text stays."""
    text = "Mr. Fox ran. He hid"
    assert [text[:end] for end in sentence_ends(text)] == ["Mr. Fox ran."]
    assert without_last_sentence(text) == "Mr. Fox ran."
    assert without_last_sentence("no end") == "no end"


@given(
    turn=st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=12, unique=True),
    times=st.integers(3, 20),
    before=st.lists(st.sampled_from("xyz"), max_size=5, unique=True),
)
def test_every_loop_is_found_and_said_once(turn, times, before):
    """Whatever is said three times or more, after whatever; one turn of it is left."""
    text = " ".join([*before, *turn * times, "end"])
    (span,) = find_loops(text)
    assert text[slice(*span)] == " ".join(turn * times)
    assert without_loops(text) == " ".join([*before, *turn, "end"])


@pytest.mark.parametrize(
    "text", ["", "no no no", "very very very good", "one two one two, three four", "a b c d e f g h"]
)
def test_emphasis_is_no_loop(text):
    """Few words, or twice, are how people write."""
    assert list(find_loops(text)) == []
    assert without_loops(text) == text


def test_punctuation_and_case_do_not_hide_a_loop():
    """Sentences that come again and again."""
    text = "A cat sits here. a cat sits here, A cat sits here! Then it left."
    assert without_loops(text) == "A cat sits here. Then it left."
