"""One ask on its way through the engine: its future, its deadline, its text so far."""

from __future__ import annotations

import bisect
import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, InvalidStateError
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vlmkit.backends import AskJob, Delta, OnDelta, PendingReply
from vlmkit.errors import Cancelled, TimedOut
from vlmkit.records import Ask, Reply, Token, Usage

if TYPE_CHECKING:
    from vlmkit.engines.decoding import Prompt

__all__ = ["ReplyFuture", "Request", "Transcript"]

_LATE_S = 1.0  # in which the desk comes back, and can say more


class ReplyFuture(PendingReply):
    """A future that, cancelled at any time before its end, ends with `Cancelled`.

    It never says that the work began, as the deadline is kept here: no clock on a wall knows a row's share of it.
    """

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = model

    def cancel(self) -> bool:
        """End with `Cancelled` unless ended already; the engine drops the ask before its next token."""
        with suppress(InvalidStateError):
            self.set_exception(Cancelled(f"{self._model}: the ask was cancelled before its answer was complete."))
        return self.cancelled()

    def cancelled(self) -> bool:
        """Whether it ended with `Cancelled`."""
        return self.done() and isinstance(self._fault_of(), Cancelled | CancelledError)

    def _fault_of(self) -> BaseException | None:
        return self.exception(timeout=0)


class Request(AskJob):
    """An ask, and everything the engine knows about its answer.

    Parameters
    ----------
    number : int
        Tells rows of a batch apart.
    ask : Ask
    model : str
        Full name, for replies and messages.
    revision : str or None
    on_delta : callable or None
        Gets each piece of text as it becomes certain.

    Attributes
    ----------
    images : list of PIL.Image.Image
        Decoded pictures, once they are and until they were looked at.
    on_let_go : callable
        Called when the decoded pictures are not needed any more; more than once does no harm.
    prompt_tokens, completion_tokens : int
    sampler : RowSampler or None
        Where the row chooses its tokens itself.
    prompt : Prompt or None
        Finished, while it waits for its slot.
    limit : int
        Most tokens the answer may have, once the prompt is finished.
    """

    def __init__(
        self, number: int, ask: Ask, model: str, revision: str | None, on_delta: OnDelta | None = None
    ) -> None:
        super().__init__(ask, on_delta, ReplyFuture(model))
        self.number = number
        self.images: list[Any] = []
        self.on_let_go: Callable[[object], None] = _nothing
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.sampler: Any = None
        self.prompt: Prompt | None = None
        self.limit = 0
        self._model = model
        self._revision = revision
        self._delivered = 0
        self._told: list[Token] = []
        self._worked_s = 0.0
        self._transcript: Transcript | None = None

    def let_go(self) -> None:
        """Give the memory of the decoded pictures back; twice is fine."""
        self.images = []
        self.on_let_go(None)

    @property
    def most_tokens(self) -> int:
        """Of prompt and answer together, once the prompt is finished."""
        return self.prompt_tokens + self.limit

    def begin(self, decode: Callable[[list[int]], str], prompt_tokens: int, sampler: Any) -> None:
        """Take the place of a row; a request begins anew when its batch broke."""
        self._transcript = Transcript(decode, self.ask.sampling.stop)
        self.prompt_tokens = self.future.prompt_tokens = prompt_tokens
        self.completion_tokens = 0
        self.sampler = sampler

    def forget_work(self) -> None:
        """Begin to count anew: what was worked on it was lost by no fault of its own."""
        self._worked_s = 0.0

    def spend(self, seconds: float) -> None:
        """Count time in which the model worked on this ask; of a step of the batch it is the row's share."""
        self._worked_s += seconds

    def add(self, token: int, *, final: bool, limit: int) -> str | None:
        """Take a token; why the answer is complete now, if it is.

        Parameters
        ----------
        token : int
        final : bool
            Whether the token is the model's end of text, which is not text itself.
        limit : int
            Most tokens this answer may have.
        """
        transcript = self._running()
        self.future.hear()
        if final:
            return "stop"
        self.completion_tokens += 1
        transcript.add(token)
        if transcript.stopped:
            return "stop_sequence"
        self._deliver(transcript.text)
        return "length" if self.completion_tokens >= limit else None

    def complete(self, reason: str) -> None:
        """End with the reply."""
        transcript = self._running()
        transcript.finish()
        self._deliver(transcript.text)
        # A stop text can also show up in what was held back until the last token.
        self.end(self._reply("stop_sequence" if transcript.stopped else reason))

    def fail_if_overdue(self) -> None:
        """End with `TimedOut`, and what is written so far, once the model has worked on it for longer than allowed."""
        timeout_s = self.ask.timeout_s
        if not self.ended and timeout_s is not None and self._worked_s > timeout_s:
            message = (
                f"{self._model} had written {self.completion_tokens} tokens when {timeout_s:g} s of work were over. "
                "Raise timeout_s, lower max_tokens, or ask for less at a time."
            )
            if self._transcript is not None:
                self._transcript.finish()
            self.end(TimedOut(message, partial=self._reply("timeout") if self.completion_tokens else None))

    def fail_if_stuck(self, working_s: float, silent_s: float) -> None:
        """End with `TimedOut` where the desk itself cannot, because it does not come back; from another thread.

        Parameters
        ----------
        working_s : float
            Time of the piece of work in hand that is this ask's.
        silent_s : float
            How long the desk has given no sign of life; an ask that waits all that time is late, too.
        """
        timeout_s = self.ask.timeout_s
        if self.ended or timeout_s is None:
            return
        waited_s = min(silent_s, time.monotonic() - self.start_s)
        if max(self._worked_s + working_s, waited_s) > timeout_s + _LATE_S:
            message = (
                f"{self._model}: {timeout_s:g} s were over, and the work in hand in this process did not come to an "
                "end. Raise timeout_s, or ask with smaller pictures or a shorter prompt."
            )
            self.end(TimedOut(message))

    def _reply(self, reason: str) -> Reply:
        return Reply(
            text=self._running().text,
            finish_reason=reason,
            model=self._model,
            revision=self._revision,
            usage=Usage(prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens),
            seconds=time.monotonic() - self.start_s,
            tokens=self._tokens(),
        )

    def _running(self) -> Transcript:
        if self._transcript is None:
            message = "a request takes tokens only after it began"
            raise RuntimeError(message)
        return self._transcript

    def _tokens(self) -> tuple[Token, ...] | None:
        if not self.ask.token_probabilities:
            return None
        return (*self._told, *self._next_tokens(self._running().pieces()))

    def _next_tokens(self, pieces: Sequence[str]) -> list[Token]:
        """Those after the ones that were told, as far as there are pieces."""
        transcript = self._running()
        made = []
        # The sampler runs a token ahead of the answer.
        for place in range(len(self._told), min(len(pieces), len(self.sampler.probabilities))):
            others = self.sampler.alternatives[place]
            token = Token(
                text=pieces[place],
                probability=self.sampler.probabilities[place],
                alternatives=tuple((transcript.piece_of(other, place), chance) for other, chance in others),
            )
            made.append(token)
        return made

    def _deliver(self, text: str) -> None:
        # What an earlier, broken attempt delivered comes out the same again and is not repeated.
        if len(text) > self._delivered:
            tokens: list[Token] = []
            if self.is_streamed and self.ask.token_probabilities:
                tokens = self._next_tokens(self._running().certain_pieces())
                self._told += tokens
            self.deliver(Delta(text=text[self._delivered :], tokens=tuple(tokens)))
            self._delivered = len(text)


