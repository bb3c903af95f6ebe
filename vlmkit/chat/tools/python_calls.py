"""Calls written as Python: ``[weather(city="Bern"), now()]``, as Llama 4, LFM 2 and OLMo 3 do."""

from __future__ import annotations

import re

from vlmkit.chat.tools.json_calls import MOST_NAME, read_json_calls
from vlmkit.chat.tools.json_values import ENDS_EARLY, PYTHON, JsonCopier, escaped
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.source import Source, Steps

__all__ = ["read_python_calls"]

_NAME = re.compile(r"[\w.\-]+")
_KEY = re.compile(r"\w+")
_SEPARATORS = re.compile(r"[\s,;]+")
_NO_FORM = "the arguments are written in a form that is not known"


def read_python_calls(source: Source, output: Output) -> Steps[bool]:
    """Read calls written as Python, in a list or one after another, or as JSON; whether there was one.

    Parameters
    ----------
    source : Source
    output : Output
    """
    mark = source.mark()
    yield from source.space()
    in_list = yield from source.accept("[")
    found = False
    yield from source.space()
    if (yield from source.starts("{")):
        source.rewind(mark)
        return (yield from read_json_calls(source, output))
    while not output.is_full:
        mark = source.mark()
        yield from source.word(_SEPARATORS)
        if not (yield from _read_call(source, output)):
            source.rewind(mark)
            break
        found = True
    if found and in_list:
        yield from _close(source)
    return found


def _close(source: Source) -> Steps[None]:
    mark = source.mark()
    yield from source.word(_SEPARATORS)
    if not (yield from source.accept("]")):
        source.rewind(mark)


def _read_call(source: Source, output: Output) -> Steps[bool]:
    name = yield from source.word(_NAME, MOST_NAME)
    if not output.knows(name):
        name = name.removesuffix(".call")  # Llama's own tools
    if not output.knows(name):
        return False
    yield from source.space()
    if not (yield from source.accept("(")):
        return False
    output.begin(name)
    output.write("{")
    output.end((yield from _Keywords(source, output, list(output.types_of(name))).read()))
    return True


class _Keywords:
    """The arguments of one call, up to its closing bracket.

    Parameters
    ----------
    source : Source
    output : Output
    names : list of str
        Of the tool's arguments, in order, for values that come without a name.
    """

    def __init__(self, source: Source, output: Output, names: list[str]) -> None:
        self._source = source
        self._output = output
        self._names = names
        self._count = 0

    def read(self) -> Steps[str]:
        """Read them; what is wrong with them."""
        problem = ""
        while True:
            yield from self._source.word(_SEPARATORS)
            character = yield from self._source.look()
            if not character:
                return ENDS_EARLY
            if character == ")":
                self._source.take(1)
                self._output.write("}")
                return problem
            name = yield from self._name()
            if name is None:
                return _NO_FORM
            self._output.write(f'{", " if self._count else ""}"{escaped(name)}": ')
            self._count += 1
            copier = JsonCopier(self._source, self._output.write, PYTHON)
            problem = (yield from copier.value()) or problem
            if copier.is_stuck:
                return problem

    def _name(self) -> Steps[str | None]:
        """Read a name and its equals sign; of a value without one the name is told by its place, or is None."""
        mark = self._source.mark()
        name = yield from self._source.word(_KEY)
        yield from self._source.space()
        if name and (yield from self._source.accept("=")):
            self._source.commit()
            return name
        self._source.rewind(mark)
        return self._names[self._count] if self._count < len(self._names) else None
