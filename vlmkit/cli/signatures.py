"""What a function takes, read from its signature and its docstring: nothing about an option is written down twice."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints, is_typeddict

from vlmkit.extras import open_by_name

__all__ = ["REQUIRED", "Parameter", "introduction_of", "keywords_of", "parameters_of"]

REQUIRED = inspect.Parameter.empty

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_ELSEWHERE = re.compile(r"(?:As|as) for `(\w+)`")
_HEAD = re.compile(r"(?P<names>\w+(?:, \w+)*)(?: : (?P<kind>.*))?")
_DEFAULT = re.compile(r"\bdefault (?P<value>.+)$")
_PLAIN_DEFAULTS = {"none", "None", "False", "True", "all"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter of a function.

    Attributes
    ----------
    name : str
    kind : object
        Its annotation as a type; `typing.Any` where it has none that can be had at run time.
    default : object
        `REQUIRED` where there is none. Of a keyword of a TypedDict, True where that is said, else None.
    text : str
        First sentence about it, and its default.
    """

    name: str
    kind: Any
    default: Any
    text: str


def parameters_of(function: Callable[..., Any]) -> list[Parameter]:
    """Parameters in order, with those of ``**options: Unpack[…]`` one by one.

    Parameters
    ----------
    function : callable
    """
    texts = _texts_of(function)
    found = []
    for parameter in inspect.signature(function).parameters.values():
        kind = _type_of(function.__module__, parameter.annotation)
        if parameter.kind is not parameter.VAR_KEYWORD:
            text = _with_default(_text(parameter.name, texts), parameter.default)
            found.append(Parameter(name=parameter.name, kind=kind, default=parameter.default, text=text))
        elif get_args(kind):
            found += keywords_of(get_args(kind)[0])
    return found


def keywords_of(options: Any) -> list[Parameter]:
    """Keyword arguments of a TypedDict, in order.

    Parameters
    ----------
    options : TypedDict
    """
    texts: dict[str, str] = {}
    for kind in _family(options):
        texts |= _texts_of(kind)
    on = {name for kind in _family(options) for name in _true_by_default(kind)}
    hints = get_type_hints(options)
    return [
        Parameter(name=name, kind=hints[name], default=name in on or None, text=_text(name, texts)) for name in hints
    ]


def introduction_of(function: Callable[..., Any]) -> str:
    """What a docstring says before its sections, without the marks of markup."""
    text = inspect.getdoc(function) or ""
    first = _SECTION.search(text)
    return _plain(text[: first.start()] if first else text).strip()


def _family(options: Any) -> list[Any]:
    """A TypedDict and those that it is made from, all of one module: Python 3.11 does not say which these are."""
    there = vars(sys.modules[options.__module__]).values()
    return [kind for kind in there if is_typeddict(kind) and set(kind.__annotations__) <= set(options.__annotations__)]


def _type_of(module: str, annotation: Any) -> Any:
    """The type that an annotation names; `Any` where only a type checker knows it, as with ``pd.Series[Any]``."""
    if annotation is REQUIRED:
        return Any
    holder = type("Holder", (), {"__module__": module, "__annotations__": {"it": annotation}})
    try:
        return get_type_hints(holder)["it"]
    except (NameError, TypeError, AttributeError):
        return Any


def _text(name: str, texts: dict[str, str]) -> str:
    """What is said of a parameter; where that points elsewhere, or nothing is said, what `describe` says."""
    text = texts.get(name, "")
    reference = _ELSEWHERE.match(text)
    if text and not reference:
        return text
    return _texts_of(open_by_name(f"vlmkit.frame:{reference[1] if reference else 'describe'}")).get(name, "")


def _with_default(text: str, default: object) -> str:
    is_told = isinstance(default, bool) or not isinstance(default, str | int | float) or default == ""
    return text if is_told or "[default: " in text else f"{text} [default: {default}]".strip()


def _texts_of(documented: Any) -> dict[str, str]:
    """First sentence and default of each documented name."""
    return {name: _said(text, kind) for names, kind, text in _entries(documented) for name in names}


def _true_by_default(documented: Any) -> list[str]:
    """Flags that are on unless they are switched off; a TypedDict says that in its docstring alone."""
    return [name for names, kind, _ in _entries(documented) if kind.endswith("default True") for name in names]


def _entries(documented: Any) -> Iterator[tuple[list[str], str, str]]:
    """Names that are documented together, what is said of their type, and the text about them."""
    docstring = inspect.getdoc(documented) or ""
    _, *parts = _SECTION.split(docstring)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    body = sections.get("Parameters") or sections.get("Attributes") or ""
    for block in re.split(r"\n(?=\S)", body.strip("\n")):
        head, _, text = block.partition("\n")
        match = _HEAD.fullmatch(head.strip())
        if match:
            yield match["names"].split(", "), match["kind"] or "", " ".join(text.split())


def _said(text: str, kind: str) -> str:
    sentence = re.sub(r"[;:]$|(?<=\w)$", ".", re.split(r"(?<=[.;])\s", text, maxsplit=1)[0])
    default = _DEFAULT.search(kind)
    if default and default["value"] not in _PLAIN_DEFAULTS and sentence and not _ELSEWHERE.match(sentence):
        sentence += f" [default: {default['value']}]"
    return _plain(sentence) if not _ELSEWHERE.match(sentence) else sentence


def _plain(text: str) -> str:
    return text.replace("``", "").replace("`", "")
