"""From a row to its ask, or straight to its stored answer: nothing is decoded that the store can answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Generic, TypeVar

from vlmkit.errors import UnreadableReply
from vlmkit.records import Ask, Constraint, ImageRef, Picture, Reply
from vlmkit.runner.plan import Plan, Question, Target
from vlmkit.sources import RECIPE, Limits, fingerprint, loaded, normalize, stamp
from vlmkit.store import PictureRecord, Store, key_of

__all__ = ["Decoders", "Prepared", "Preparer"]

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What a row has to be asked, or the answer that was stored.

    Attributes
    ----------
    level : int
        Which of the plan's targets it is for.
    target : Target
    key : str or None
        Of the ask; None where the store does not know the pictures and cannot answer.
    pictures : tuple of PictureRecord
        For the store.
    ask : Ask or None
    reply : Reply or None
        The stored answer. Without it and without an ask, nobody can answer.
    seconds : float
        It took.
    """

    level: int
    target: Target
    key: str | None
    pictures: tuple[PictureRecord, ...] = ()
    ask: Ask | None = None
    reply: Reply | None = None
    seconds: float = 0.0


@dataclass(slots=True)
class _Seen:
    """One picture, and what the store knows of it."""

    ref: ImageRef
    identities: tuple[str, ...]
    digest: str | None


