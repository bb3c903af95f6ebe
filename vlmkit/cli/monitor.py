"""What a person sees of a run while it goes on, and what is known about it as a whole afterwards."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from vlmkit import settings
from vlmkit.cli.output import say
from vlmkit.errors import Cancelled, RunError
from vlmkit.frame import listener_for
from vlmkit.records import ImageRef, Sampling
from vlmkit.runner import Done, Event, FallingBack, Finished, Listener, Planned, Retrying, Waiting

__all__ = ["Monitor"]

_SAMPLING = ("max_tokens", "temperature", "seed")


class Monitor:
    """Listens to a run: shows a bar where stderr is a terminal, or tells of every row, or keeps quiet.

    Parameters
    ----------
    refs : sequence of ImageRef
        Pictures of the run, for their names.
    quiet, verbose : bool
    options : mapping or None, default None
        What was asked for, where the facts shall have it.
    """

    def __init__(
        self, refs: Sequence[ImageRef], *, quiet: bool, verbose: bool, options: Mapping[str, Any] | None = None
    ) -> None:
        self._options = options
        self._started_at = datetime.now(UTC).astimezone()
        self._refs = refs
        self._verbose = verbose and not quiet
        self._bar: Listener | None = None if quiet or verbose else listener_for("auto", "description")
        self._planned: Planned | None = None
        self._finished: Finished | None = None
        self._done = 0

    def __call__(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, Planned):
            self._planned = event
        elif isinstance(event, Finished):
            self._finished = event
        if self._bar is not None:
            self._bar(event)
        if self._verbose:
            self._tell(event)

    def facts(self) -> dict[str, Any]:
        """What is known of the whole run by now: how many pictures were in flight at most, and where they went."""
        planned, finished = self._planned, self._finished
        spent = finished.spent if finished else None
        run = {} if self._options is None else {"run": self._run(self._options)}
        return {
            "workers": (finished and finished.workers) or (planned.workers if planned else None),
            "destinations": list(finished.destinations) if finished else [],
            "reason": finished.reason if finished else None,
            "tokens": spent.tokens if spent else None,
            "money": spent.money if spent else None,
            **run,
        }

    def _run(self, options: Mapping[str, Any]) -> dict[str, Any]:
        asked = ("style", "prompt", "system", "max_words")
        sampling = {name: options[name] for name in _SAMPLING if options.get(name) is not None}
        in_force = {name: settings.get(name, options.get(name)) for name in ("workers", "timeout_s", "on_timeout")}
        return {
            "started_at": self._started_at.isoformat(timespec="seconds"),
            "vlmkit": importlib.metadata.version("vlmkit"),
            **{name: options.get(name) for name in asked},
            "sampling": asdict(Sampling(**sampling)),
            **in_force,
            "on_error": options.get("on_error") or "skip",
            "fallback": list(options.get("fallback") or ()),
        }

    def _tell(self, event: Event) -> None:
        if isinstance(event, Planned):
            say(f"{event.total} pictures, at most {event.workers} at a time.")
        elif isinstance(event, Retrying):
            again = f"attempt {event.attempt} in {event.wait_s:.1f} s"
            say(f"{self._label(event.index)}: {again}, because of {_fault(event.fault)}")
        elif isinstance(event, Waiting):
            if event.rows:
                say(str(event))
        elif isinstance(event, FallingBack):
            say(f"{self._label(event.index)}: on to {event.model}, because of {_fault(event.fault)}")
        elif isinstance(event, Done) and not isinstance(event.fault, Cancelled):
            self._done += 1
            say(f"[{self._done}/{event.total}] {self._label(event.index)}: {_ending(event)}")

    def _label(self, index: int) -> str:
        return self._refs[index].label


def _ending(event: Done) -> str:
    if event.fault is not None:
        return _fault(event.fault)
    if event.is_duplicate:
        return "as an equal picture"
    return "from the store" if event.from_store else f"{event.seconds:.2f} s"


def _fault(fault: RunError) -> str:
    return f"{type(fault).__name__}: {fault}"
