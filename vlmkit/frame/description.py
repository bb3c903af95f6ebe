"""One described picture, as a plain record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vlmkit.frame.columns import details_of
from vlmkit.prompts import Task
from vlmkit.records import ImageRef, Outcome
from vlmkit.sources import Header

__all__ = ["Description", "describe_outcome"]

_FACTS = ("format", "width", "height", "size_bytes", "orientation")
_MORE_FACTS = ("frames", "digest", "exif")


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """What became of one picture.

    Attributes
    ----------
    index : object
        Label of its row; its position where there is no table.
    text : str or None
        The answer; None where there is none.
    columns : dict of str to object
        What a table would get: the value and its error, None where missing.
    error : str or None
        ``Type: message``; None where it worked.
    model, revision : str or None
        Who answered.
    seconds : float
        Wall time, decoding included.
    answer_seconds : float or None
        What the model took, also where the answer was stored since.
    from_store : bool
        Whether it was answered without asking, as an earlier run had asked it.
    is_duplicate : bool
        Whether it was answered without asking, as an equal picture of this run was asked about.
    retries : int
        Further asks after the first.
    prompt_tokens, completion_tokens : int or None
    finish_reason : str or None
        As in `vlmkit.records.Reply`: ``"stop"``, ``"length"``, …
    response_id : str or None
        The server's own name for the answer.
    prompt_digest : str or None
        blake2b-128 of the finished prompt, hexadecimal.
    reply : str or None
        The answer as the model wrote it, also where it could not be read.
    metadata : dict of str to object
        path, format, width, height, size_bytes, orientation; None where unknown. With ``metadata=True`` also frames,
        digest, exif, and what the camera wrote, where the picture can be read.
    """

    index: Any
    text: str | None
    columns: Mapping[str, Any]
    error: str | None
    model: str | None
    revision: str | None
    seconds: float
    answer_seconds: float | None
    from_store: bool
    is_duplicate: bool
    retries: int
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str | None
    response_id: str | None
    prompt_digest: str | None
    reply: str | None
    metadata: Mapping[str, Any] = field(repr=False)


def describe_outcome(
    outcome: Outcome, ref: ImageRef, index: Any, task: Task, *, header: Header | None, confidence: bool = False
) -> Description:
    """Record of one outcome.

    Parameters
    ----------
    outcome : Outcome
    ref : ImageRef
        Its picture.
    index : object
        Label of its row.
    task : Task
    header : Header or None
        Of the picture; None where it cannot be read.
    confidence : bool, default False
        Whether how sure the model was is among the columns.
    """
    fault = outcome.fault
    error = None if fault is None else f"{type(fault).__name__}: {fault}"
    values = {each.name: (outcome.values or {}).get(each.name) for each in task.fields}
    first = values[task.fields[0].name]
    columns = {**values, **(_confidences(outcome, task) if confidence else {}), f"{task.name}_error": error}
    return Description(
        index=index,
        text=first if isinstance(first, str) else None,
        columns=columns,
        error=error,
        answer_seconds=outcome.reply.seconds if outcome.reply else None,
        metadata=_metadata(ref, header),
        **(details_of(outcome) | {"from_store": outcome.from_store, "is_duplicate": outcome.is_duplicate}),
    )


def _confidences(outcome: Outcome, task: Task) -> dict[str, float | None]:
    reply = outcome.reply if outcome.fault is None else None
    sure: Mapping[str, float | None] = {} if reply is None else task.confidence(reply)
    return {f"{each.name}_confidence": sure.get(each.name) for each in task.fields}


def _metadata(ref: ImageRef, header: Header | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"path": ref.source if isinstance(ref.source, str) else None}
    facts |= {name: getattr(header, name, None) for name in _FACTS}
    if header is None or header.exif is None:
        return facts
    return {**facts, **{name: getattr(header, name) for name in _MORE_FACTS}, **asdict(header.metadata)}
