"""Options of a command, made from the parameters of the function behind it: name, type, choices, default and help."""

from __future__ import annotations

import csv
import json
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click

from vlmkit.cli.options import SHARED_OPTIONS, budget_options
from vlmkit.cli.signatures import REQUIRED, Parameter
from vlmkit.errors import SetupError

__all__ = ["LEFT_OUT", "made_by", "options_of", "read_schema"]

LEFT_OUT = frozenset({"progress", "background", "examples", "tokenizer", "evaluation", "stop_event"})
"""Parameters that take objects of Python, for which a shell has no words, or for which the command has its own."""

_NAMES = {"overwrite": "--redo"}  # --overwrite is about the file of --output
_SHORT = {"recursive": "-r", "column": "-c"}
_TEXTS = {"stop", "fallback", "models", "prompts"}  # lists whose items may have commas: the option is repeated
_UNION = (Union, types.UnionType)


def options_of(parameters: Sequence[Parameter]) -> list[click.Parameter]:
    """An option for each parameter that a shell can give.

    Parameters
    ----------
    parameters : sequence of Parameter

    Raises
    ------
    TypeError
        A parameter's type has no form in a shell: it belongs to `LEFT_OUT`, or is to be read here.
    """
    found: list[click.Parameter] = []
    for parameter in parameters:
        if parameter.name == "price":  # comes with the budget
            continue
        if parameter.name == "budget":
            found += made_by(budget_options())
        elif parameter.name in SHARED_OPTIONS:
            found += made_by(SHARED_OPTIONS[parameter.name])
        elif parameter.name not in LEFT_OUT:
            found.append(_option(parameter))
    return found


def made_by(decorate: Callable[[Any], Any]) -> list[click.Parameter]:
    """The options that a decorator of `click` adds to a command.

    Parameters
    ----------
    decorate : callable
    """
    made: list[click.Parameter] = decorate(click.Command("holder")).params[::-1]
    return made


def _option(parameter: Parameter) -> click.Option:
    name = parameter.name
    spelled = _NAMES.get(name) or "--" + name.removesuffix("_s").replace("_", "-")
    given: dict[str, Any] = {"help": parameter.text, "required": parameter.default is REQUIRED}
    declared = [spelled, name, *filter(None, [_SHORT.get(name)])]
    if parameter.kind is bool:
        declared[0] = f"{spelled}/--no-{spelled[2:]}" if parameter.default is True else spelled
        return click.Option(declared, is_flag=True, **given)
    return click.Option(declared, **given, **_value(parameter))


def _value(parameter: Parameter) -> dict[str, Any]:
    """Type and number of an option's values."""
    name, kinds = parameter.name, _members(parameter.kind)
    plain = {kind for kind in kinds if isinstance(kind, type)}
    if name in _READERS and not _is_choice(parameter.kind):
        return {"type": _READERS[name], "metavar": _METAVARS[name]}
    if name in _TEXTS:
        return {"multiple": True, "type": str}
    if any(map(_is_list, kinds)):
        return {"type": _one_or_listed if str in plain else _listed, "metavar": "A,B,…"}
    if any(map(_is_mapping, kinds)) and str not in plain:
        return {"multiple": True, "type": _pair, "metavar": "NAME=VALUE"}
    return _single(parameter, plain, _words(kinds))


def _single(parameter: Parameter, plain: set[Any], words: list[str]) -> dict[str, Any]:
    """Type of an option with one value: one of some words, a number, a text."""
    if words and plain <= {bool}:
        return {"type": click.Choice(words)}
    if plain & {int, float}:
        return {"type": _number_or_word if words or str in plain else _number(plain), "metavar": "NUMBER"}
    if plain & {str, Path}:
        return {"type": str}
    raise TypeError(f"{parameter.name}: a shell has no form for {parameter.kind}. Leave it out, or read it by name.")


def _members(kind: Any) -> list[Any]:
    """The types of a union, without None."""
    members = get_args(kind) if get_origin(kind) in _UNION else (kind,)
    return [each for each in members if each is not type(None)]


def _is_choice(kind: Any) -> bool:
    """Whether the type itself says which words there are, as that of a format's style does."""
    return get_origin(kind) is Literal


def _words(kinds: Sequence[Any]) -> list[str]:
    return [str(word) for kind in kinds if _is_choice(kind) for word in get_args(kind)]


def _is_list(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Sequence)


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _number(plain: set[Any]) -> Callable[[str], float]:
    return int if plain == {int} else _any_number


def _any_number(text: str) -> float:
    """Whole where it is written so: a scale from 1 to 5 has whole numbers."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _number_or_word(text: str) -> float | str:
    try:
        return _any_number(text)
    except ValueError:
        return text


def _listed(text: str) -> list[str]:
    """Items between commas; one that has a comma is in quotes."""
    return [item.strip() for item in next(csv.reader([text], skipinitialspace=True))]


def _one_or_listed(text: str) -> str | list[str]:
    items = _listed(text)
    return items[0] if len(items) == 1 else items


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise ValueError(f"{text!r}: write NAME=VALUE")
    return name.strip(), value.strip()


def _dtype(text: str) -> Any:
    """A kind of values by its name; what a schema may say besides, as ``list[str]``, is read where a schema is."""
    from vlmkit.prompts import VALUE_KINDS

    kinds = {word: kind.dtype for kind in VALUE_KINDS.values() for word in kind.spellings}
    return kinds.get(text.casefold(), text)


def read_schema(text: str) -> Any:
    """A schema in words, or of the file that has one: as text, or as a JSON object of names and types.

    Parameters
    ----------
    text : str
    """
    found = _content(text)
    return json.loads(found) if found.lstrip().startswith("{") else found


def _style(text: str) -> str:
    """The name of a style; that it is one is seen before anything is opened."""
    from vlmkit.prompts import style_prompt

    try:
        style_prompt(text)
    except SetupError as error:
        raise click.BadParameter(str(error)) from error
    return text


def _vocabulary(text: str) -> Any:
    """Terms between commas, or the file that has them: a line each, a JSON list, or an object of terms and synonyms."""
    found = _content(text)
    if found is text:
        return _listed(text)
    if found.lstrip().startswith(("{", "[")):
        return json.loads(found)
    return [line.strip() for line in found.splitlines() if line.strip()]


def _truth(text: str) -> Any:
    """Pairs of columns, a file that has the right columns, or the name of one column."""
    if "=" in text:
        return dict(_pair(pair) for pair in _listed(text))
    if Path(text).is_file():
        from vlmkit.exporters import read_dataset

        return read_dataset(text)
    return text


def _content(text: str) -> str:
    try:
        path = Path(text)
        return path.read_text(encoding="utf-8") if path.is_file() else text
    except (OSError, UnicodeError) as error:  # too long for a name, or no text
        if "," in text or " " in text:
            return text
        raise ValueError(f"{text}: cannot be read ({error})") from error


_READERS: dict[str, Callable[[str], Any]] = {
    "dtype": _dtype,
    "schema": read_schema,
    "style": _style,
    "vocabulary": _vocabulary,
    "truth": _truth,
}
_METAVARS = {
    "dtype": "TYPE",
    "schema": "FILE|TEXT",
    "style": "STYLE",
    "vocabulary": "A,B,…|FILE",
    "truth": "COLUMN=RIGHT,…|FILE",
}
