"""A loaded model as prompts in, text out."""

import pytest

from tests.families.drawing import picture
from vlmkit import sources
from vlmkit.engines.desk import desk
from vlmkit.records import Turn


@pytest.fixture
def language(engine):
    return engine._language


def test_a_prompt_has_the_template_and_a_place_for_each_picture(language):
    """Four tokens for each 32 px picture, as the model's processor says, around the words."""
    image = sources.decode(picture(1))
    prompts = desk().call(lambda: [language.prompt("What?", None, [image] * count) for count in (0, 1, 2)])
    image_token = language.model.config.image_token_index
    assert [prompt.token_ids.count(image_token) for prompt in prompts] == [0, 4, 8]
    assert "<|im_start|>user\n" in prompts[1].text
    assert prompts[1].text.endswith("<|im_start|>assistant\n")
    assert prompts[2].text.count("<image>") == 2
    assert prompts[0].inputs.get("pixel_values") is None


def test_a_system_text_comes_first(language):
    """As a message of its own where the template has one."""
    prompt = desk().call(lambda: language.prompt("What?", "Be brief.", []))
    assert prompt.text.startswith("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat?")


def test_text_and_tokens_are_each_other(language):
    """Without the template's markers, which are no text."""
    tokens = desk().call(lambda: language.encode("a red circle"))
    assert len(tokens) == 12
    marked = [*tokens, *language.eos_token_ids]
    assert desk().call(lambda: language.decode(marked)).replace("Ġ", " ") == "a red circle"


def test_the_text_ends_where_the_model_says(language):
    """The configuration's end and the tokenizer's."""
    assert language.eos_token_ids == {language.tokenizer.convert_tokens_to_ids("<|im_end|>")}


def test_what_was_said_before_comes_before(language):
    """Each turn with a place for each of its pictures, in order."""
    shown = picture(1)
    turns = [
        Turn(pictures=(shown,), prompt="Which?", answer="A dog."),
        Turn(pictures=(), prompt="Sure?", answer="Yes."),
    ]
    image = sources.decode(shown)
    prompt = desk().call(lambda: language.prompt("What?", "Be brief.", [image, image], turns))
    said = prompt.text.replace("<|im_start|>", "").replace("<|im_end|>", "").split("\n")
    said = [line for line in said if line]
    assert said == [
        *("system", "Be brief.", "user", said[3], "assistant", "A dog.", "user", "Sure?", "assistant", "Yes."),
        *("user", said[11], "assistant"),
    ]
    assert ("<image>" in said[3], "Which?" in said[3]) == (True, True)
    assert ("<image>" in said[11], "What?" in said[11]) == (True, True)
    assert prompt.token_ids.count(language.model.config.image_token_index) == 8
