"""Calls whose name stands between marks, and whose arguments follow as one object: Mistral's, Gemma's, DeepSeek's,
Kimi's, and Llama's ``<function=NAME>{…}``.
"""

from __future__ import annotations

import re

from vlmkit.chat.tools.json_calls import MOST_NAME, accept_fence, close_fence, read_arguments, read_json_calls
from vlmkit.chat.tools.json_values import GEMMA, JSON, Notation
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.source import Source, Steps

__all__ = [
    "read_call",
    "read_deepseek_call",
    "read_function_tag",
    "read_gemma_call",
    "read_kimi_call",
    "read_mistral_calls",
]

_NAME = re.compile(r"[\w.\-]+")
_ID = re.compile(r"[^\[\]{}<>]+")
_TAG_NAME = re.compile(r"[^<>\"\n{]+")
_NUMBER = re.compile(r":\d+$")
_DEEPSEEK_KIND = re.compile(r"[\w.\-]+")
_PREFIX = "functions."


def read_call(
    source: Source, output: Output, name: str, notation: Notation = JSON, *, call_id: str = ""
) -> Steps[bool]:
    """Read a call's arguments, which come next in a fenced block or not; whether they and the tool are there.

    Parameters
    ----------
    source : Source
    output : Output
    name : str
        Of the tool.
    notation : Notation, default JSON
    call_id : str, default ""
        Where the model gave one.
    """
    if not output.knows(name):
        return False
    is_fenced = yield from accept_fence(source)
    yield from source.space()
    if (yield from source.look()) not in {"{", ""}:
        return False
    output.begin(name, call_id)
    output.end((yield from read_arguments(source, output.write, notation)))
    if is_fenced:
        yield from close_fence(source)
    return True


def read_mistral_calls(source: Source, output: Output) -> Steps[bool]:
    """Read ``NAME[CALL_ID]id[ARGS]{…}``, or the list of objects of older models; whether there was a call.

    Parameters
    ----------
    source : Source
    output : Output
    """
    yield from source.space()
    if (yield from source.starts_any("[{")) and not (yield from source.starts_any(("[ARGS]", "[CALL_ID]"))):
        return (yield from read_json_calls(source, output))
    name = yield from source.word(_NAME, MOST_NAME)
    if (yield from source.accept("[CALL_ID]")):
        yield from source.word(_ID, MOST_NAME)
    yield from source.accept("[ARGS]")
    return (yield from read_call(source, output, name))


def read_gemma_call(source: Source, output: Output) -> Steps[bool]:
    """Read ``call:NAME{key:<|"|>text<|"|>,…}``; whether it is a call.

    Parameters
    ----------
    source : Source
    output : Output
    """
    yield from source.space()
    if not (yield from source.accept("call:")):
        return False
    yield from source.space()
    name = yield from source.word(_NAME, MOST_NAME)
    return (yield from read_call(source, output, name, GEMMA))


def read_deepseek_call(source: Source, output: Output) -> Steps[bool]:
    """Read ``function<｜tool▁sep｜>NAME`` and a fenced block (V3, R1), or ``NAME<｜tool▁sep｜>{…}`` (V3.1).

    Parameters
    ----------
    source : Source
    output : Output

    Returns
    -------
    bool
        Whether it is a call.
    """
    yield from source.space()
    yield from source.accept("<｜tool▁call▁begin｜>")
    yield from source.space()
    name = yield from source.word(_DEEPSEEK_KIND, MOST_NAME)
    yield from source.space()
    if not (yield from source.accept("<｜tool▁sep｜>")):
        return False
    yield from source.space()
    second = yield from source.word(_NAME, MOST_NAME)
    return (yield from read_call(source, output, second or name))


def read_kimi_call(source: Source, output: Output) -> Steps[bool]:
    """Read ``functions.NAME:0<|tool_call_argument_begin|>{…}``, whose head is the call's id; whether it is a call.

    Parameters
    ----------
    source : Source
    output : Output
    """
    yield from source.space()
    yield from source.accept("<|tool_call_begin|>")
    yield from source.space()
    head = (yield from source.word(_TAG_NAME, MOST_NAME)).strip()
    if not (yield from source.accept("<|tool_call_argument_begin|>")):
        return False
    name = _NUMBER.sub("", head)
    name = name if output.knows(name) else name.removeprefix(_PREFIX)
    return (yield from read_call(source, output, name, call_id=head))


def read_function_tag(source: Source, output: Output) -> Steps[bool]:
    """Read ``NAME>{…}``, as it follows Llama's ``<function=``; whether it is a call.

    Parameters
    ----------
    source : Source
    output : Output
    """
    name = (yield from source.word(_TAG_NAME, MOST_NAME)).strip()
    if not (yield from source.accept(">")):
        return False
    return (yield from read_call(source, output, name))
