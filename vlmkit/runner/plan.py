"""What a run will do, decided before anything is spent."""

from __future__ import annotations

import os
from dataclasses import dataclass

from vlmkit import settings
from vlmkit.backends.protocol import Abilities
from vlmkit.errors import BadSetting
from vlmkit.prompts import Task
from vlmkit.records import ImageRef, Sampling

__all__ = ["Plan", "Question", "make_plan"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One row: its pictures, unopened, and its finished prompt."""

    images: tuple[ImageRef, ...]
    prompt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is the same for all rows.

    Attributes
    ----------
    task : Task
        Reads the replies, and has the system text.
    sampling : Sampling
    timeout_s : float or None
        Deadline of each answer.
    workers : int
        Asks in flight at most; 1 is strictly one after another.
    decoders : int
        Threads that decode and shrink pictures.
    ahead : int
        Pictures prepared, or being prepared, for asks not yet in flight.
    longest_side_px : int
        Pixel budget of the backend.
    fail_fast : bool
        Whether the first fault ends the run.
    """

    task: Task
    sampling: Sampling
    timeout_s: float | None
    workers: int
    decoders: int
    ahead: int
    longest_side_px: int
    fail_fast: bool


def make_plan(
    task: Task,
    abilities: Abilities,
    *,
    sampling: Sampling | None = None,
    timeout_s: float | None = None,
    workers: int | str | None = None,
    on_error: str = "skip",
) -> Plan:
    """Decide how a run goes.

    Parameters
    ----------
    task : Task
    abilities : Abilities
        Of the backend that will be asked.
    sampling : Sampling or None, default None
        None is greedy, as `Sampling` has it.
    timeout_s : float or None, default None
        None takes the setting.
    workers : int, "auto" or None, default None
        None takes the setting; "auto" is what keeps the backend busy.
    on_error : {"skip", "fail"}, default "skip"

    Raises
    ------
    BadSetting
        A value that cannot be used, and where it came from.
    """
    if on_error not in {"skip", "fail"}:
        raise BadSetting(f'on_error={on_error!r}: give "skip" (the row gets its error) or "fail" (the run ends).')
    chosen = settings.get("workers", workers)
    asks = abilities.parallel_asks if chosen == "auto" else int(chosen)
    decoders = min(asks, max(1, (os.cpu_count() or 2) // 2))  # the other half belongs to the model
    return Plan(
        task=task,
        sampling=sampling or Sampling(),
        timeout_s=settings.get("timeout_s", timeout_s),
        workers=asks,
        decoders=decoders,
        ahead=asks + decoders,
        longest_side_px=abilities.longest_side_px,
        fail_fast=on_error == "fail",
    )
