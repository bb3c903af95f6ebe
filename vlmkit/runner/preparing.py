"""From a row to its ask, or straight to its stored answer: nothing is decoded that the store can answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from vlmkit.errors import Refused, RunError, UnreadableReply
from vlmkit.finish_reasons import ending_of
from vlmkit.records import Ask, Constraint, Reply
from vlmkit.runner.plan import Plan, Question, Target
from vlmkit.runner.views import Turns, View, Views, identity
from vlmkit.sources import Limits, stamp
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
    """

    level: int
    target: Target
    key: str | None
    pictures: tuple[PictureRecord, ...] = ()
    ask: Ask | None = None
    reply: Reply | None = None


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
        self._reuses = store is not None and plan.reuse != "nothing"
        self._views = Views(store, Limits.in_force(), keep=len(plan.tasks) > 1)  # once: it looks for a settings file
        self._turns = Turns(self._views)

    def glance(self, questions: Sequence[Question]) -> list[Prepared | None]:
        """Answer rows from the store at the price of asking the file system for their pictures' times.

        Parameters
        ----------
        questions : sequence of Question

        Returns
        -------
        list of (Prepared or None)
            None where there is no answer as cheap as that: `prepare`.
        """
        found: list[Prepared | None] = [None] * len(questions)
        if not self._reuses:
            return found
        stamps = [[stamp(ref) for ref in question.images] for question in questions]
        for level in self._levels(0):
            left = [at for at, each in enumerate(stamps) if found[at] is None and None not in each]
            names = {at: [identity(self._plan.targets[level], str(each)) for each in stamps[at]] for at in left}
            for at, prepared in self._glance_at(level, questions, names):
                found[at] = prepared
        return found

    def recall(self, questions: Sequence[Question]) -> list[Prepared | None]:
        """Answer rows from the store alone, as `glance`, but also those whose pictures are in memory, and have no time.

        Parameters
        ----------
        questions : sequence of Question
        """
        found = self.glance(questions)
        for at, question in enumerate(questions):
            if found[at] is None and self._reuses and None in [stamp(ref) for ref in question.images]:
                found[at] = self._recalled(question)
        return found

    def _recalled(self, question: Question) -> Prepared | None:
        try:
            for level in self._levels(0):
                views = [self._views.view(ref, self._plan.targets[level]) for ref in question.images]
                if (prepared := self._remembered(question, level, views)) is not None:
                    return prepared
        except RunError:  # a picture that cannot be read; the next run says so
            pass
        return None

    def look_up(self, known: Sequence[tuple[Question, Prepared]]) -> list[Reply | None]:
        """What the store has by now for what was prepared earlier.

        Parameters
        ----------
        known : sequence of (Question, Prepared)
        """
        keys = [prepared.key for _, prepared in known if prepared.key]
        replies = self._store.replies(keys) if self._store and keys else {}
        found = [replies.get(prepared.key or "") for _, prepared in known]
        return [
            reply if reply is not None and self._is_usable(reply, question, prepared.target) else None
            for reply, (question, prepared) in zip(found, known, strict=True)
        ]

    def _glance_at(
        self, level: int, questions: Sequence[Question], names: dict[int, list[str]]
    ) -> Iterator[tuple[int, Prepared]]:
        target = self._plan.targets[level]
        known = self._views.known_digests([name for each in names.values() for name in each])
        digests = {at: [known[name] for name in each] for at, each in names.items() if known.keys() >= set(each)}
        keys = {at: self._key(questions[at], each, target) for at, each in digests.items()}
        replies = self._store.replies(list(keys.values())) if self._store and keys else {}
        for at, key in keys.items():
            if key in replies and self._is_usable(replies[key], questions[at], target):
                pictures = tuple(PictureRecord(digest=digest) for digest in digests[at])
                yield at, Prepared(level=level, target=target, key=key, pictures=pictures, reply=replies[key])

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
        for current in self._levels(level):
            target = self._plan.targets[current]
            views = [self._views.view(ref, target) for ref in question.images]
            prepared = self._remembered(question, current, views)
            if prepared is None and target.backend is not None:
                prepared = self._asked(question, current, views)
            if prepared is not None:
                return prepared
        return Prepared(level=level, target=self._plan.targets[level], key=None)

    def _remembered(self, question: Question, level: int, views: list[View]) -> Prepared | None:
        digests = [digest for view in views if (digest := view.known_digest) is not None]
        if not self._reuses or len(digests) < len(views):
            return None
        target = self._plan.targets[level]
        key = self._key(question, digests, target)
        reply = self._stored(key, question, target)
        if reply is None:
            return None
        pictures = tuple(PictureRecord(digest=str(view.known_digest), identities=view.identities) for view in views)
        return Prepared(level=level, target=target, key=key, pictures=pictures, reply=reply)

    def _asked(self, question: Question, level: int, views: list[View]) -> Prepared:
        plan, target = self._plan, self._plan.targets[level]
        pictures = tuple(view.picture for view in views)
        key = self._key(question, [picture.digest for picture in pictures], target)
        new_to_store = any(view.known_digest is None for view in views)
        reply = self._stored(key, question, target) if self._reuses and new_to_store else None
        ask = Ask(
            pictures=pictures,
            prompt=question.prompt,
            system=question.task.system,
            turns=self._turns.of(question.examples, target),
            sampling=plan.sampling,
            timeout_s=plan.timeout_s,
            constraint=_constraint(question, target),
            token_probabilities=plan.token_probabilities and _tells_probabilities(target),
            keep_partial=plan.on_timeout == "continue",
        )
        records = tuple(view.record() for view in views)
        return Prepared(level=level, target=target, key=key, pictures=records, ask=None if reply else ask, reply=reply)

    def _key(self, question: Question, digests: list[str], target: Target) -> str:
        constraint = _constraint(question, target)
        turns = self._turns.of(question.examples, target)
        return key_of(
            model=target.model,
            revision=target.revision,
            digests=digests,
            prompt=question.prompt,
            system=question.task.system,
            sampling=self._plan.sampling,
            schema=[constraint.kind, constraint.text] if constraint else None,
            turns=[[[picture.digest for picture in turn.pictures], turn.prompt, turn.answer] for turn in turns],
        )

    def _stored(self, key: str, question: Question, target: Target) -> Reply | None:
        reply = self._store.reply(key) if self._store else None
        return reply if reply is not None and self._is_usable(reply, question, target) else None

    def _is_usable(self, reply: Reply, question: Question, target: Target) -> bool:
        if self._plan.token_probabilities and reply.tokens is None and _tells_probabilities(target):
            return False  # its probabilities were not asked for then
        fault = _fault_of(reply, question)
        if target.backend is not None and (isinstance(fault, Refused) or not ending_of(reply.finish_reason).is_settled):
            return False  # today it may answer; kept when this was taken for an answer
        return fault is None or self._plan.reuse != "readable"


def _constraint(question: Question, target: Target) -> Constraint | None:
    """The task's, where the model enforces it; a replay cannot know, and looks for what most models do."""
    constrains = target.backend is None or target.backend.abilities.json_schema
    return question.task.constraint if constrains else None


def _tells_probabilities(target: Target) -> bool:
    return target.backend is not None and target.backend.abilities.token_probabilities


def _fault_of(reply: Reply, question: Question) -> RunError | None:
    try:
        question.task.read(reply)
    except (UnreadableReply, Refused) as fault:
        return fault
    return None


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
