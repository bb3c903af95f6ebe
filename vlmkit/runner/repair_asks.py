"""An answer that does not fit what was asked for is asked for once more, and told what was wrong with it."""

from __future__ import annotations

from dataclasses import replace

from vlmkit.errors import RunError, UnreadableReply
from vlmkit.finish_reasons import Ending, ending_of
from vlmkit.records import Ask, Message, Reply, Usage
from vlmkit.runner.rows import Row

__all__ = ["both", "mended_ask"]


def mended_ask(row: Row, reply: Reply) -> tuple[Ask, UnreadableReply] | None:
    """Ask that follows an answer which cannot be read, and why it cannot; None where it can, or where it is no use.

    Only of typed answers: free text has nothing it must fit. Not where it was cut off or broke off: the next one
    would be as long, and there is nothing to mend.
    And once: `row` remembers.

    Parameters
    ----------
    row : Row
    reply : Reply
    """
    task, ask = row.question.task, row.prepared.ask if row.prepared else None
    if ask is None or row.unread is not None or ending_of(reply.finish_reason) is not Ending.WHOLE:
        return None
    if task.constraint is None:
        return None
    try:
        task.read(reply)
    except UnreadableReply as fault:
        prompt = f"That answer cannot be used: {fault.problem} Answer once more, with nothing else.{task.suffix}"
        return replace(ask, messages=(*ask.messages, Message.assistant(reply.text), Message.user(prompt))), fault
    except RunError:
        return None
    return None


def both(first: Reply, second: Reply) -> Reply:
    """The second answer, at the cost of both.

    Parameters
    ----------
    first, second : Reply
    """
    usage = Usage(
        prompt_tokens=_sum(first.usage.prompt_tokens, second.usage.prompt_tokens),
        completion_tokens=_sum(first.usage.completion_tokens, second.usage.completion_tokens),
    )
    return replace(second, usage=usage, seconds=first.seconds + second.seconds)


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
