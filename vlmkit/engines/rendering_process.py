"""The process that renders a stranger's chat template, and is ended where that takes too much. Started by `rendering`.

A template is a program: it may loop for days, or write gigabytes in one step of C that no Python can interrupt. Here
the system itself ends it. The environment is the one that templates are written for, transformers'.

Takes, on standard input, frames with a template and its values. Gives, on standard output, the text as the frame's
block, or what went wrong.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from vlmkit.children import limit_growth
from vlmkit.framing import receive, send

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["CPU_S", "MOST_CHARACTERS", "answer_requests", "main"]

CPU_S = 1.0
"""A template of the largest released models takes milliseconds."""
MOST_CHARACTERS = 8_000_000
"""More than any model reads."""
_MOST_BYTES = 512 * 2**20
_KEPT_FAULT = 2000


def main() -> None:
    """Render what comes over standard input until it is closed."""
    _environment()  # loaded before the clock runs
    limit_growth(_MOST_BYTES)
    answer_requests(0, 1)


def answer_requests(source: int, sink: int) -> None:
    """Render until nothing comes any more.

    Parameters
    ----------
    source, sink : int
        Descriptors.
    """
    with suppress(EOFError):
        while True:
            request, _ = receive(source, 0)
            _allow(CPU_S)
            answer, text = _answer(request["template"], request["values"])
            _allow(0)
            send(sink, answer, text)


def _allow(seconds: float) -> None:
    """Have the system end this process once it has computed for so long."""
    with suppress(AttributeError):  # no such clock here; whoever asks has one of its own
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _answer(template: str, values: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    try:
        return {}, _joined(_compiled(template), values).encode("utf-8", "surrogatepass")
    except BaseException as error:  # noqa: BLE001  whoever asks gets it
        with suppress(BaseException):  # also its message is a stranger's
            return {"fault": type(error).__name__, "message": str(error)[:_KEPT_FAULT]}, b""
        return {"fault": type(error).__name__, "message": ""}, b""


def _joined(template: Template, values: dict[str, Any]) -> str:
    pieces, length = [], 0
    for piece in template.generate(values):
        pieces.append(piece)
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise MemoryError("its text is too long")
    return "".join(pieces)


@cache
def _environment() -> Any:
    """As transformers makes it for chat templates."""
    from jinja2.exceptions import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def raise_exception(message: object) -> None:
        raise TemplateError(str(message))

    extensions = [_generation(), loopcontrols]
    made = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=extensions)
    made.filters["tojson"] = _as_json
    made.globals |= {
        "raise_exception": raise_exception,
        "strftime_now": lambda form: datetime.now().strftime(form),  # noqa: DTZ005  the clock on the wall is meant
        "dict": _Table(),
        "namespace": _namespace(),
    }
    return made


def _generation() -> Any:
    from jinja2 import nodes
    from jinja2.ext import Extension

    class Generation(Extension):
        """``{% generation %}`` marks what a model wrote, for training; here it is passed on."""

        tags = {"generation"}  # noqa: RUF012  as Jinja wants it

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.CallBlock(self.call_method("_passed_on"), [], [], body).set_lineno(line)

        def _passed_on(self, caller: Callable[[], str]) -> str:
            return caller()

    return Generation


class _Table:
    """A ``dict`` of which nothing but these is to be had."""

    def __call__(self, *positional: Any, **named: Any) -> dict[Any, Any]:
        return dict(*positional, **named)

    def fromkeys(self, *positional: Any) -> dict[Any, Any]:
        return dict.fromkeys(*positional)


def _namespace() -> Any:
    from jinja2.exceptions import SecurityError
    from jinja2.utils import Namespace

    def check(name: object) -> None:
        if isinstance(name, str) and name.startswith("_"):
            raise SecurityError(f"a namespace keeps no {name!r}")

    class Room(Namespace):
        """Without names that begin with an underscore."""

        def __init__(*positional: Any, **named: Any) -> None:
            given = dict(*positional[1:], **named)
            for name in given:
                check(name)
            Namespace.__init__(positional[0], given)

        def __setitem__(self, name: str, value: Any) -> None:
            check(name)
            super().__setitem__(name, value)

    return Room


def _as_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


@lru_cache(maxsize=16)
def _compiled(template: str) -> Template:
    compiled: Template = _environment().from_string(template)
    return compiled
