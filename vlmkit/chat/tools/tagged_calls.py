"""Calls whose arguments stand between tags, one by one, as plain text: Qwen3-Coder's, GLM's, MiniMax's, DeepSeek's.

The tags look like XML and are none: nothing is escaped. So a value ends at the first closing tag behind which the call
goes on or ends; every other one is part of the value. Its type is what the tool's schema says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from vlmkit.chat.tools.json_calls import MOST_NAME, read_arguments
from vlmkit.chat.tools.json_values import ENDS_EARLY, escaped
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.schema_types import TEXT, typed
from vlmkit.chat.tools.source import Source, Steps

__all__ = ["DSML", "GLM", "MINIMAX", "QWEN_CODER", "Tags", "read_tagged_call"]

_PLAIN = re.compile(r"[^<\n]+")
_NAME = re.compile(r"[^<>\"\n{]+")
_KEY = re.compile(r"[^<>\"]+")


_ANY = frozenset({"string", "null", "boolean", "integer", "number", "array", "object"})
_IS_TEXT, _IS_JSON = ' string="true">', ' string="false">'


@dataclass(frozen=True, kw_only=True, slots=True)
class Tags:
    """What stands around names, keys and values.

    Attributes
    ----------
    before_name, after_name : str
        Both empty where the name follows the opener at once, up to a line end or a tag.
    before_key, after_key : str
    between : tuple of str, default ()
        What may stand between key and value; one of them must.
    after_value : str
    ends : tuple of str
        What ends a call, and what ends all of them.
    """

    before_name: str
    after_name: str
    before_key: str
    after_key: str
    between: tuple[str, ...] = ()
    after_value: str
    ends: tuple[str, ...]


QWEN_CODER = Tags(
    before_name="<function=",
    after_name=">",
    before_key="<parameter=",
    after_key=">",
    after_value="</parameter>",
    ends=("</function>", "</tool_call>"),
)
MINIMAX = Tags(
    before_name='<invoke name="',
    after_name='">',
    before_key='<parameter name="',
    after_key='">',
    after_value="</parameter>",
    ends=("</invoke>", "</minimax:tool_call>"),
)
DSML = Tags(
    before_name='<｜DSML｜invoke name="',
    after_name='">',
    before_key='<｜DSML｜parameter name="',
    after_key='"',
    between=(_IS_TEXT, _IS_JSON, ">"),
    after_value="</｜DSML｜parameter>",
    ends=("</｜DSML｜invoke>", "</｜DSML｜function_calls>"),
)
GLM = Tags(
    before_name="",
    after_name="",
    before_key="<arg_key>",
    after_key="</arg_key>",
    between=("<arg_value>", "\n<arg_value>"),
    after_value="</arg_value>",
    ends=("</tool_call>",),
)


def read_tagged_call(source: Source, output: Output, tags: Tags, *, at_name: bool = False) -> Steps[bool]:
    """Read a call whose arguments stand between tags; whether there is one.

    Parameters
    ----------
    source : Source
    output : Output
    tags : Tags
    at_name : bool, default False
        Whether what stands before the name was read already.
    """
    if not at_name:
        yield from source.space()
        if not (yield from source.accept(tags.before_name)):
            return False
    return (yield from _TaggedCall(source, output, tags).read())


class _TaggedCall:
    """One call."""

    def __init__(self, source: Source, output: Output, tags: Tags) -> None:
        self._source = source
        self._output = output
        self._tags = tags
        self._types: dict[str, frozenset[str]] = {}
        self._count = 0

    def read(self) -> Steps[bool]:
        """Read the call whose name comes next; whether it is one."""
        name = (yield from self._source.word(_NAME, MOST_NAME)).strip()
        if not self._output.knows(name) or not (yield from self._source.accept(self._tags.after_name)):
            return False
        yield from self._source.space()
        at_end = not (yield from self._source.look())
        if not at_end and not (yield from self._source.starts_any((self._tags.before_key, *self._tags.ends))):
            return not self._tags.after_name and (yield from self._json(name))
        self._output.begin(name)
        self._types = self._output.types_of(name)
        self._output.write("{")
        problem = ENDS_EARLY if at_end else (yield from self._arguments())
        self._output.write("" if problem else "}")
        self._output.end(problem)
        return True

    def _json(self, name: str) -> Steps[bool]:
        """Read arguments that are JSON behind the name, as GLM 4 wrote them before version 4.5."""
        if not (yield from self._source.starts("{")):
            return False
        self._output.begin(name)
        self._output.end((yield from read_arguments(self._source, self._output.write)))
        return True

    def _arguments(self) -> Steps[str]:
        """Read keys and values up to what ends the call; what is wrong with them."""
        while True:
            mark = self._source.mark()
            yield from self._source.space()
            if not (yield from self._source.accept(self._tags.before_key)):
                if not (yield from self._source.accept_any(self._tags.ends)):
                    self._source.rewind(mark)
                return ""
            key = (yield from self._source.word(_KEY)).strip()
            between = (yield from self._between()) if key else None
            if between is None:
                at_end = not (yield from self._source.look())
                self._source.rewind(mark)
                return ENDS_EARLY if at_end else "the arguments are written in a form that is not known"
            self._source.commit()
            if not (yield from self._value(key, self._types_of(key, between))):
                return ENDS_EARLY

    def _between(self) -> Steps[str | None]:
        """Read what stands between key and value; None where something else does."""
        if not (yield from self._source.accept(self._tags.after_key)):
            return None
        found = yield from self._source.accept_any(self._tags.between)
        return found if found or not self._tags.between else None

    def _types_of(self, key: str, between: str) -> frozenset[str]:
        if between in (_IS_TEXT, _IS_JSON):
            return TEXT if between == _IS_TEXT else _ANY
        return self._types.get(key, TEXT)

    def _value(self, key: str, types: frozenset[str]) -> Steps[bool]:
        """Read a value, a string while it comes; whether it came to its end."""
        self._output.write(f'{", " if self._count else ""}"{escaped(key)}": ')
        self._count += 1
        if types == TEXT:
            self._output.write('"')
            is_whole = yield from self._text(lambda piece: self._output.write(escaped(piece)))
            self._output.write('"' if is_whole else "")
            return is_whole
        pieces: list[str] = []
        is_whole = yield from self._text(pieces.append)
        text = "".join(pieces)
        self._output.write(typed(text, types) if is_whole else text)
        return is_whole

    def _text(self, emit: Callable[[str], None]) -> Steps[bool]:
        """Read a value and its closing tag, without a line end at either end; whether the tag came."""
        yield from self._source.accept("\n")
        line_end = ""  # read, and written only if the value goes on
        while True:
            character = yield from self._source.look()
            if not character:
                emit(line_end)
                return False
            if character == "\n":
                emit(line_end)
                line_end = self._source.take(1)
            elif character != "<":
                emit(line_end + self._source.run(_PLAIN))
                line_end = ""
            elif (tag := (yield from self._closing_tag())) is None:
                return True
            else:
                emit(line_end + (tag or self._source.take(1)).removesuffix("\n"))
                line_end = "\n" if tag.endswith("\n") else ""

    def _closing_tag(self) -> Steps[str | None]:
        """Read the closing tag that ends the value, which gives None, or that does not, with the space behind it."""
        mark = self._source.mark()
        if (yield from self._source.accept(self._tags.after_value)):
            yield from self._source.space()
            if (yield from self._ends((self._tags.before_key, *self._tags.ends))):
                return None
        elif (yield from self._source.accept(self._tags.ends[0])):  # the closing tag was forgotten
            yield from self._source.space()
            is_end = yield from self._ends(self._tags.ends[1:])
            if is_end:
                self._source.rewind(mark)
                return None
        tag = self._source.since(mark)
        self._source.commit()
        return tag

    def _ends(self, followers: tuple[str, ...]) -> Steps[bool]:
        is_followed = yield from self._source.starts_any(followers)
        return is_followed or not (yield from self._source.look())
