"""Calls written as JSON objects, ``{"name": …, "arguments": {…}}``: alone, in a list, or one after another.

Most families write calls so, each between marks of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from vlmkit.backends import DIRECT_ANSWER
from vlmkit.chat.tools.json_values import ENDS_EARLY, JSON, JsonCopier, Notation, escaped
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.source import Source, Steps

__all__ = ["MOST_NAME", "accept_fence", "close_fence", "read_arguments", "read_json_calls", "read_plain_call"]

MOST_NAME = 80
"""Characters that are read to find a tool's name, which has 64 at most."""

_FENCES = ("```json\n", "```json", "```\n", "```")
_SEPARATORS = re.compile(r"[\s,;]+")
_KEY = re.compile(r"[\w.\-$]+")
_ENDS = re.compile(r"[\s}]+")
_NAME_KEYS = frozenset({"name", "function", "tool", "tool_name"})
_ARGUMENT_KEYS = frozenset({"arguments", "parameters", "args", "input"})
_NOTHING = frozenset({"", "null", "[]"})


def accept_fence(source: Source) -> Steps[bool]:
    """Read white space and the beginning of a fenced block, where one comes next; whether it does.

    Parameters
    ----------
    source : Source
    """
    yield from source.space()
    return bool((yield from source.accept_any(_FENCES)))


def close_fence(source: Source) -> Steps[None]:
    """Read white space and the end of a fenced block, where it comes next.

    Parameters
    ----------
    source : Source
    """
    mark = source.mark()
    yield from source.space()
    if not (yield from source.accept("```")):
        source.rewind(mark)


def read_arguments(source: Source, emit: Callable[[str], None], notation: Notation = JSON) -> Steps[str]:
    """Copy a call's arguments: an object, or a string that holds one; what is wrong with them, or nothing.

    Parameters
    ----------
    source : Source
    emit : callable (str) -> None
        Gets JSON, piece by piece.
    notation : Notation, default JSON
    """
    yield from source.space()
    character = yield from source.look()
    if character == "{":
        return (yield from JsonCopier(source, emit, notation).value())
    if character and character in "\"'":
        return (yield from _in_string(source, emit))
    pieces: list[str] = []
    problem = yield from JsonCopier(source, pieces.append, notation).value()
    return problem or _no_object("".join(pieces), emit)


def _no_object(value: str, emit: Callable[[str], None]) -> str:
    if value in _NOTHING:
        emit("{}")
        return ""
    emit(value)
    return "the arguments are not a JSON object"


def _in_string(source: Source, emit: Callable[[str], None]) -> Steps[str]:
    """Copy arguments that stand in a JSON string, while it comes."""
    inner = Source()
    problems: list[str] = []
    steps = _keep_result(_unwrapped(inner, emit), problems)

    def feed(piece: str) -> None:
        inner.feed(_read_piece(piece))
        next(steps, None)

    copier = JsonCopier(source, feed)
    is_whole = yield from copier.string(source.take(1))
    inner.close()
    next(steps, None)
    return problems[0] if is_whole else ENDS_EARLY


def _keep_result(steps: Steps[str], results: list[str]) -> Steps[None]:
    results.append((yield from steps))


def _unwrapped(source: Source, emit: Callable[[str], None]) -> Steps[str]:
    yield from source.space()
    character = yield from source.look()
    if character == "{":
        return (yield from JsonCopier(source, emit).value())
    pieces: list[str] = []
    while (yield from source.look()):
        pieces.append(source.take(1))
    text = "".join(pieces).strip()
    return _no_object("" if text in {"null", "None"} else text and f'"{escaped(text)}"', emit)


