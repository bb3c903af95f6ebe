"""What a run will do, decided before anything is spent."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vlmkit import settings
from vlmkit.backends import Backend
from vlmkit.errors import BadSetting, RunError
from vlmkit.prompts import Task
from vlmkit.records import ImageRef, Sampling
from vlmkit.runner.attempt import Backoff
from vlmkit.runner.budget import Budget, Price, budget_of

__all__ = ["Example", "OnPicture", "Plan", "Question", "Target", "make_plan", "target_of"]

_HERE = "this process"
OnPicture = Callable[[ImageRef, ImageRef | RunError], None]
REUSES = ("answers", "readable", "nothing")

_log = logging.getLogger(__name__)
_warned: set[int] = set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """A question with its right answer, shown to the model before the row's own."""

    images: tuple[ImageRef, ...]
    prompt: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question about one row.

    Attributes
    ----------
    task : Task
        Reads the reply, and has the system text.
    images : tuple of ImageRef
        The row's pictures, unopened. Questions about the same pictures share the references, and come one after
        another: then they are opened once.
    prompt : str
        Finished.
    examples : tuple of Example, default ()
        The same object for all questions that have the same.
    """

    task: Task
    images: tuple[ImageRef, ...]
    prompt: str
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A model that rows are asked of.

    Attributes
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None
    longest_side_px : int
        Its pixel budget.
    lossless : bool, default False
        As `Abilities.lossless`.
    backend : Backend or None
        None where only the store may answer in its name.
    named : str or None, default None
        What the user called it, where that is another text.
    """

    model: str
    revision: str | None
    longest_side_px: int
    backend: Backend | None
    named: str | None = None
    lossless: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Whether a server answers, and not a model in this process."""
        return self.backend is not None and self.backend.abilities.destination != _HERE

    @property
    def destination(self) -> str:
        """Where pictures go to be looked at."""
        return self.backend.abilities.destination if self.backend else "the store"


def target_of(backend: Backend, named: str | None = None) -> Target:
    """Target of an open backend.

    Parameters
    ----------
    backend : Backend
    named : str or None, default None
        What the user called it.
    """
    return Target(
        model=backend.model,
        revision=backend.revision,
        longest_side_px=backend.abilities.longest_side_px,
        backend=backend,
        named=named,
        lossless=backend.abilities.lossless,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is the same for all rows.

    Attributes
    ----------
    tasks : tuple of Task
        What every row is asked, in order.
    targets : tuple of Target
        Who is asked: the first; the others in order, where it fails. One without a backend is not asked, but what it
        answered earlier counts.
    sampling : Sampling
    timeout_s : float or None
        Deadline of each answer.
    silence_s : float or None
        Longest silence of a server.
    on_timeout : {"error", "fallback", "continue"}
        What stands in the row of an answer that came too late: nothing, a technical sentence, or the part there is.
    backoff : Backoff
        How a row is tried again, with each target.
    workers : int
        Asks in flight at most; 1 is strictly one after another.
    adaptive : bool
        Whether `workers` is only where to begin.
    decoders : int
        Threads that decode and shrink pictures.
    fail_fast : bool
        Whether the first fault ends the run.
    reuse : {"answers", "readable", "nothing"}
        Which stored answers count: all, those that can be read as the task says, or none.
    token_probabilities : bool
        Whether replies shall say how likely their tokens were, where the model can.
    budget : Budget
        What the run may cost.
    price : (float, float) or None
        Money for a million prompt tokens, and for a million completion tokens.
    on_picture : callable or None
        Told of each picture that is opened, by the thread that is about to decode it: as it was given, and in memory,
        or the fault that kept it from being read. Must not raise.
    """

    tasks: tuple[Task, ...]
    targets: tuple[Target, ...]
    sampling: Sampling
    timeout_s: float | None
    silence_s: float | None
    on_timeout: str
    backoff: Backoff
    workers: int
    adaptive: bool
    decoders: int
    fail_fast: bool
    reuse: str
    token_probabilities: bool
    budget: Budget
    price: Price | None
    on_picture: OnPicture | None = None

    @property
    def asks_a_server(self) -> bool:
        """Whether the first who is asked is a server."""
        return next((target.is_elsewhere for target in self.targets if target.backend is not None), False)

    @property
    def replays(self) -> bool:
        """Whether the store alone answers."""
        return all(target.backend is None for target in self.targets)


