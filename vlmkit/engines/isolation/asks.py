"""What is asked of a child, and what its death costs: each ask in flight is tried once more, alone, so that one that
kills a process again takes no other with it.

No process here, no waiting and no lock: `engine` has these.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from vlmkit.backends import AskJob, Delta
from vlmkit.errors import RunError
from vlmkit.framing import MOST_TEXT_BYTES
from vlmkit.records import Ask

__all__ = ["Asks", "Pending"]

_TRIES = 2


class Pending:
    """One ask, or one call, until it has its result.

    Parameters
    ----------
    number : int
    future : Future
    pieces : list of bytes
        Its frame.
    ask : Ask or None, default None
        Without the bytes of its pictures.
    job : AskJob or None, default None
        Whose pieces are delivered, where they are wanted.
    wants_block : bool, default False
        Whether its result brings a block of bytes.

    Attributes
    ----------
    tries : int
        Children that it was sent to.
    """

    def __init__(
        self,
        number: int,
        future: Future[Any],
        pieces: list[bytes],
        ask: Ask | None = None,
        job: AskJob | None = None,
        *,
        wants_block: bool = False,
    ) -> None:
        self.number = number
        self.future = future
        self.pieces = pieces
        self.ask = ask
        self.wants_block = wants_block
        self.tries = 0
        self._job = job
        self._is_streamed = job is not None and job.is_streamed
        self._delivered = self._came = 0
        self._began_s = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since it was asked."""
        return time.monotonic() - self._began_s

    def begin(self) -> None:
        """It is sent, perhaps not for the first time."""
        self.tries += 1
        self._came = 0

    def deliver(self, text: str) -> None:
        """Hand a piece of the answer on; what an earlier try delivered comes out the same again and is not repeated.

        Parameters
        ----------
        text : str

        Raises
        ------
        ValueError
            Pieces were not asked for, or make up more than an answer may be.
        """
        before, self._came = self._came, self._came + len(text)
        if not self._is_streamed or self._came > MOST_TEXT_BYTES:
            raise ValueError("pieces of an answer that nobody asked for")
        job = self._job  # gone once nobody waits any more, in whichever thread that is found
        if self._came > self._delivered and job is not None:
            fresh = text[max(0, self._delivered - before) :]
            self._delivered = self._came
            job.deliver(Delta(text=fresh))

    def let_go(self) -> None:
        """Give the memory of the pictures back, as whoever waits for the result keeps this."""
        self.pieces = []
        self._job = None

    def finish(self, result: Any) -> None:
        """End with a result, unless ended already."""
        with suppress(InvalidStateError):
            self.future.set_result(result)

    def fail(self, fault: RunError) -> None:
        """End with a fault, unless ended already."""
        with suppress(InvalidStateError):
            self.future.set_exception(fault)


class Asks:
    """Those waiting, those with the child, and those that were with one when it died."""

    def __init__(self) -> None:
        self._waiting: deque[Pending] = deque()
        self._alone: deque[Pending] = deque()
        self._sent: dict[int, Pending] = {}

    @property
    def want_block(self) -> bool:
        """Whether the result of one with the child brings a block of bytes."""
        return any(pending.wants_block for pending in self._sent.values())

    @property
    def are_sent(self) -> bool:
        """Whether the child has any."""
        return bool(self._sent)

    def __len__(self) -> int:
        return len(self._waiting) + len(self._alone) + len(self._sent)

    def add(self, pending: Pending) -> None:
        """Take one; it waits."""
        self._waiting.append(pending)

    def get(self, number: int) -> Pending | None:
        """One that is with the child."""
        return self._sent.get(number)

    def to_send(self, most: int) -> list[Pending]:
        """Those to send now, which are with the child from here on.

        Parameters
        ----------
        most : int
            With the child at the same time.
        """
        chosen: list[Pending] = []
        while (queue := self._alone or self._waiting) and self._has_room(most):
            pending = queue.popleft()
            pending.begin()
            self._sent[pending.number] = pending
            chosen.append(pending)
        return chosen

    def _has_room(self, most: int) -> bool:
        if self._alone:
            return not self._sent
        return len(self._sent) < most and not any(pending.tries > 1 for pending in self._sent.values())

    def end(self, number: int) -> Pending | None:
        """Take one out that the child is done with, or that nobody waits for; None where it is not with the child."""
        return self._sent.pop(number, None)

    def drop(self, pending: Pending) -> bool:
        """Forget one that nobody waits for any more; whether the child has it."""
        for queue in (self._waiting, self._alone):
            with suppress(ValueError):
                queue.remove(pending)
        return self._sent.pop(pending.number, None) is not None

    def lose(self, *, try_again: bool) -> list[Pending]:
        """The child died: those it had go first, one by one, or are given up and returned.

        Parameters
        ----------
        try_again : bool
            Whether any is tried a second time.
        """
        lost, self._sent = list(self._sent.values()), {}
        if not try_again:
            lost += self._alone
            self._alone.clear()
        given_up = [pending for pending in lost if pending.tries >= _TRIES or not try_again]
        # Those that were put aside by an earlier death have waited longer.
        self._alone.extend(pending for pending in lost if pending not in given_up)
        return given_up

    def clear(self) -> list[Pending]:
        """All of them, which are forgotten."""
        everyone = [*self._sent.values(), *self._alone, *self._waiting]
        self.__init__()  # type: ignore[misc]
        return everyone
