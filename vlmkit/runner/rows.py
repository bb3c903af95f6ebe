"""A row on its way, and what is made of it at its end: an outcome, and a record for the store."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from vlmkit.backends import ModelInfo, PendingReply
from vlmkit.errors import Refused, RunError, ServerFault, SetupError, TimedOut, UnreadableReply
from vlmkit.finish_reasons import ending_of
from vlmkit.records import Outcome, Reply
from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.preparing import Prepared
from vlmkit.sources import read_header
from vlmkit.store import RowRecord

__all__ = ["Row", "answered", "failed", "missed", "row_record", "stand_in"]

_DOUBTFUL = ("differs", "wrong", "never compared")


@dataclass(slots=True, eq=False)
class Row:
    """One row between its question and its outcome; each attribute has one writer, and what it is never changes.

    Attributes
    ----------
    index : int
    question : Question
    level : int
        Which of the plan's targets it is prepared for. This and the next four are written by the intake.
    prepared : Prepared or None
        Once it is.
    fault : Exception or None
        Why it could not be.
    prepare_s : float
        What decoding took.
    held_bytes : int
        Of its encoded pictures, while it holds them.
    start_s : float
        When its turn came, of the monotonic clock. This and the next six are written by the flight.
    asked : Future or None
        The answer that is waited for.
    asked_s : float
        When its last ask went out, of the monotonic clock.
    was_asked : bool
        Whether it was ever asked of a model.
    attempt : int
        With this target, from 1.
    retries : int
        Further asks so far, of all models.
    unread : Reply or None
        Its first answer, where that could not be read and it is asked again.
    followers : list of Row
        Equal rows that wait for this one's answer; written by `Deduplicator`.
    is_others : bool
        Whether another run was asking the same when this one was about to. This and the next are written by `Sharing`.
    aside_s : float
        Since when it waits for another run, of the monotonic clock.
    """

    index: int
    question: Question
    level: int = 0
    prepared: Prepared | None = None
    fault: Exception | None = None
    prepare_s: float = 0.0
    held_bytes: int = 0
    start_s: float = 0.0
    asked: Future[Reply] | None = None
    asked_s: float = 0.0
    was_asked: bool = False
    attempt: int = 1
    retries: int = 0
    unread: Reply | None = None
    followers: list[Row] = field(default_factory=list)
    is_others: bool = False
    aside_s: float = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether preparing it has ended, well or not."""
        return self.prepared is not None or self.fault is not None

    @property
    def needs_asking(self) -> bool:
        """Whether a model has to be asked, as far as is known."""
        return self.fault is None and self.prepared is not None and self.prepared.ask is not None

    @property
    def has_answer(self) -> bool:
        """Whether the store has its answer."""
        return self.prepared is not None and self.prepared.reply is not None

    @property
    def key(self) -> str | None:
        """Of its ask, where that is known."""
        return self.prepared.key if self.prepared else None

    @property
    def begun_s(self) -> float | None:
        """When the work on its last ask began, as far as the backend says; None where it waits for its turn."""
        return self.asked.begun_s if isinstance(self.asked, PendingReply) else self.asked_s

    @property
    def heard_s(self) -> float | None:
        """When its last ask showed a sign of life, as far as the backend says; None where it waits for its turn."""
        return self.asked.heard_s if isinstance(self.asked, PendingReply) else self.asked_s

    @property
    def destination(self) -> str:
        """Where its pictures go."""
        return self.prepared.target.destination if self.prepared else ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is asked of a server, and not of a model in this process."""
        return self.prepared is not None and self.prepared.target.is_elsewhere

    @property
    def label(self) -> str:
        """What messages call its pictures."""
        return ", ".join(ref.label for ref in self.question.images)

    @property
    def seconds(self) -> float:
        """Its wall time so far, decoding included."""
        return self.prepare_s + (time.monotonic() - self.start_s if self.start_s else 0.0)


def answered(row: Row, reply: Reply, *, from_store: bool = False, is_duplicate: bool = False) -> Outcome:
    """Outcome of a row with a reply; one that cannot be read is a fault that keeps the reply.

    Parameters
    ----------
    row : Row
    reply : Reply
    from_store : bool, default False
        Whether an earlier run had asked it.
    is_duplicate : bool, default False
        Whether it was asked for an equal row of this run.
    """
    known = row.prepared.values if from_store and row.prepared else None  # read when it was found
    values: dict[str, Any] | None = None
    fault: RunError | None = None
    try:
        _check_length(row, reply)
        values = row.question.task.read(reply) if known is None else known
    except ServerFault as error:
        fault = error
        reply = replace(reply, text="", tokens=None)  # of megabytes nobody has use
    except (UnreadableReply, Refused) as error:
        fault = error
        _advise(fault, row)
    return Outcome(
        index=row.index,
        values=values,
        fault=fault,
        reply=reply if reply.retries == row.retries else replace(reply, retries=row.retries),
        seconds=row.seconds,
        from_store=from_store,
        is_duplicate=is_duplicate,
        retries=row.retries,
        prompt=row.question.prompt,
    )


def _check_length(row: Row, reply: Reply) -> None:
    ask = row.prepared.ask if row.prepared else None
    if ask is not None and len(reply.text) > ask.sampling.most_characters:
        raise ServerFault(
            f"{reply.model} answered with {len(reply.text):,} characters, though max_tokens={ask.sampling.max_tokens} "
            "was asked for. See whether it keeps max_tokens; if it may write more, raise it."
        )


def failed(row: Row, fault: RunError, plan: Plan) -> Outcome:
    """Outcome of a row without a reply, with what the plan lets stand in for one that came too late."""
    if isinstance(fault, ServerFault):
        _advise(fault, row)
    outcome = Outcome(
        index=row.index, fault=fault, seconds=row.seconds, retries=row.retries, prompt=row.question.prompt
    )
    return stand_in(outcome, row.question, plan)


def _advise(fault: RunError, row: Row) -> None:
    """Tell of a model that is not known to answer as it was made to: that may be why."""
    info: ModelInfo | None = getattr(row.prepared.target.backend if row.prepared else None, "info", None)
    told = " ".join(info.remarks) if info is not None and info.faithfulness in _DOUBTFUL else ""
    if told not in str(fault):
        fault.reword(f"{fault} {told}")


def missed(row: Row, plan: Plan) -> SetupError:
    """Fault of a run in which only the store may answer, and has no answer for a row."""
    names = ", ".join(dict.fromkeys(target.model for target in plan.targets))
    return SetupError(
        f"row {row.index} ({row.label}): the store has no answer of {names} to this question about this picture, "
        'and store="replay" asks nobody. Run it once with store=True, where the model is at hand.'
    )


def row_record(row: Row, outcome: Outcome) -> RowRecord:
    """What the store shall keep of a row that ended."""
    fault, reply = outcome.fault, outcome.reply
    # What stands in for an answer must never answer later, nor may what the model refused today.
    is_settled = reply is not None and ending_of(reply.finish_reason).is_settled
    is_answer = fault is None or (isinstance(fault, UnreadableReply) and is_settled)
    return RowRecord(
        index=row.index,
        label=row.label,
        prompt=row.question.prompt,
        key=row.key,
        pictures=row.prepared.pictures if row.prepared else (),
        reply=reply if is_answer else None,
        error=None if fault is None else f"{type(fault).__name__}: {fault}",
        seconds=outcome.seconds,
        from_store=outcome.from_store,
        is_duplicate=outcome.is_duplicate,
    )


def stand_in(outcome: Outcome, question: Question, plan: Plan) -> Outcome:
    """Outcome of a row, with a stand-in where the plan wants one.

    Only a column of free text takes one: a number that was cut off would look like a number.

    Parameters
    ----------
    outcome : Outcome
    question : Question
    plan : Plan

    Returns
    -------
    Outcome
        The same, unless its fault is `TimedOut` and there is something to put in its place; then also with values, and
        a fault that says what they are.
    """
    fault, field = outcome.fault, question.task.fields[0]
    if plan.on_timeout == "error" or not isinstance(fault, TimedOut) or not question.task.is_free_text:
        return outcome
    if plan.on_timeout == "fallback":
        marked = _marked(fault, "The text is made from the facts of the file, not by the model.")
        return replace(outcome, values={field.name: _technical_sentence(question)}, fault=marked)
    partial = fault.partial
    text = question.task.partial_text(partial) if isinstance(partial, Reply) else None
    if not isinstance(partial, Reply) or text is None:
        return outcome
    marked = _marked(fault, "The text is what had been written until then.")
    return replace(outcome, values={field.name: text}, fault=marked, reply=partial)


def _marked(fault: TimedOut, what: str) -> TimedOut:
    marked = TimedOut(f"{fault} {what}", retry_after_s=fault.retry_after_s, partial=fault.partial)
    marked.__cause__ = fault
    return marked


def _technical_sentence(question: Question) -> str:
    return " ".join(_sentence(question, position) for position in range(len(question.images))) or "No picture."


def _sentence(question: Question, position: int) -> str:
    try:
        header = read_header(question.images[position])
    except RunError:  # it could be read a while ago; the answer that never came matters more
        return "A picture."
    kind = f"{header.format} picture" if header.format else "picture"
    size = f", {header.size_bytes:,} bytes" if header.size_bytes is not None else ""
    turned = ", to be turned upright" if header.orientation != 1 else ""
    return f"A {kind} of {header.width} by {header.height} pixels{size}{turned}."
