"""From a row to its ask, or straight to its stored answer: nothing is decoded that the store can answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any, Generic, TypedDict, TypeVar

from vlmkit.errors import Refused, RunError, UnreadableReply
from vlmkit.finish_reasons import ending_of
from vlmkit.records import Ask, Constraint, Reply, one_question
from vlmkit.runner.picture_inputs import ExampleMessages, PictureInput, PictureInputs, identity
from vlmkit.runner.plan import Plan, Question, Target
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
    values : mapping of str to object, or None
        What the stored answer was read to, by column; None where it cannot be read.
    """

    level: int
    target: Target
    key: str | None
    pictures: tuple[PictureRecord, ...] = ()
    ask: Ask | None = None
    reply: Reply | None = None
    values: dict[str, Any] | None = None


class _Stored(TypedDict):
    reply: Reply
    values: dict[str, Any] | None


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
        limits = Limits.in_force()  # once: it looks for a settings file
        self._inputs = PictureInputs(store, limits, keep=len(plan.tasks) > 1, on_picture=plan.on_picture)
        self._examples = ExampleMessages(self._inputs)

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
                inputs = [self._inputs.view(ref, self._plan.targets[level]) for ref in question.images]
                if (prepared := self._remembered(question, level, inputs)) is not None:
                    return prepared
        except RunError:  # a picture that cannot be read; the next run says so
            pass
        return None

    def look_up(self, known: Sequence[tuple[Question, Prepared]]) -> list[Prepared | None]:
        """What was prepared earlier, with the answer that the store has by now; None where it has none.

        Parameters
        ----------
        known : sequence of (Question, Prepared)
        """
        keys = [prepared.key for _, prepared in known if prepared.key]
        replies = self._store.replies(keys) if self._store and keys else {}
        found = [
            self._usable(replies.get(prepared.key or ""), question, prepared.target) for question, prepared in known
        ]
        return [
            None if stored is None else replace(prepared, ask=None, **stored)
            for stored, (_, prepared) in zip(found, known, strict=True)
        ]

    def _glance_at(
        self, level: int, questions: Sequence[Question], names: dict[int, list[str]]
    ) -> Iterator[tuple[int, Prepared]]:
        target = self._plan.targets[level]
        digests = self._digests_of(names)
        keys = {at: self._key(questions[at], each, target) for at, each in digests.items()}
        replies = self._store.replies(list(keys.values())) if self._store and keys else {}
        for at, key in keys.items():
            stored = self._usable(replies.get(key), questions[at], target)
            if stored is not None:
                pictures = tuple(PictureRecord(digest=digest) for digest in digests[at])
                yield at, Prepared(level=level, target=target, key=key, pictures=pictures, **stored)

    def _digests_of(self, names: dict[int, list[str]]) -> dict[int, list[str]]:
        """Digests of the pictures of each row whose pictures are all known."""
        known = self._inputs.known_digests([name for each in names.values() for name in each])
        return {at: [known[name] for name in each] for at, each in names.items() if known.keys() >= set(each)}

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
            inputs = [self._inputs.view(ref, target) for ref in question.images]
            prepared = self._remembered(question, current, inputs)
            if prepared is None and target.backend is not None:
                prepared = self._asked(question, current, inputs)
            if prepared is not None:
                return prepared
        return Prepared(level=level, target=self._plan.targets[level], key=None)

    def _remembered(self, question: Question, level: int, inputs: list[PictureInput]) -> Prepared | None:
        digests = [digest for view in inputs if (digest := view.known_digest) is not None]
        if not self._reuses or len(digests) < len(inputs):
            return None
        target = self._plan.targets[level]
        key = self._key(question, digests, target)
        stored = self._stored(key, question, target)
        if stored is None:
            return None
        pictures = tuple(PictureRecord(digest=str(view.known_digest), identities=view.identities) for view in inputs)
        return Prepared(level=level, target=target, key=key, pictures=pictures, **stored)

    def _asked(self, question: Question, level: int, inputs: list[PictureInput]) -> Prepared:
        plan, target = self._plan, self._plan.targets[level]
        pictures = tuple(view.picture for view in inputs)
        key = self._key(question, [picture.digest for picture in pictures], target)
        new_to_store = any(view.known_digest is None for view in inputs)
        stored = self._stored(key, question, target) if self._reuses and new_to_store else None
        records = tuple(view.record() for view in inputs)
        if stored is not None:
            return Prepared(level=level, target=target, key=key, pictures=records, **stored)
        ask = Ask(
            messages=one_question(
                question.prompt,
                pictures,
                system=question.task.system,
                before=self._examples.of(question.examples, target),
            ),
            sampling=plan.sampling,
            timeout_s=plan.timeout_s,
            constraint=_constraint(question, target),
            token_probabilities=plan.token_probabilities and _tells_probabilities(target),
            keep_partial=plan.on_timeout == "continue",
        )
        return Prepared(level=level, target=target, key=key, pictures=records, ask=ask)

    def _key(self, question: Question, digests: list[str], target: Target) -> str:
        constraint = _constraint(question, target)
        said = self._examples.of(question.examples, target)
        return key_of(
            model=target.model,
            revision=target.revision,
            digests=digests,
            prompt=question.prompt,
            system=question.task.system,
            sampling=self._plan.sampling,
            schema=[constraint.kind, constraint.text] if constraint else None,
            turns=[
                [[picture.digest for picture in shown.pictures], shown.text, answer.text]
                for shown, answer in zip(said[::2], said[1::2], strict=True)
            ],
        )

    def _stored(self, key: str, question: Question, target: Target) -> _Stored | None:
        return self._usable(self._store.reply(key) if self._store else None, question, target)

    def _usable(self, reply: Reply | None, question: Question, target: Target) -> _Stored | None:
        """A stored answer and what it is read to, where it may answer."""
        if reply is None or (self._plan.token_probabilities and reply.tokens is None and _tells_probabilities(target)):
            return None  # its probabilities were not asked for then
        values, fault = _read(reply, question)
        if target.backend is not None and (isinstance(fault, Refused) or not ending_of(reply.finish_reason).is_settled):
            return None  # today it may answer; kept when this was taken for an answer
        return _Stored(reply=reply, values=values) if fault is None or self._plan.reuse != "readable" else None


def _constraint(question: Question, target: Target) -> Constraint | None:
    """The task's, where the model enforces it; a replay cannot know, and looks for what most models do."""
    constrains = target.backend is None or target.backend.abilities.json_schema
    return question.task.constraint if constrains else None


def _tells_probabilities(target: Target) -> bool:
    return target.backend is not None and target.backend.abilities.token_probabilities


def _read(reply: Reply, question: Question) -> tuple[dict[str, Any] | None, RunError | None]:
    try:
        return question.task.read(reply), None
    except (UnreadableReply, Refused) as fault:
        return None, fault


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
