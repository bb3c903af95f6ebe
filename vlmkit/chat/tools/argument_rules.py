"""Arguments of a tool as rules of a grammar, in each family's way to write values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

__all__ = ["ARGUMENT_RULES", "FREE_PARTS", "Rules", "as_pattern"]

FREE_PARTS = ("{id}", "{number}")
"""What stands in a form where the model is free: Mistral's id, with its mark or left out; a number of a call."""

# One way to write each value: no model then spends its tokens on white space.
_STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_ANY_TEXT = "/(?s:.*)/"
_ANNOTATIONS = {"title", "description", "default", "examples"}
_DEFINITIONS = ("$defs", "definitions")


def as_pattern(text: str) -> str:
    """A text as it stands in a regular expression of a grammar."""
    return re.escape(text).replace("/", r"\/").replace("\n", "n")


class Rules:
    """Rules of one grammar; arguments are JSON.

    Parameters
    ----------
    special_tokens : mapping of str to int
        Of the vocabulary.

    Attributes
    ----------
    lines : list of str
        One rule each.
    """

    def __init__(self, special_tokens: Mapping[str, int]) -> None:
        self.lines: list[str] = []
        self._special = special_tokens
        known = sorted((*special_tokens, *FREE_PARTS), key=len, reverse=True)
        self._marks = re.compile(f"({'|'.join(map(re.escape, known))})")

    def add(self, name: str, rule: str, attribute: str = "") -> str:
        """Add a rule; its name.

        Parameters
        ----------
        name : str
            Its name begins so.
        rule : str
        attribute : str, default ""
            As ``[lazy]``.
        """
        full = f"{name}_{len(self.lines)}"
        self.lines.append(f"{full}{attribute}: {rule}")
        return full

    def literal(self, text: str) -> str:
        """A text as a rule says it: special tokens by their ids, the rest in quotes."""
        parts = (part for part in self._marks.split(text) if part)
        return " ".join(filter(None, map(self._part, parts)))

    def _part(self, part: str) -> str:
        if part in self._special:
            return f"<[{self._special[part]}]>"
        if part == "{id}":
            mark = "[CALL_ID]"
            return f"({self._part(mark)} /[a-zA-Z0-9]{{9}}/)?" if mark in self._special else ""
        return "/[0-9]{1,2}/" if part == "{number}" else json.dumps(part, ensure_ascii=False)

    def up_to(self, mark: str) -> str:
        """Any text up to a mark, and the mark."""
        if self._marks.search(mark):
            return f"{self.add('text', _ANY_TEXT)} {self.literal(mark)}"
        return self.add("text", f"/(?s:.*){as_pattern(mark)}/", "[lazy]")

    def arguments(self, schema: dict[str, Any]) -> str | None:
        """Add rules for the arguments of a tool; what stands for them, or None where they cannot be said.

        Parameters
        ----------
        schema : dict
            Of an object.
        """
        closed = {"type": "object", "properties": {}, **schema}
        if not schema.get("patternProperties"):
            closed.setdefault("additionalProperties", False)
        return self.json(closed, {})

    def json(self, schema: Any, root: Mapping[str, Any]) -> str:
        """Add a rule for a JSON value.

        Parameters
        ----------
        schema : dict or bool
        root : mapping
            The schema that it is a part of, whose definitions it may refer to.
        """
        whole = dict(schema) if isinstance(schema, dict) else {}
        whole |= {name: root[name] for name in _DEFINITIONS if name in root}
        return self.add("value", f"%json {json.dumps({'x-guidance': _STYLE, **whole}, ensure_ascii=False)}")

    def members(self, members: Sequence[tuple[str, bool]], separator: str) -> str:
        """Add rules for members in order, of which some may be left out; what stands for all, perhaps nothing.

        Parameters
        ----------
        members : sequence of (str, bool)
            What stands for each, and whether it must be there.
        separator : str
            Between two of them.
        """
        if not members:
            return ""
        first = more = self.add("none", '""')
        between = self.literal(separator)
        for rule, is_required in reversed(members):
            with_first, with_more = f"{rule} {more}", f"{between} {rule} {more}".strip()
            first = self.add("first", with_first if is_required else f"{with_first} | {first}")
            more = self.add("more", with_more if is_required else f"{with_more} | {more}")
        return first


