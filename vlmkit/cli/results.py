"""What a command found out, as plain data: one record per picture, and the count of them.

{"summary": {"total": …, "ok": …, "failed": …, …}, "results": [{"path": …, "description": …, "error": …, …}]}
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from typing import Any

from vlmkit.cli.interrupts import Interrupts
from vlmkit.errors import VlmkitError

__all__ = ["FIELDS", "Record", "Results"]

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
)


class Results:
    """Records as they come, counted on the way; can be gone through once.

    An interrupt or an error ends them early instead of losing those that came before.

    Parameters
    ----------
    records : generator of mapping
        Closed at the end. Each with the keys of `FIELDS`; ``error`` is None where the row worked.
    total : int
        How many there will be.
    model : str or None, default None
        Full name of who is asked.
    model_revision : str or None, default None
    workers : int or str, default "auto"
        The setting in force, as it is reported.

    Attributes
    ----------
    ok, failed : int
        Counted so far.
    interrupted : bool
        Whether the user stopped the run.
    fault : VlmkitError or None
        What stopped the run.
    """

    def __init__(
        self,
        records: Generator[Record, None, None],
        total: int,
        *,
        model: str | None = None,
        model_revision: str | None = None,
        workers: int | str = "auto",
    ) -> None:
        self.total = total
        self.model = model
        self.model_revision = model_revision
        self.workers = workers
        self.ok = 0
        self.failed = 0
        self.interrupted = False
        self.fault: VlmkitError | None = None
        self._records = records
        self._start_s = time.monotonic()

    def __iter__(self) -> Iterator[Record]:
        with closing(self._records), Interrupts() as interrupts:
            try:
                while True:
                    with interrupts.interruptible():
                        record = next(self._records, None)
                    if record is None:
                        return
                    self.ok += record["error"] is None
                    self.failed += record["error"] is not None
                    yield record
            except KeyboardInterrupt:
                self.interrupted = True
            except VlmkitError as error:
                self.fault = error

    def summary(self) -> dict[str, Any]:
        """Counts and facts of the whole run, complete once the records are through."""
        return {
            "total": self.total,
            "ok": self.ok,
            "failed": self.failed,
            "cancelled": self.total - self.ok - self.failed,
            "seconds": round(time.monotonic() - self._start_s, 3),
            "workers": self.workers,
            "stopped_early": self.ok + self.failed < self.total,
            "model": self.model,
            "model_revision": self.model_revision,
        }
