"""The texts vlmkit writes itself: three styles of description, headings of forms, and what is added to a question.

The bundled model is trained on exactly these; changing a letter changes answers and everything stored under them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vlmkit.arguments import check_whole, did_you_mean
from vlmkit.errors import BadSetting
from vlmkit.plugins import Table

__all__ = [
    "ANSWER_HEADING",
    "FORM_HEADING",
    "STYLES",
    "WHICH_PROMPT",
    "PromptStyle",
    "answer_suffix",
    "character_limit_suffix",
    "style_prompt",
    "word_limit_suffix",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptStyle:
    """A way to describe any picture.

    Attributes
    ----------
    name : str
        What is given as ``style=``.
    prompt : str
        What is asked; may read the row, ``{column}``.
    """

    name: str
    prompt: str


STYLES = Table(
    "vlmkit.styles",
    PromptStyle,
    (
        PromptStyle(name="brief", prompt="Describe this image in one short sentence."),
        PromptStyle(name="detailed", prompt="Describe this image in detail."),
        PromptStyle(name="technical", prompt="Give a technical description of this image."),
    ),
)

WHICH_PROMPT = "Which of these fits this image best?"
FORM_HEADING = "Describe this image as one JSON object with these fields:"
ANSWER_HEADING = "Answer with one JSON object with these fields:"

_SUFFIXES: dict[type, str] = {
    str: "",
    int: " Answer with a number only.",
    float: " Answer with a number only.",
    bool: " Answer yes or no.",
}


def style_prompt(style: str) -> str:
    """Prompt of a style.

    Raises
    ------
    BadSetting
        No such style; lists the styles.
    BrokenPlugin
        A plugin brings it, and cannot be used.
    """
    found = STYLES.find(str(style))
    if found is None:
        names = STYLES.names()
        hint = did_you_mean(style, names)
        raise BadSetting(f"style={style!r}: no such style.{hint} Styles are {', '.join(names)}; or give prompt=….")
    return found.prompt


def answer_suffix(dtype: type, choices: Sequence[str] = ()) -> str:
    """What is added to a question so that the answer can be read.

    Parameters
    ----------
    dtype : type
        str, int, float or bool.
    choices : sequence of str, default ()
        The only answers allowed; they stand above `dtype`.

    Raises
    ------
    BadSetting
        A type no answer is read as.
    """
    if choices:
        return f" Answer with one of: {', '.join(choices)}."
    if not any(dtype is known for known in _SUFFIXES):
        raise BadSetting(
            f"dtype={dtype!r}: an answer is read as str, int, float or bool; for a category give choices=…."
        )
    return _SUFFIXES[dtype]


def word_limit_suffix(max_words: int | None) -> str:
    """What is added to a prompt to keep the answer short; nothing for None.

    Raises
    ------
    BadSetting
        Not a whole number from 1 up.
    """
    if max_words is None:
        return ""
    check_whole("max_words", max_words, "a whole number from 1 up, or None for no limit")
    return f" Use at most {max_words} words."


def character_limit_suffix(max_characters: int | None) -> str:
    """What is added to a prompt to keep the answer short; nothing for None.

    Raises
    ------
    BadSetting
        Not a whole number from 1 up.
    """
    if max_characters is None:
        return ""
    check_whole("max_characters", max_characters, "a whole number from 1 up, or None for no limit")
    return f" Use at most {max_characters} characters."
