"""What may stand in the row of an answer that came too late; its fault stays, so that nobody takes it for one."""

from __future__ import annotations

from dataclasses import replace

from vlmkit.errors import RunError, TimedOut
from vlmkit.records import Outcome, Reply
from vlmkit.runner.plan import Plan, Question
from vlmkit.sources import read_header

__all__ = ["stand_in"]


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
