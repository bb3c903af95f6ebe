"""What is asked of a child, what its death costs, and what is believed of its answers: only what can be true.

Each ask in flight is tried once more, alone, so that one that kills a process again takes no other with it.

A hostile checkpoint may have taken the child over. Its answers are its own affair, as those of any model are; but it
says nothing in the name of another model, and takes no more memory than what it was asked for needs.

No process here, no waiting and no lock: `engine` has these.
"""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import replace
from typing import Any

from vlmkit import errors
from vlmkit.backends import CALL_STYLES, Abilities, AskJob, Delta, Insight, ModelInfo
from vlmkit.engines.isolation.messages import Called, Failed, Faulted, Opened, clipped, split_block
from vlmkit.errors import ModelLoadFailed, RunError, ServerFault, SetupError, TimedOut
from vlmkit.framing import MOST_TEXT_BYTES
from vlmkit.records import Ask, Reply

__all__ = ["Asks", "Pending", "believed_insight", "believed_opening", "believed_reply", "row_fault", "setup_fault"]

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


_MOST_REMARKS_CHARACTERS = 40_000
_MOST_COUNT = 2**53
_MOST_SIDE_PX = 2**20
_MOST_PARALLEL = 4096
_MOST_TOKENS = 1024
_REASONS = frozenset({"stop", "stop_sequence", "length", "timeout"})
# The sampler may have run some tokens ahead of the answer.
_TOKENS_AHEAD = 8


def setup_fault(said: Failed) -> SetupError:
    """The error that a message stands for.

    Parameters
    ----------
    said : Failed
    """
    kind = getattr(errors, said.error, None) if said.error in errors.__all__ else None
    if isinstance(kind, type) and issubclass(kind, SetupError):
        return kind(clipped(said.message))
    return ModelLoadFailed(clipped(said.message))


def row_fault(said: Faulted, partial: Reply | None) -> RunError:
    """The fault that a message stands for.

    Parameters
    ----------
    said : Faulted
    partial : Reply or None
        What a late answer had got to, believed.
    """
    kind = getattr(errors, said.error, None) if said.error in errors.__all__ else None
    if kind is TimedOut:
        return TimedOut(clipped(said.message), partial=partial)
    if isinstance(kind, type) and issubclass(kind, RunError):
        return kind(clipped(said.message))
    return ServerFault(clipped(said.message))


def believed_opening(said: Opened, *, model: str, revision: str) -> tuple[Abilities, ModelInfo]:
    """What a child says of its model, where that is possible; name, revision and place are its parent's word.

    Raises
    ------
    ValueError
        It is not possible.
    """
    able, info = said.abilities, said.info
    _within("images_per_ask", able.images_per_ask, 1, _MOST_PARALLEL)
    _within("parallel_asks", able.parallel_asks, 1, _MOST_PARALLEL)
    _within("longest_side_px", able.longest_side_px, 1, _MOST_SIDE_PX)
    if sum(map(len, info.remarks)) > _MOST_REMARKS_CHARACTERS:
        raise ValueError("its remarks are too long")
    if info.call_markup is not None:
        _within("special tokens", len(info.call_markup.special_tokens), 0, _MOST_TOKENS)
        if info.call_markup.style not in CALL_STYLES:
            raise ValueError("it writes calls in no known way")
    here = Abilities().destination
    return replace(able, destination=here), replace(info, name=model, revision=revision, destination=here)


def believed_reply(said: Reply, ask: Ask, *, model: str, revision: str, seconds: float) -> Reply:
    """A child's reply to an ask, where that can be one; name, revision and time are its parent's word.

    Raises
    ------
    ValueError
        It cannot.
    """
    if said.finish_reason not in _REASONS:
        raise ValueError(f"an answer that ended by {said.finish_reason[:20]!r}")
    for count in (said.usage.prompt_tokens, said.usage.completion_tokens):
        _within("usage", count or 0, 0, _MOST_COUNT)
    if (said.tokens is None) is ask.token_probabilities:
        raise ValueError("tokens that were not asked for, or none that were")
    if said.tokens is not None and len(said.tokens) > ask.sampling.max_tokens + _TOKENS_AHEAD:
        raise ValueError("more tokens than were asked for")
    return Reply(
        text=said.text,
        finish_reason=said.finish_reason,
        model=model,
        revision=revision,
        usage=said.usage,
        seconds=seconds,
        tokens=said.tokens,
    )


def believed_insight(said: Called, block: bytearray) -> Insight:
    """What a model is given for an ask, with the pixels of its tiles.

    Raises
    ------
    ValueError
        They do not fit.
    """
    if said.insight is None:
        raise ValueError("nothing was said of what the model is given")
    tiles = said.insight.tiles
    data = split_block(block, [3 * tile.width * tile.height for tile in tiles])
    filled = tuple(replace(tile, data=each) for tile, each in zip(tiles, data, strict=True))
    return replace(said.insight, tiles=filled)


def _within(name: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise ValueError(f"{name} of {str(number)[:20]}")