class _CallObject:
    """One object that is a call."""

    def __init__(self, source: Source, output: Output) -> None:
        self._source = source
        self._output = output
        self._early: list[str] = []  # arguments that came before the name
        self._begun = self._is_nested = False
        self._problem: str | None = None  # None until arguments came

    def read(self) -> Steps[bool]:
        """Read the object that comes next; whether it is a call."""
        closed = yield from self._members()
        if not self._begun:
            return False
        if self._problem is None:
            at_end = not closed and not (yield from self._source.look())
            self._output.write("" if at_end else "{}")
            self._problem = ENDS_EARLY if at_end else ""
        self._output.end(self._problem)
        return True

    def _members(self) -> Steps[bool]:
        """Read the members of an object; whether it was closed."""
        self._source.take(1)
        while True:
            mark = self._source.mark()
            yield from self._source.word(_SEPARATORS)
            character = yield from self._source.look()
            if character == "}":
                self._source.take(1)
                return True
            key = (yield from self._key(character)) if character else ""
            if not key or not (yield from self._member(key)):
                self._source.rewind(mark)
                return False

    def _key(self, character: str) -> Steps[str]:
        key = yield from self._text() if character in "\"'" else self._source.word(_KEY, MOST_NAME)
        yield from self._source.space()
        return key if (yield from self._source.accept(":")) else ""

    def _text(self) -> Steps[str]:
        """Read a short string; empty where it is long, or none."""
        pieces: list[str] = []
        copier = JsonCopier(self._source, pieces.append)
        character = yield from self._source.look()
        if not character or character not in "\"'" or not (yield from copier.string(self._source.take(1))):
            return ""
        text: str = json.loads("".join(pieces))
        return text if len(text) <= MOST_NAME else ""

    def _member(self, key: str) -> Steps[bool]:
        """Read the value of a key; whether the object may go on."""
        yield from self._source.space()
        if key in _NAME_KEYS and not self._begun:
            if not self._is_nested and (yield from self._source.starts("{")):  # as OpenAI nests it
                self._is_nested = True
                return (yield from self._members())
            return (yield from self._named())
        if key in _ARGUMENT_KEYS and self._problem is None:
            emit = self._output.write if self._begun else self._early.append
            if self._begun:
                self._source.commit()
            self._problem = yield from read_arguments(self._source, emit)
            return True
        return not (yield from JsonCopier(self._source, _drop).value())

    def _named(self) -> Steps[bool]:
        name = yield from self._text()
        yield from self._source.space()
        follows = yield from self._source.look()
        if not self._output.knows(name) or follows not in {"", ",", "}", "<", "]", "`"}:
            return False
        self._begun = True
        self._output.begin(name)
        self._output.write("".join(self._early))
        return True


def _drop(_: str) -> None:
    """Where a value is only passed over."""


def read_plain_call(source: Source, output: Output) -> Steps[bool]:
    """Read a call as a prompt's own lines ask for it; one of `DIRECT_ANSWER` is the text of the answer.

    Parameters
    ----------
    source : Source
    output : Output
    """
    if not output.has_tools or output.knows(DIRECT_ANSWER.name):
        return (yield from read_json_calls(source, output))
    mark = source.mark()
    if (yield from _read_direct_answer(source, output)):
        return True
    source.rewind(mark)
    return (yield from read_json_calls(source, output))


def _read_direct_answer(source: Source, output: Output) -> Steps[bool]:
    for expected in ("{", "name", ":", DIRECT_ANSWER.name, ",", "arguments", ":", "{", "text", ":"):
        yield from source.space()
        if expected.isalpha():
            quote = yield from source.accept_any("\"'")
            found = (yield from source.accept(expected)) and (yield from source.accept(quote))
        else:
            found = yield from source.accept(expected)
        if not found:
            return False
    yield from source.space()
    quote = yield from source.accept_any("\"'")
    if not quote:
        return False
    source.commit()
    yield from JsonCopier(source, lambda piece: output.text(_read_piece(piece))).string(quote)
    yield from source.word(_ENDS)
    return True


def _read_piece(piece: str) -> str:
    """Text of a piece of a JSON string; its quotes are none."""
    text: str = json.loads(f'"{piece}"') if piece != '"' else ""
    return text


class _CallSequence:
    """Objects and lists of objects, in any order."""

    def __init__(self, source: Source, output: Output, *, in_list: bool) -> None:
        self._source = source
        self._output = output
        self._in_list = in_list
        self._found = False
        self._opened: int | None = None  # where a list begins in which nothing was read yet

    def read(self) -> Steps[bool]:
        """Read all that come; whether there was a call."""
        while not self._output.is_full:
            mark = self._source.mark()
            yield from self._source.word(_SEPARATORS)
            character = yield from self._source.look()
            if character == "{":
                goes_on = yield from self._object(mark)
            else:
                goes_on = bool(character) and self._bracket(character, mark)
            if not goes_on:
                # A bracket behind which there is no call is text.
                self._source.rewind(mark if self._opened is None else self._opened)
                break
        return self._found

    def _bracket(self, character: str, mark: int) -> bool:
        if character != ("]" if self._in_list else "[") or self._opened is not None:
            return False
        self._in_list = not self._in_list
        self._opened = mark if self._in_list else None
        self._source.take(1)
        return True

    def _object(self, mark: int) -> Steps[bool]:
        if (yield from _CallObject(self._source, self._output).read()):
            self._found, self._opened = True, None
            return True
        if not self._in_list:
            return False
        # Of several calls in a list, one of a tool that nobody declared takes none of the others with it.
        self._source.rewind(mark)
        yield from self._source.word(_SEPARATORS)
        if (yield from JsonCopier(self._source, _drop).value()):
            return False
        self._opened = None
        self._output.put_aside(self._source.since(mark))
        return True


def read_json_calls(source: Source, output: Output, *, in_list: bool = False) -> Steps[bool]:
    """Read calls written as JSON objects, in a fenced block or not; whether there was one.

    Parameters
    ----------
    source : Source
    output : Output
    in_list : bool, default False
        Whether the bracket that opens a list was read already.
    """
    is_fenced = not in_list and (yield from accept_fence(source))
    found = yield from _CallSequence(source, output, in_list=in_list).read()
    if is_fenced:
        yield from close_fence(source)
    return found
