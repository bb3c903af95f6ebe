"""Outcomes are written down in groups, from a thread of its own, and handed out once they are safe in the store."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict

from vlmkit.errors import Cancelled, StoreFault
from vlmkit.prompts import Task
from vlmkit.records import Outcome
from vlmkit.runner.plan import Plan
from vlmkit.runner.rows import Row, row_record
from vlmkit.store import Claims, RowRecord, RunRecord, Store

__all__ = ["Endings", "RecordedOutcome", "ResultWriter", "run_record"]

RecordedOutcome = tuple[RowRecord, Outcome]

_MOST_AT_ONCE = 1024
_CLOSING_S = 30.0
_REST_S = 0.02  # between groups: fewer and larger ones cost the other threads less


class ResultWriter:
    """One run's pages in a store; rows that are handed in while a group is being written make up the next group.

    A disk needs milliseconds to promise that something is safe, for one row or for a thousand.

    Parameters
    ----------
    store : Store
    run : RunRecord
    written : callable
        Called in the writing thread with the entries of each group, once they are safe, and None; or with those that
        are not, and the fault. After a fault nothing more is written.

    Raises
    ------
    StoreFault
        The run cannot be noted down.
    """

    def __init__(
        self, store: Store, run: RunRecord, written: Callable[[list[RecordedOutcome], StoreFault | None], None]
    ) -> None:
        self._store = store
        self._run_id = store.begin(run)
        self._written = written
        self._closing = threading.Event()
        self._line: queue.SimpleQueue[RecordedOutcome | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="vlmkit-store", daemon=True)
        self._thread.start()

    @property
    def claims(self) -> Claims:
        """What the run claims."""
        return self._store.claims(self._run_id)

    def put(self, record: RowRecord, outcome: Outcome) -> None:
        """Hand in a row that ended; returns at once."""
        self._line.put((record, outcome))

    def close(self) -> None:
        """Write what was handed in, and let the thread go. Twice is fine."""
        if self._thread.is_alive():
            self._closing.set()
            self._line.put(None)
            self._thread.join(_CLOSING_S)

    def end(self, *, seconds: float, stopped_early: bool, reason: str | None = None) -> None:
        """Note that the run is over; where even that fails, it stays noted as one that died."""
        self.close()
        with suppress(StoreFault):
            self._store.end(self._run_id, seconds=seconds, stopped_early=stopped_early, reason=reason)

    def _work(self) -> None:
        fault: StoreFault | None = None
        is_open = True
        while is_open:
            entries, is_open = self._next_group()
            if entries and fault is None:
                fault = self._write(entries)
            if entries:
                self._written(entries, fault)
                self._closing.wait(_REST_S)

    def _next_group(self) -> tuple[list[RecordedOutcome], bool]:
        entry = self._line.get()
        entries: list[RecordedOutcome] = []
        try:
            while entry is not None:
                entries.append(entry)
                if len(entries) == _MOST_AT_ONCE:
                    return entries, True
                entry = self._line.get_nowait()
        except queue.Empty:
            return entries, True
        return entries, False

    def _write(self, entries: list[RecordedOutcome]) -> StoreFault | None:
        try:
            self._store.record(self._run_id, [record for record, _ in entries])
        except StoreFault as fault:
            return fault
        except Exception as error:  # noqa: BLE001  whatever it is, rows must come back and nobody may wait for ever
            unknown = StoreFault(
                f"store {self._store.path}: {type(error).__name__}: {error}. Report it; meanwhile, store=False."
            )
            unknown.__cause__ = error
            return unknown
        return None


def run_record(plan: Plan, total: int) -> RunRecord:
    """What the store notes about a run as a whole.

    Parameters
    ----------
    plan : Plan
    total : int
        Rows.
    """
    target = next((target for target in plan.targets if target.backend), plan.targets[0])
    return RunRecord(
        model=target.model,
        revision=target.revision,
        named=target.named,
        destination=target.destination,
        prompt="\n\n".join(_template_text(task) for task in plan.tasks),
        system=plan.tasks[0].system,
        task=", ".join(f"{field.name}: {_kind(field)}" for task in plan.tasks for field in task.fields),
        sampling=asdict(plan.sampling),
        longest_side_px=target.longest_side_px,
        lossless=target.lossless,
        total=total,
        workers="auto" if plan.adaptive else plan.workers,
    )


def _template_text(task: Task) -> str:
    pieces = (
        f"{{{text}}}" if is_column else text.replace("{", "{{").replace("}", "}}")
        for text, is_column in task.template.pieces
    )
    return "".join(pieces) + task.suffix


def _kind(field: object) -> str:
    choices = getattr(field, "choices", ())
    return " | ".join(map(str, choices)) if choices else str(getattr(getattr(field, "dtype", str), "__name__", "str"))


class Endings:
    """Outcomes on their way out.

    Parameters
    ----------
    writer : ResultWriter or None
        Where they are written first; None writes nothing.
    """

    def __init__(self, writer: ResultWriter | None) -> None:
        self._writer = writer
        self._ready: deque[Outcome] = deque()
        self._unwritten = 0

    def __len__(self) -> int:
        return self._unwritten + len(self._ready)

    @property
    def is_ready(self) -> bool:
        """Whether there is one to hand out."""
        return bool(self._ready)

    def put(self, row: Row, outcome: Outcome) -> None:
        """Take a row's outcome; of one that was cancelled the store hears nothing."""
        if self._writer is None or isinstance(outcome.fault, Cancelled):
            self._ready.append(outcome)
        else:
            self._unwritten += 1
            self._writer.put(row_record(row, outcome), outcome)

    def take_written(self, entries: Sequence[RecordedOutcome]) -> None:
        """Entries came back from the writer.

        Parameters
        ----------
        entries : sequence of (RowRecord, Outcome)
        """
        self._unwritten -= len(entries)
        self._ready.extend(outcome for _, outcome in entries)

    def take(self) -> Iterator[Outcome]:
        """Outcomes, each handed out once; what an interrupted caller leaves stays for the next call."""
        while self._ready:
            yield self._ready.popleft()
