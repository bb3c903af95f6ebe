"""The texts vlmkit writes itself."""

from __future__ import annotations

import pytest

from vlmkit.errors import BadSetting
from vlmkit.prompts.styles import STYLES, answer_suffix, style_prompt, word_limit_suffix


def test_the_texts_are_those_the_bundled_model_is_trained_on() -> None:
    """A changed letter would change every answer, and everything stored under the prompt."""
    assert {style.name: style.prompt for style in STYLES.own()} == {
        "brief": "Describe this image in one short sentence.",
        "detailed": "Describe this image in detail.",
        "technical": "Give a technical description of this image.",
    }
    assert answer_suffix(int) == answer_suffix(float) == " Answer with a number only."
    assert answer_suffix(bool) == " Answer yes or no."
    assert answer_suffix(str) == ""
    assert answer_suffix(str, ["a", "b", "c"]) == " Answer with one of: a, b, c."
    assert word_limit_suffix(7) == " Use at most 7 words."
    assert word_limit_suffix(None) == ""


def test_an_unknown_style_lists_the_styles() -> None:
    """With the nearest one first."""
    with pytest.raises(
        BadSetting, match=r"style='breif': no such style\. Did you mean 'brief'\? Styles are brief, det"
    ):
        style_prompt("breif")


@pytest.mark.parametrize("dtype", [list, "int", None, ["int"], complex])
def test_a_type_no_answer_is_read_as(dtype: type) -> None:
    """Said before anything is asked."""
    with pytest.raises(BadSetting, match="an answer is read as str, int, float or bool"):
        answer_suffix(dtype)


@pytest.mark.parametrize("max_words", [0, -1, 2.5, True, "7"])
def test_a_word_limit_is_a_whole_number(max_words: int) -> None:
    """Anything else would be written into the prompt as it stands."""
    with pytest.raises(BadSetting, match="max_words="):
        word_limit_suffix(max_words)
