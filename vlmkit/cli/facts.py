"""A described picture as a flat record, as all formats write it; with what its file says, where that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, time
from typing import Any

from vlmkit.cli.results import FIELDS, Record
from vlmkit.errors import BadSetting
from vlmkit.frame import Description
from vlmkit.prompts import compose_form
from vlmkit.records import ImageRef
from vlmkit.sources.metadata import Metadata

__all__ = ["CONFIDENCE", "METADATA", "answer_fields", "record_of"]

_CAMERA = tuple(field.name for field in fields(Metadata))
METADATA = ("orientation", "frames", "digest", *_CAMERA, "exif")
CONFIDENCE = "confidence"
_JSON = (str, bool, int, float, list, dict, type(None))


def answer_fields(schema: Any, prompt: str | None = None, *, confidence: bool = False) -> dict[str, str]:
    """Keys of a record for what a schema and a confidence add, and the columns of a `Description` that they come from.

    Parameters
    ----------
    schema : object
        As for `describe`; None is free text.
    prompt : str or None, default None
    confidence : bool, default False

    Raises
    ------
    SetupError
        A schema that cannot become columns.
    """
    if schema is None:
        return {CONFIDENCE: "description_confidence"} if confidence else {}
    names = [field.name for field in compose_form(schema, prompt=prompt, into="description").fields]
    taken = [name for name in names if name in FIELDS]
    if taken:
        raise BadSetting(f"--schema: {', '.join(taken)} is already a column of describe. Choose another name.")
    return {name: name for each in names for name in ([each, f"{each}_confidence"] if confidence else [each])}


def record_of(
    description: Description, ref: ImageRef, *, metadata: bool, fields: Mapping[str, str] | None = None
) -> Record:
    """One result: the keys of `results.FIELDS`, then those of `fields`, and of `METADATA` where asked for.

    Parameters
    ----------
    description : Description
    ref : ImageRef
        Its picture.
    metadata : bool
        Whether its digest and what the camera wrote are told, too: `describe_iter` must have been asked for them.
    fields : mapping of str to str, default none
        As `answer_fields` gives them. Of a schema, the description is the answers in one line.
    """
    facts = description.metadata
    record = {
        "path": ref.label,
        "description": description.text,
        "error": description.error,
        **{name: facts[name] for name in ("format", "width", "height", "size_bytes")},
        "seconds": round(description.seconds, 4),
        "model": description.model,
        "model_revision": description.revision,
        "prompt_tokens": description.prompt_tokens,
        "completion_tokens": description.completion_tokens,
        "finish_reason": description.finish_reason,
        "from_store": description.from_store,
        "is_duplicate": description.is_duplicate,
        "retries": description.retries,
    }
    answers = {key: _plain(description.columns.get(column)) for key, column in (fields or {}).items()}
    if description.text is None and description.error is None:
        record["description"] = ", ".join(f"{key}={value}" for key, value in answers.items() if value is not None)
    record |= answers
    return {**record, **_more_facts(facts)} if metadata else record


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, date | time):
        return value.isoformat()
    return value if isinstance(value, _JSON) else str(value)


def _more_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says beyond the fields of every record; all None where it cannot be read."""
    values = {name: facts.get(name) if "exif" in facts else None for name in METADATA}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