class Preparer:
    """Prepares rows; may be called from many threads.

    Parameters
    ----------
    plan : Plan
    store : Store or None
    """

    def __init__(self, plan: Plan, store: Store | None) -> None:
        self._plan = plan
        self._store = store
        self._limits = Limits.in_force()  # once: it looks for a settings file
        self._reuses = store is not None and plan.reuse != "nothing"

    def glance(self, question: Question) -> Prepared | None:
        """Answer a row from the store at the price of asking the file system for its pictures' times; None: `prepare`.

        Parameters
        ----------
        question : Question
        """
        if not self._reuses:
            return None
        stamps = [stamp(ref) for ref in question.images]
        if None in stamps:
            return None
        found = (self._glance_at(question, [str(each) for each in stamps], level) for level in self._levels(0))
        return next((prepared for prepared in found if prepared is not None), None)

    def _glance_at(self, question: Question, stamps: list[str], level: int) -> Prepared | None:
        target, digests = self._plan.targets[level], []
        for each in stamps:
            digest = self._store.picture_digest(_identity(target, each)) if self._store else None
            if digest is None:
                return None
            digests.append(digest)
        key = self._key(question, digests, target)
        reply = self._stored(key)
        if reply is None:
            return None
        pictures = tuple(PictureRecord(digest=digest) for digest in digests)
        return Prepared(level=level, target=target, key=key, pictures=pictures, reply=reply)

    def _levels(self, first: int) -> Iterator[int]:
        """Targets to look up, from one on: those that cannot be asked any more, and the next that can."""
        for level in range(first, len(self._plan.targets)):
            yield level
            if self._plan.targets[level].backend is not None:
                return

    def prepare(self, question: Question, level: int) -> Prepared:
        """Make a row's ask, or find its answer.

        Parameters
        ----------
        question : Question
        level : int
            Which of the plan's targets; where it cannot be asked any more, and has no answer, the next.

        Raises
        ------
        RunError
            A picture cannot be read.
        """
        start_s = time.monotonic()
        for current in self._levels(level):
            target = self._plan.targets[current]
            seen = [self._see(ref, target) for ref in question.images]
            prepared = self._remembered(question, current, seen)
            if prepared is None and target.backend is not None:
                prepared = self._asked(question, current, seen)
            if prepared is not None:
                return replace(prepared, seconds=time.monotonic() - start_s)
        seconds = time.monotonic() - start_s
        return Prepared(level=level, target=self._plan.targets[level], key=None, seconds=seconds)

    def _remembered(self, question: Question, level: int, seen: list[_Seen]) -> Prepared | None:
        digests = [each.digest for each in seen if each.digest is not None]
        if not self._reuses or len(digests) < len(seen):
            return None
        target = self._plan.targets[level]
        key = self._key(question, digests, target)
        reply = self._stored(key)
        if reply is None:
            return None
        pictures = tuple(PictureRecord(digest=str(each.digest), identities=each.identities) for each in seen)
        return Prepared(level=level, target=target, key=key, pictures=pictures, reply=reply)

    def _asked(self, question: Question, level: int, seen: list[_Seen]) -> Prepared:
        plan, target = self._plan, self._plan.targets[level]
        pictures = tuple(normalize(each.ref, target.longest_side_px, limits=self._limits) for each in seen)
        key = self._key(question, [picture.digest for picture in pictures], target)
        new_to_store = any(each.digest is None for each in seen)
        reply = self._stored(key) if self._reuses and new_to_store else None
        ask = Ask(
            pictures=pictures,
            prompt=question.prompt,
            system=plan.task.system,
            sampling=plan.sampling,
            timeout_s=plan.timeout_s,
            constraint=self._constraint(target),
            keep_partial=plan.on_timeout == "continue",
        )
        records = tuple(_record(each, picture) for each, picture in zip(seen, pictures, strict=True))
        return Prepared(level=level, target=target, key=key, pictures=records, ask=None if reply else ask, reply=reply)

    def _see(self, ref: ImageRef, target: Target) -> _Seen:
        """A stamp costs a look at the folder, a fingerprint the whole file; what was read once is kept for decoding."""
        if self._store is None:
            return _Seen(ref, (), None)
        stamped = stamp(ref)
        identities = (_identity(target, stamped),) if stamped else ()
        if identities and (digest := self._store.picture_digest(identities[0])):
            return _Seen(ref, (), digest)
        ref = loaded(ref, limits=self._limits)
        of_content = _identity(target, fingerprint(ref, limits=self._limits))
        digest = self._store.picture_digest(of_content)
        return _Seen(ref, identities if digest else (*identities, of_content), digest)

    def _constraint(self, target: Target) -> Constraint | None:
        """The task's, where the model enforces it; a replay cannot know, and looks for what most models do."""
        constrains = target.backend is None or target.backend.abilities.json_schema
        return self._plan.task.constraint if constrains else None

    def _key(self, question: Question, digests: list[str], target: Target) -> str:
        constraint = self._constraint(target)
        return key_of(
            model=target.model,
            revision=target.revision,
            digests=digests,
            prompt=question.prompt,
            system=self._plan.task.system,
            sampling=self._plan.sampling,
            schema=[constraint.kind, constraint.text] if constraint else None,
        )

    def _stored(self, key: str) -> Reply | None:
        reply = self._store.reply(key) if self._store else None
        if reply is not None and self._plan.reuse == "readable":
            try:
                self._plan.task.read(reply)
            except UnreadableReply:
                return None
        return reply


def _identity(target: Target, of_picture: str) -> str:
    return f"{RECIPE}:{target.longest_side_px}:{of_picture}"


def _record(seen: _Seen, picture: Picture) -> PictureRecord:
    return PictureRecord(
        digest=picture.digest,
        identities=seen.identities,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
    )


class Decoders(Generic[Item]):
    """Threads that do one kind of work for whatever is put to them, in order; they begin with the first item.

    Parameters
    ----------
    threads : int
    work : callable
        Called with each item; must not raise.
    """

    def __init__(self, threads: int, work: Callable[[Item], None]) -> None:
        self._count = threads
        self._do = work
        self._line: SimpleQueue[Item | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def put(self, item: Item) -> None:
        """Hand an item over; returns at once."""
        self._line.put(item)
        if len(self._threads) < self._count:
            # Daemons: the threads of an executor would keep the process until the last picture.
            thread = threading.Thread(target=self._work, name="vlmkit-decode", daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Let the threads go after what they have in hand; what waits in line is dropped."""
        self._closed = True
        for _ in self._threads:
            self._line.put(None)

    def _work(self) -> None:
        while (item := self._line.get()) is not None:
            if not self._closed:
                self._do(item)
