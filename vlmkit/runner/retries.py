"""Rows that are asked again: they wait for their next attempt, or are told what was wrong with their answer."""

from __future__ import annotations

import heapq
import time
from dataclasses import replace

from vlmkit.errors import RunError, UnreadableReply
from vlmkit.finish_reasons import Ending, ending_of
from vlmkit.records import Ask, Message, Reply, Usage
from vlmkit.runner.rows import Row

__all__ = ["Retries", "both", "mended_ask"]


class Retries:
    """A line ordered by the moment, by `time.monotonic`, from which a row may be asked again."""

    def __init__(self) -> None:
        self._line: list[tuple[float, int, Row, RunError]] = []

    def __len__(self) -> int:
        return len(self._line)

    def put(self, row: Row, fault: RunError, pause_s: float) -> None:
        """Let a row wait.

        Parameters
        ----------
        row : Row
        fault : RunError
            Why it has to be asked again.
        pause_s : float
        """
        heapq.heappush(self._line, (time.monotonic() + pause_s, row.index, row, fault))

    def take_due(self) -> tuple[Row, RunError] | None:
        """The first row, with its fault, where its moment has come."""
        if not self._line or self._line[0][0] > time.monotonic():
            return None
        _, _, row, fault = heapq.heappop(self._line)
        return row, fault

    def next_s(self) -> float:
        """Seconds until the first one's moment; without any, infinite."""
        return max(0.0, self._line[0][0] - time.monotonic()) if self._line else float("inf")

    def clear(self) -> list[tuple[Row, RunError]]:
        """All that wait, which do no more."""
        line, self._line = self._line, []
        return [(row, fault) for _, _, row, fault in line]


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
