"""Answers of gpt-oss, which are messages: reasoning, text and calls, each with a head that says which it is.

The format is OpenAI's "harmony" (github.com/openai/harmony).
"""

from __future__ import annotations

import re

from vlmkit.chat.tools.json_calls import MOST_NAME
from vlmkit.chat.tools.marked_calls import read_call
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.source import Source, Steps

__all__ = ["HARMONY_OPENERS", "read_harmony_end", "read_harmony_message"]

_CHANNEL, _START, _MESSAGE = "<|channel|>", "<|start|>assistant", "<|message|>"
HARMONY_OPENERS = (_CHANNEL, _START)
"""What a message begins with."""

_HEAD_MARKS = (_CHANNEL, "<|constrain|>", _MESSAGE)
_MESSAGE_ENDS = ("<|end|>", "<|return|>", "<|call|>", "<|start|>")
_MESSAGE_END = re.compile("|".join(map(re.escape, _MESSAGE_ENDS)))
_HEADER = re.compile(r"[^<>{}\n]+")
_MOST_HEAD = 120
_PREFIX = "functions."
_FOR_ITSELF = frozenset({"analysis"})
_FOR_THE_READER = frozenset({"final", "commentary"})


def read_harmony_message(source: Source, output: Output) -> Steps[bool]:
    """Read a message's head, and its body where that is a call or reasoning; whether it is a message.

    Function, channel and type stand in the head in one order or another:
    ``commentary to=functions.NAME <|constrain|>json<|message|>{…}`` or
    `` to=functions.NAME<|channel|>commentary json<|message|>{…}``.

    Parameters
    ----------
    source : Source
    output : Output
    """
    words = yield from _head(source)
    recipient = next((word.removeprefix("to=") for word in words if word.startswith("to=")), "")
    if recipient:
        name = recipient if output.knows(recipient) else recipient.removeprefix(_PREFIX)
        return (yield from read_call(source, output, name))
    if _FOR_ITSELF & set(words):
        source.commit()
        yield from _reasoning(source, output)
        return True
    return bool(_FOR_THE_READER & set(words))


def read_harmony_end(source: Source, output: Output) -> Steps[bool]:  # noqa: ARG001  one of the readers
    """Nothing follows the mark that ends a message.

    Parameters
    ----------
    source : Source
    output : Output
    """
    yield from ()
    return True


def _head(source: Source) -> Steps[list[str]]:
    """Read the words of a head and the mark behind it; none where it is no head."""
    words = ""
    while len(words) <= _MOST_HEAD:
        words += yield from source.word(_HEADER, MOST_NAME)
        mark = yield from source.accept_any(_HEAD_MARKS)
        if mark == _MESSAGE:
            return words.split()
        if not mark:
            break
        words += " "
    return []


def _reasoning(source: Source, output: Output) -> Steps[None]:
    while True:
        piece, is_end = source.find(_MESSAGE_END, _MESSAGE_ENDS)
        if piece:
            output.reasoning(piece)
        if is_end:
            yield from source.accept("<|end|>")
            return
        if source.is_closed:
            return
        yield
