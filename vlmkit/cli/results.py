"""A described picture as a flat record, as all formats write it; and all of them, with the count.

{"summary": {"total": …, "ok": …, "failed": …, …}, "results": [{"path": …, "description": …, "error": …, …}]}
"""

from __future__ import annotations

import datetime as dt
import signal
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from threading import Event
from typing import Any

from vlmkit.cli.interrupts import is_termination, noted
from vlmkit.errors import BadSetting, VlmkitError
from vlmkit.frame import Description
from vlmkit.prompts import compose_form
from vlmkit.records import ImageRef
from vlmkit.sources import Metadata

__all__ = ["CONFIDENCE", "FIELDS", "METADATA", "Record", "Results", "answer_fields", "marked", "record_of"]

Record = Mapping[str, Any]

FIELDS = (
    "path",
    "description",
    "error",
    "format",
    "width",
    "height",
    "size_bytes",
    "seconds",
    "model",
    "model_revision",
    "prompt_tokens",
    "completion_tokens",
    "finish_reason",
    "from_store",
    "is_duplicate",
    "retries",
)


def marked(record: Record) -> str:
    """The text of one row as people read it: a fault begins with ``!``, one that stands beside a text follows it."""
    text, error = record["description"], record["error"]
    if error is None:
        return str(text)
    return f"! {error}" if text is None else f"{text} (! {error})"


class Results:
    """Records as they come, counted on the way; can be gone through once.

    An interrupt or an error ends them early instead of losing those that came before.

    Parameters
    ----------
    records : generator of mapping
        Closed at the end. Each with the same keys, those of `FIELDS` first; ``error`` is None where the row worked.
    total : int
        How many there will be.
    model : str or None, default None
        Who is asked; the summary names who answered, where anybody did.
    extra : sequence of str, default none
        The records' further keys, behind those of `FIELDS`.
    facts : callable, default nothing
        What is known of the run as a whole by now, for the summary.
    beside : Path or None, default None
        Folder of the file that they are written to, for pictures that it leads to; None is the working directory.
    stop : Event or None, default None
        Set by an interrupt; the records end by it, after those that were finished.

    Attributes
    ----------
    ok, failed : int
        Counted so far.
    stand_ins : int
        Those of the failed that have a text all the same, instead of a late answer.
    interrupted : bool
        Whether the user stopped the run.
    signal : int or None
        By which.
    fault : VlmkitError or None
        What stopped the run.
    """

    def __init__(
        self,
        records: Generator[Record, None, None],
        total: int,
        *,
        model: str | None = None,
        extra: Sequence[str] = (),
        facts: Callable[[], Mapping[str, Any]] = dict,
        beside: Path | None = None,
        stop: Event | None = None,
    ) -> None:
        self.total = total
        self.extra = extra
        self.beside = beside
        self.fields = (*FIELDS, *extra)
        self.ok = 0
        self.failed = 0
        self.stand_ins = 0
        self.interrupted = False
        self.signal: int | None = None
        self.fault: VlmkitError | None = None
        self._records = records
        self._facts = facts
        self._stop = stop or Event()
        self._from_store = self._duplicates = self._retries = 0
        self._asked = model
        self._answered: Counter[tuple[str, str | None]] = Counter()
        self._start_s = time.monotonic()

    def __iter__(self) -> Iterator[Record]:
        with closing(self._records), noted(self._stop) as received:
            try:
                for record in self._records:
                    self._count(record)
                    yield record
            except KeyboardInterrupt as interrupt:
                self._stop.set()
                received[:] = [signal.SIGTERM if is_termination(interrupt) else signal.SIGINT]
            except VlmkitError as error:
                self.fault = error
        self.signal = received[0] if received else None
        self.interrupted = self._stop.is_set() and self.ok + self.failed < self.total

    def _count(self, record: Record) -> None:
        self.ok += record["error"] is None
        self.failed += record["error"] is not None
        self.stand_ins += record["error"] is not None and record["description"] is not None
        self._from_store += bool(record["from_store"])
        self._duplicates += bool(record["is_duplicate"])
        self._retries += record["retries"] or 0
        if record["model"] is not None:
            self._answered[record["model"], record["model_revision"]] += 1

    def summary(self) -> dict[str, Any]:
        """Counts and facts of the whole run, complete once the records are through."""
        model, revision = next(iter(self._answered.most_common(1)), ((self._asked, None), 0))[0]
        return {
            "total": self.total,
            "ok": self.ok,
            "failed": self.failed,
            "stand_ins": self.stand_ins,
            "cancelled": self.total - self.ok - self.failed,
            "from_store": self._from_store,
            "duplicates": self._duplicates,
            "retries": self._retries,
            "seconds": round(time.monotonic() - self._start_s, 3),
            "stopped_early": self.ok + self.failed < self.total,
            "reason": None,
            "model": model,
            "model_revision": revision,
            **self._facts(),
        }


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
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return value if isinstance(value, _JSON) else str(value)


def _more_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the file says beyond the fields of every record; all None where it cannot be read."""
    values = {name: facts.get(name) if "exif" in facts else None for name in METADATA}
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in values.items()}