class _TaggedRules(Rules):
    """Arguments between tags."""

    def __init__(self, special_tokens: Mapping[str, int], *, before: str, behind: str) -> None:
        super().__init__(special_tokens)
        self._before, self._behind = before, behind

    def arguments(self, schema: dict[str, Any]) -> str | None:
        """As `Rules.arguments`."""
        members = []
        for key, each, is_required in _properties(schema):
            head = self.literal(self._before.replace("KEY", key))
            rule = self.add("argument", f"{head} {self._value(each, schema)}")
            members.append((rule, is_required))
        return self.members(members, "")

    def _value(self, schema: dict[str, Any], root: Mapping[str, Any]) -> str:
        texts = schema.get("enum")
        is_free = schema.get("type") == "string" or not schema.keys() - _ANNOTATIONS
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            rule = self.add("choice", " | ".join(self.literal(text) or '""' for text in texts))
            return f"{rule} {self.literal(self._behind)}"
        if is_free:
            return self.up_to(self._behind)
        return f"{self.json(schema, root)} {self.literal(self._behind)}"


class _GemmaRules(Rules):
    """``key:<|"|>text<|"|>,other:[1,2]``, at any depth."""

    _colon = _inner_colon = ":"
    _separator = ","

    def arguments(self, schema: dict[str, Any]) -> str | None:
        """As `Rules.arguments`."""
        return self._object(schema, schema, self._colon)

    def _object(self, schema: dict[str, Any], root: Mapping[str, Any], colon: str) -> str | None:
        members = []
        for key, each, is_required in _properties(schema):
            value = self._value(each, root)
            if value is None:
                return None
            head = f"{self._key(key, colon)} {self.literal(colon)}"
            members.append((self.add("member", f"{head} {value}"), is_required))
        return self.members(members, self._separator)

    def _value(self, schema: dict[str, Any], root: Mapping[str, Any]) -> str | None:
        if isinstance(schema.get("enum"), list):
            return self.add("choice", " | ".join(map(self._constant, schema["enum"])))
        kind = schema.get("type")
        if kind == "string":
            return self._string()
        if kind == "boolean":
            return f"({self._constant(True)} | {self._constant(False)})"
        if kind == "array" and isinstance(schema.get("items"), dict):
            return self._list(schema["items"], root)
        if kind == "object" and isinstance(schema.get("properties"), dict):
            inside = self._object(schema, root, self._inner_colon)
            return None if inside is None else self.add("braces", f'"{{" {inside} "}}"')
        return self.json(schema, root) if kind in {"integer", "number"} else self._other(schema, root)

    def _list(self, items: dict[str, Any], root: Mapping[str, Any]) -> str | None:
        item = self._value(items, root)
        if item is None:
            return None
        return self.add("list", f'"[" ({item} ({self.literal(self._separator)} {item})*)? "]"')

    def _key(self, key: str, _colon: str) -> str:
        return self.literal(key)

    def _string(self) -> str:
        return f"{self.literal(_GEMMA_QUOTE)} {self.up_to(_GEMMA_QUOTE)}"

    def _constant(self, value: object) -> str:
        text = f"{_GEMMA_QUOTE}{value}{_GEMMA_QUOTE}" if isinstance(value, str) else json.dumps(value)
        return self.literal(text)

    def _other(self, schema: dict[str, Any], root: Mapping[str, Any]) -> str | None:  # noqa: ARG002  Python's can
        """Of values whose form the schema leaves open, JSON's strings would not be its own."""
        return None


class _PythonRules(_GemmaRules):
    """``key="text", other=[1, None]``."""

    _colon, _inner_colon, _separator = "=", ": ", ", "

    def _key(self, key: str, colon: str) -> str:
        return self.literal(key) if colon == self._colon else self._constant(key)

    def _string(self) -> str:
        return self.add("text", rf"{self.json({'type': 'string'}, {})} | /'([^'\\\n]|\\.)*'/")

    def _constant(self, value: object) -> str:
        if isinstance(value, str):
            return f"({self.literal(json.dumps(value, ensure_ascii=False))} | {self.literal(repr(value))})"
        return self.literal(repr(value))

    def _other(self, schema: dict[str, Any], root: Mapping[str, Any]) -> str | None:
        return self.json(schema, root)


def _properties(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Name, schema and whether it is required, of each argument."""
    required = schema.get("required") or ()
    for key, each in (schema.get("properties") or {}).items():
        yield key, each if isinstance(each, dict) else {}, key in required


_GEMMA_QUOTE = '<|"|>'
ARGUMENT_RULES: Mapping[str, Callable[[Mapping[str, int]], Rules]] = {
    "json": Rules,
    "qwen3_coder": partial(_TaggedRules, before="<parameter=KEY>\n", behind="\n</parameter>\n"),
    "glm": partial(_TaggedRules, before="<arg_key>KEY</arg_key>\n<arg_value>", behind="</arg_value>\n"),
    "minimax": partial(_TaggedRules, before='<parameter name="KEY">', behind="</parameter>\n"),
    "gemma": _GemmaRules,
    "pythonic": _PythonRules,
}
"""By style; every other one writes JSON."""