def _nothing(_: object) -> None:
    """Where nobody wants to know."""


_INCOMPLETE = "\ufffd"
_CONTEXT = 4  # tokens that can change how the next one is spelled, as the first of an answer is


class Transcript:
    """The text of one answer while its tokens arrive: whole characters only, and nothing that may begin a stop text.

    Parameters
    ----------
    decode : callable
        Token ids to text.
    stop : sequence of str
        The text ends before the first of these.

    Attributes
    ----------
    text : str
        Everything certain so far.
    stopped : bool
        Whether a stop text was met.
    tokens : list of int
        All of them.
    """

    def __init__(self, decode: Callable[[list[int]], str], stop: Sequence[str] = ()) -> None:
        self.text = ""
        self.stopped = False
        self._decode = decode
        self._stop = tuple(text for text in stop if text)
        self.tokens: list[int] = []
        self._pieces: list[str] = []
        # A window of tokens is decoded again with each new one, because a tokenizer may join characters and
        # spaces across tokens; `_window` is where it begins, `_known` how many tokens are in text already.
        self._window = 0
        self._known = 0
        self._held = ""

    def add(self, token: int) -> str:
        """Take one token; the text that has become certain by it."""
        self.tokens.append(token)
        self._pieces.append(self._decoded())
        return self._release(self._pieces[-1], last=False)

    def finish(self) -> str:
        """Take the end of the answer; the text that was held back until now."""
        rest = self._decode(self.tokens[self._window :])[len(self._decode(self.tokens[self._window : self._known])) :]
        self._known = self._window = len(self.tokens)
        if self._pieces:
            self._pieces[-1] += rest
        return self._release(rest, last=True)

    def pieces(self) -> list[str]:
        """What each token adds to the text; joined, they are the text."""
        left, pieces = len(self.text), []
        for piece in self._pieces:
            pieces.append(piece[:left])
            left -= len(pieces[-1])
        return pieces

    def certain_pieces(self) -> list[str]:
        """Those at the beginning that stay as they are, and whose text is certain."""
        ends = list(itertools.accumulate(map(len, self._pieces)))
        count = bisect.bisect_right(ends, len(self.text))
        while count and not self._pieces[count - 1]:  # what is still to come may be its text
            count -= 1
        return self._pieces[:count]

    def piece_of(self, token: int, place: int) -> str:
        """What another token would have added at a place.

        Parameters
        ----------
        token : int
        place : int
            How many tokens of the answer stand before it.
        """
        before = self.tokens[max(0, place - _CONTEXT) : place]
        return self._decode([*before, token])[len(self._decode(before)) :]

    def _decoded(self) -> str:
        before = self._decode(self.tokens[self._window : self._known])
        after = self._decode(self.tokens[self._window :])
        if after.endswith(_INCOMPLETE) or len(after) <= len(before):
            return ""
        self._window, self._known = self._known, len(self.tokens)
        return after[len(before) :]

    def _release(self, new: str, *, last: bool) -> str:
        if self.stopped:
            return ""
        held = self._held + new
        met = [place for text in self._stop if (place := held.find(text)) >= 0]
        if met:
            self.stopped = True
            piece, self._held = held[: min(met)], ""
        else:
            keep = 0 if last else self._possible_stop(held)
            piece, self._held = held[: len(held) - keep], held[len(held) - keep :]
        self.text += piece
        return piece

    def _possible_stop(self, held: str) -> int:
        """How many characters at the end may be the beginning of a stop text."""
        longest = max((len(text) - 1 for text in self._stop), default=0)
        sizes = range(min(longest, len(held)), 0, -1)
        return next((size for size in sizes if any(text.startswith(held[-size:]) for text in self._stop)), 0)
