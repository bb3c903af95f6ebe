"""The one gate that every reply passes before it is read: how it ended, what it is when cleaned, and whether it is one.

Whatever carried the reply, and whether it is free text, a typed answer or a field of an object: doubt is a fault.
So is an answer that holds nothing: no letter and no digit, a word of a program for nothing, one thing over and over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vlmkit.errors import PictureNotSeen, Refused, UnreadableReply
from vlmkit.finish_reasons import Ending, ending_of
from vlmkit.prompts.cleaning import cleaned, drop_tokens
from vlmkit.prompts.refusals import Asked, Excuse, asked_by, excuse_of
from vlmkit.records import Reply
from vlmkit.untrusted import quoted

__all__ = ["admit", "admit_values", "advice_of_cut", "emptiness_of"]

_NOTHING = frozenset({"null", "undefined", "nan", "nil", "[object object]", "<null>", "(null)"})
_NO_DESCRIPTION = frozenset({"none", "n/a", "na", "not applicable", "no caption", "no description"})
_MANY_TIMES = 4  # the same word, and nothing else
_MANY_TIMES_READ = 10  # on a picture a word may well stand that often
_LOOP = re.compile(r"(\S{1,12}?)\1{9,}")
_LONGEST_MARK = 12


def emptiness_of(text: str, asked: Asked) -> str | None:
    """In what way an answer holds nothing; None where it holds something.

    Parameters
    ----------
    text : str
        The answer, cleaned.
    asked : Asked
    """
    if not any(map(str.isalnum, text)):
        is_mark = asked.about_symbols and len(text) <= _LONGEST_MARK and text.strip(" .")
        return None if is_mark else "no letter and no digit"
    plain = text.strip(" .!\"'`*").casefold()
    if plain in _NOTHING or (asked.describes and plain in _NO_DESCRIPTION):
        return "a word for nothing"
    return "the same again and again" if _is_one_thing(text, asked) else None


def _is_one_thing(text: str, asked: Asked) -> bool:
    words = text.casefold().split()
    if len(words) == 1:
        return not asked.reads_text and _LOOP.fullmatch(text) is not None
    times = _MANY_TIMES_READ if asked.reads_text else _MANY_TIMES
    if len(words) < times:
        return False
    if len(set(words)) > len(words) // 2:
        return False
    different = {word.strip(".,;:!?") for word in words}
    return len(different) == 1 or (len(words) >= 4 * times and len(different) <= len(words) // 8 and _is_a_loop(words))


def _is_a_loop(words: list[str]) -> bool:
    """Whether the last part of an answer, and most of it, is one run of words over and over."""
    last = len(words)
    for period in range(1, len(words) // 4 + 1):
        at = last - 1
        while at >= period and words[at] == words[at - period]:
            at -= 1
        if (last - at - 1 + period) * 2 > last and last - at - 1 >= 3 * period:
            return True
    return False


_ADVICE = "Ask in other words, or ask another model."
_OBJECT = re.compile(r"[{\[].*[}\]]?", re.DOTALL)
_ABOUT_TEXT = re.compile(
    r"text|ocr|transcri|written|quote|inscription|lyrics|words|sign|title|label|message|slogan|says"
)
_ABOUT_PICTURE = re.compile(r"caption|descri|summary|alt|subject|content|scene|answer")


def admit(reply: Reply, question: str, *, is_free_text: bool, is_object: bool, choices: tuple[Any, ...] = ()) -> str:
    """The answer proper.

    Parameters
    ----------
    reply : Reply
    question : str
        What was asked: a sign may say what a model must not.
    is_free_text : bool
        Whether any text is an answer, so that only the gate can find out that one is none.
    is_object : bool
        Whether it holds an object, whose fields are judged on their own.
    choices : tuple, default ()
        Answers that were offered, and are never taken for anything else.

    Raises
    ------
    UnreadableReply
        It ended in an error, or holds nothing.
    Refused
        It was withheld, or the model declines; as `PictureNotSeen` where it got no picture.
    """
    _check_ending(reply)
    asked = asked_by(question)
    text = cleaned(reply.text, is_transcript=asked.reads_text)
    if any(text.casefold() == str(choice).casefold() for choice in choices):
        return text
    _check_excuse(_OBJECT.sub(" ", text) if is_object else text, asked)
    hollow = emptiness_of(text, asked) if is_free_text and text else None
    if not text or hollow:
        raise _nothing(reply, hollow)
    return text


def advice_of_cut(finish_reason: str) -> str:
    """What to do about an answer that was cut off for this reason."""
    if "context" in finish_reason.lower() or "model" in finish_reason.lower():
        return "the model's context is full; send smaller pictures, or ask for less."
    return "raise max_tokens."


def admit_values(values: Mapping[str, Any], question: str) -> dict[str, Any]:
    """Values of an object, its texts cleaned and judged as an answer on their own.

    Parameters
    ----------
    values : mapping of str to object
        By column.
    question : str

    Raises
    ------
    UnreadableReply
        A text that holds nothing but marks.
    Refused
        One in which the model declines; as `PictureNotSeen` where it got no picture.
    """
    asked = asked_by(question)
    return {name: _admitted(name, value, asked) for name, value in values.items()}


def _admitted(name: str, value: Any, asked: Asked) -> Any:
    if isinstance(value, list):
        return [_admitted(name, inner, asked) for inner in value]
    if not isinstance(value, str) or not value.strip():
        return value
    text = drop_tokens(value)
    plain = name.casefold()
    asked = replace(
        asked,
        reads_text=asked.reads_text or bool(_ABOUT_TEXT.search(plain)),
        about_pictures=asked.about_pictures or not _ABOUT_PICTURE.search(plain),
        about_symbols=True,
        describes=False,
    )
    _check_excuse(text, asked, f" in {name!r}", talk_is_one=False)
    hollow = emptiness_of(text, asked)
    if not text or (hollow and hollow != "a word for nothing"):
        raise UnreadableReply(f"the model wrote only {quoted(value)} in {name!r} ({hollow}).", _ADVICE)
    return text


def _check_ending(reply: Reply) -> None:
    reason = reply.finish_reason
    ending = ending_of(reason)
    if ending is Ending.DECLINED:
        said = f" after {quoted(reply.text)}" if reply.text.strip() else ""
        raise Refused(f"the answer was withheld{said} (finish reason {reason!r}). {_ADVICE}")
    if ending is Ending.BROKEN:
        broke_off = f"the answer broke off (finish reason {reason!r}): {quoted(reply.text)}."
        raise UnreadableReply(broke_off, "Ask again.")


def _nothing(reply: Reply, hollow: str | None) -> UnreadableReply:
    raw = f"only {quoted(reply.text)}" if reply.text.strip() else "nothing"
    why = f" ({hollow})" if hollow else ""
    is_cut = ending_of(reply.finish_reason) is Ending.CUT
    advice = f"The answer was cut off: {advice_of_cut(reply.finish_reason)}" if is_cut else _ADVICE
    return UnreadableReply(f"the model answered {raw}{why}.", advice)


def _check_excuse(text: str, asked: Asked, where: str = "", *, talk_is_one: bool = True) -> None:
    excuse = excuse_of(text, asked) if text else None
    if excuse is Excuse.NO_PICTURE:
        advice = "Ask a model that sees pictures, and see whether its server passes them on."
        raise PictureNotSeen(f"the model saw no picture{where}: {quoted(text)}. {advice}")
    if excuse is Excuse.DECLINED:
        raise Refused(f"the model declined{where}: {quoted(text)}. {_ADVICE}")
    if excuse is Excuse.ONLY_TALK and talk_is_one:
        raise UnreadableReply(f"the model only talked: {quoted(text)}.", _ADVICE)