def make_plan(
    tasks: Sequence[Task],
    targets: Sequence[Target],
    *,
    sampling: Sampling | None = None,
    timeout_s: float | None = None,
    silence_s: float | str | None = None,
    on_timeout: str | None = None,
    max_retries: int | None = None,
    workers: int | str | None = None,
    on_error: str = "skip",
    reuse: str = "answers",
    token_probabilities: bool = False,
    budget: Mapping[str, float] | None = None,
    price: Price | None = None,
    on_picture: OnPicture | None = None,
) -> Plan:
    """Decide how a run goes.

    Parameters
    ----------
    tasks : sequence of Task
        At least one.
    targets : sequence of Target
        Who is asked, and who instead; at least one.
    sampling : Sampling or None, default None
        None is greedy, as `Sampling` has it.
    timeout_s : float or None, default None
        None takes the setting.
    silence_s : float, "none" or None, default None
        None takes the setting; where a deadline was given, and nobody set this, there is no other.
    on_timeout : {"error", "fallback", "continue"} or None, default None
        None takes the setting.
    max_retries : int or None, default None
        0 asks once; None takes the setting.
    workers : int, "auto" or None, default None
        None takes the setting; "auto" is what keeps a model in this process busy, and is found out for a server.
    on_error : {"skip", "fail"}, default "skip"
    reuse : {"answers", "readable", "nothing"}, default "answers"
    token_probabilities : bool, default False
    budget : mapping or None, default None
        As `budget_of` takes it.
    price : (float, float) or None, default None
    on_picture : callable or None, default None
        As in `Plan`.

    Raises
    ------
    BadSetting
        A value that cannot be used, and where it came from.
    """
    if on_error not in {"skip", "fail"}:
        raise BadSetting(f'on_error={on_error!r}: give "skip" (the row gets its error) or "fail" (the run ends).')
    if reuse not in REUSES:
        raise BadSetting(f"reuse={reuse!r}: give one of {', '.join(REUSES)}.")
    backend = next((target.backend for target in targets if target.backend), None)
    limits, prices = budget_of(budget, price)
    deadline_s = settings.get("timeout_s", timeout_s)
    chosen = settings.get("workers", workers)
    asks = int(chosen) if chosen != "auto" else backend.abilities.parallel_asks if backend else 1
    is_elsewhere = backend is not None and backend.abilities.destination != _HERE
    return Plan(
        tasks=tuple(tasks),
        targets=tuple(targets),
        sampling=Sampling() if sampling is None else sampling,
        timeout_s=deadline_s,
        silence_s=_silence_s(silence_s, deadline_s),
        on_timeout=settings.get("on_timeout", on_timeout),
        backoff=Backoff(
            max_retries=settings.get("max_retries", max_retries),
            first_wait_s=settings.get("first_wait_s"),
            longest_wait_s=settings.get("longest_wait_s"),
        ),
        workers=asks,
        adaptive=chosen == "auto" and is_elsewhere,
        decoders=_decoders(asks, asked_for=chosen != "auto", is_elsewhere=is_elsewhere),
        fail_fast=on_error == "fail",
        reuse=reuse,
        token_probabilities=token_probabilities,
        budget=limits,
        price=prices,
        on_picture=on_picture,
    )


def _silence_s(given: object, timeout_s: float | None) -> float | None:
    """The default would cut a longer deadline short that was asked for."""
    silence = settings.resolve("silence_s", given)
    limit_s: float | None = silence.value
    return None if silence.origin == "default" and timeout_s is not None else limit_s


def _decoders(asks: int, *, asked_for: bool, is_elsewhere: bool) -> int:
    cores = os.cpu_count() or 2
    if is_elsewhere:
        return min(asks, cores)
    most = max(1, cores // 2)  # the other half belongs to the model
    if asks > most and asked_for and not _warned:
        _warned.add(asks)
        _log.warning(
            "workers=%d is more than half of the %s cores: pictures are decoded on %d at a time, so that the model "
            "keeps the rest. As many asks as you said are in flight all the same. (Said once.)",
            asks,
            cores,
            most,
        )
    return min(asks, most)
