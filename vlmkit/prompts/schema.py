"""A schema: what is asked for as one JSON object, and how that object becomes the values of columns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from vlmkit.errors import BadSchema, UnreadableReply
from vlmkit.prompts.json_spans import value_spans
from vlmkit.prompts.json_text import find_object
from vlmkit.prompts.kinds import Kind, kind_of
from vlmkit.prompts.spellings import adapter_of
from vlmkit.records import Constraint

__all__ = ["Schema"]


class Schema:
    """Fields asked for together.

    Parameters
    ----------
    schema : pydantic model, dataclass, TypedDict, mapping of names to types, or text
        As `vlmkit.prompts.spellings` reads it.
    prefix : str, default ""
        Stands before the names of the columns.

    Attributes
    ----------
    kind : Kind
        The whole object.
    columns : dict of str to Kind
        What it becomes; nested fields have the name of the field they are in before theirs.
    constraint : Constraint
        What a backend enforces.

    Raises
    ------
    BadSchema
        It cannot be understood, or cannot become columns.
    """

    def __init__(self, schema: object, *, prefix: str = "") -> None:
        self._adapter: TypeAdapter[Any] = adapter_of(schema)
        try:
            described = self._adapter.json_schema()
        except PydanticInvalidForJsonSchema as error:
            reason = str(error).partition("\n")[0]
            raise BadSchema(f"schema: a field has a type without a JSON form: {reason}") from error
        self.kind: Kind = kind_of(described)
        if not self.kind.fields:
            raise BadSchema("schema: it has no fields that could become columns; name at least one.")
        self._prefix = prefix
        columns = [(f"{prefix}{name}", kind) for name, kind in self.kind.columns("")]
        self.columns = dict(columns)
        if len(self.columns) < len(columns):
            raise BadSchema("schema: two fields become the same column; rename one of them.")
        text = json.dumps(self.kind.schema(), ensure_ascii=False, separators=(",", ":"))
        self.constraint = Constraint(kind="json_schema", text=text)

    def lines(self) -> str:
        """The fields, a line each, as they stand in the prompt."""
        return "\n".join(self.kind.lines())

    def read(self, text: str) -> dict[str, Any]:
        """Values by column.

        Parameters
        ----------
        text : str
            An answer; the object may have prose around it.

        Returns
        -------
        dict
            JSON values; dates are ISO texts, what is unknown is None.

        Raises
        ------
        UnreadableReply
            No object, a field that is missing, or a value that is not of its type.
        """
        found = self.kind.mended(find_object(text))
        try:
            value = self._adapter.validate_python(found)
        except ValidationError as error:
            raise UnreadableReply(_explained(error), "Ask a model that follows schemas better.") from error
        dumped = self._adapter.dump_python(value, mode="json")
        return {f"{self._prefix}{name}": inner for name, inner in _flat(self.kind, dumped, "")}

    def write(self, values: Mapping[str, Any]) -> str:
        """Answer that has these values.

        Parameters
        ----------
        values : mapping of str to object
            By column; what is not there is null.
        """
        bare = {name.removeprefix(self._prefix): value for name, value in values.items()}
        return json.dumps(_nested(self.kind, bare, ""), ensure_ascii=False)

    def spans(self, text: str) -> dict[str, tuple[int, int]]:
        """Where in an answer each column's value stands.

        Parameters
        ----------
        text : str
        """
        return {f"{self._prefix}{'_'.join(path)}": span for path, span in value_spans(text).items()}


def _nested(kind: Kind, values: Mapping[str, Any], name: str) -> Any:
    if not kind.fields:
        return _plain(kind, values.get(name))
    return {key: _nested(inner, values, f"{name}{'_' if name else ''}{key}") for key, inner in kind.fields.items()}


def _plain(kind: Kind, value: Any) -> Any:
    """A table's cell as JSON has it."""
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10] if kind.dtype is dt.date else value.isoformat()
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return value.tolist()
    return value


def _flat(kind: Kind, value: Any, name: str) -> list[tuple[str, Any]]:
    if not kind.fields:
        return [(name, value)]
    inside = value if isinstance(value, Mapping) else {}
    pairs: list[tuple[str, Any]] = []
    for inner, inner_kind in kind.fields.items():
        pairs += _flat(inner_kind, inside.get(inner), f"{name}_{inner}" if name else inner)
    return pairs


def _explained(error: ValidationError) -> str:
    """What is wrong with an answer, field by field, short enough for a cell and for the model to read."""
    problems = []
    for problem in error.errors(include_url=False)[:3]:
        where = ".".join(map(str, problem["loc"])) or "the object"
        found = "" if problem["type"] == "missing" else f", got {_short(problem['input'])}"
        problems.append(f"{where}: {problem['msg']}{found}")
    return f"the answer does not fit the schema: {'; '.join(problems)}."


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
