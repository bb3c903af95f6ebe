"""Who gets a slot when: admits asks, lets the decoder step, hands out tokens, and keeps every fault to its own row.

Imported on the desk only; `submit` alone may be called from anywhere.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol

from vlmkit.backends import Counts
from vlmkit.engines.decoding import Decoder, Prompt
from vlmkit.engines.picture_pool import decode_all
from vlmkit.engines.request import Request
from vlmkit.engines.sampling import RowSampler, needs_sampler
from vlmkit.errors import Cancelled, PromptTooLong, RunError, ServerFault, TimedOut
from vlmkit.records import Ask

if TYPE_CHECKING:
    from vlmkit.engines.grammar import Matcher
    from vlmkit.records import Constraint

__all__ = ["Scheduler", "ServedModel"]

_NO_PIECE: tuple[float, tuple[Request, ...]] = (0.0, ())


class ServedModel(Protocol):
    """What the scheduler needs to know of a model."""

    name: str
    eos_token_ids: frozenset[int]
    context_length: int | None

    def prompt(self, ask: Ask, images: list[Any]) -> Prompt:
        """Finished prompt; raises where the processor refuses."""

    def decode(self, tokens: list[int], *, keep_special_tokens: bool = False) -> str:
        """Text of tokens."""

    def matcher(self, constraint: Constraint) -> Matcher:
        """What enforces a constraint, at the beginning of an answer."""


class Scheduler:
    """Asks of one model, waiting and in slots.

    Parameters
    ----------
    language : ServedModel
    decoder : Decoder
    kv_cache_tokens : int or None, default None
        Most tokens of all rows in slots; a batch keeps as many of each row as of its longest.
    """

    def __init__(self, language: ServedModel, decoder: Decoder, *, kv_cache_tokens: int | None = None) -> None:
        self.counts = Counts(steps=0, prompt_seconds=0.0, decode_seconds=0.0)
        self._language = language
        self._decoder = decoder
        self._kv_cache_tokens = kv_cache_tokens
        self._arrivals: SimpleQueue[Request] = SimpleQueue()
        self._waiting: deque[Request] = deque()
        # After a broken step every row of it is asked again with the batch to itself.
        self._alone: deque[Request] = deque()
        self._live: dict[int, Request] = {}
        # What another thread may look at: everything not ended, what is worked on now and since when.
        self._in_hand: dict[int, Request] = {}
        self._piece: tuple[float, tuple[Request, ...]] = _NO_PIECE
        self._abandoned = ""

    def submit(self, request: Request) -> None:
        """Queue a request; from any thread."""
        in_hand, key = self._in_hand, id(request)
        in_hand[key] = request
        # Whoever waits for an answer keeps this, so it must not know the model.
        request.future.add_done_callback(lambda _: in_hand.pop(key, None))
        if self._abandoned:
            request.end(self._lost(self._abandoned))
        self._arrivals.put(request)

    def turn(self) -> bool:
        """Read one prompt into a free slot, or write one token of every answer; whether anything is left.

        Slots are filled before tokens are written: a step costs little more for many rows than for one. One prompt at
        a time, because reading a picture can take seconds, and whoever gave up or came meanwhile counts at once.
        """
        try:
            self._collect()
            self._drop_ended()
            request = self._next_to_admit()
            if request is not None:
                self._worked(request, self._begin)
            elif self._live:
                self._step()
        except Exception as error:  # noqa: BLE001  the desk must go on, and nobody may wait for ever
            self._end_all(_fault(self._language.name, error))
        return bool(self._live or self._waiting or self._alone or not self._arrivals.empty())

    def shut(self) -> None:
        """End every ask with `Cancelled`; nothing is taken up after this."""
        self._collect()
        self._end_all(self._cancelled())
        self._decoder.close()

    def cancel(self) -> None:
        """The same for those who wait; from any thread, while the desk is at a long piece of work."""
        for request in tuple(self._in_hand.values()):
            request.end(self._cancelled())

    def _cancelled(self) -> Cancelled:
        return Cancelled(f"{self._language.name} was closed before the answer was complete. Open it again.")

    def watch(self, silent_s: float) -> None:
        """End asks that are overdue while the desk has not come back for so long; on another thread."""
        start_s, rows = self._piece
        share_s = (time.perf_counter() - start_s) / max(1, len(rows))
        for request in tuple(self._in_hand.values()):
            request.fail_if_stuck(share_s if request in rows else 0.0, silent_s)

    def abandon(self, why: str) -> None:
        """End every ask, as the desk is lost: with `TimedOut` those it was at work on; on another thread."""
        self._abandoned = why
        _, rows = self._piece
        for request in tuple(self._in_hand.values()):
            request.end(TimedOut(f"{self._language.name}: {why}") if request in rows else self._lost(why))

    def _lost(self, why: str) -> ServerFault:
        """Of an ask that had no part in it, and may be asked again."""
        return ServerFault(f"{self._language.name}: {why}", is_transient=True)

    def _collect(self) -> None:
        try:
            while True:
                self._waiting.append(self._arrivals.get_nowait())
        except Empty:
            return

    def _drop_ended(self) -> None:
        for request in (*self._waiting, *self._alone, *self._live.values()):
            request.fail_if_overdue()
        gone = {number for number, request in self._live.items() if request.ended}
        if gone:
            self._decoder.remove(gone)
            self._count(failed=len(gone))
            self._forget(gone)
        for queue in (self._waiting, self._alone):
            kept = [request for request in queue if not request.ended]
            self._count(failed=len(queue) - len(kept))
            queue.clear()
            queue.extend(kept)

    def _next_to_admit(self) -> Request | None:
        """The next in line, its prompt finished, where there is a slot and memory for it."""
        queue = self._alone or self._waiting
        if not queue or len(self._live) >= (1 if self._alone else self._decoder.slots):
            return None
        request = queue[0]
        if request.prompt is None and not self._worked(request, self._finish_prompt):
            queue.popleft()
            return None
        return queue.popleft() if self._has_room(request) else None

    def _has_room(self, request: Request) -> bool:
        rows = (*self._live.values(), request)
        longest = max(row.most_tokens for row in rows)
        return self._kv_cache_tokens is None or len(rows) * longest <= self._kv_cache_tokens

    def _worked(self, request: Request, work: Callable[[Request], None]) -> bool:
        """Do something for one ask, whose fault stays its own; whether it went well."""
        start_s = time.perf_counter()
        self._piece = (start_s, (request,))
        try:
            work(request)
        except SystemExit:  # the desk is lost
            raise
        except BaseException as error:  # noqa: BLE001  whatever a processor or model raises, a panic too, is this ask's
            request.end(_fault(self._language.name, error))
            self._count(failed=1)
            return False
        finally:
            self._piece = _NO_PIECE
            seconds = time.perf_counter() - start_s
            request.spend(seconds)
            self._count(prompt_seconds=seconds)
        return True

    def _finish_prompt(self, request: Request) -> None:
        ask = request.ask
        # Asked anew after a broken step, its pictures are gone.
        images = request.images or decode_all(ask.pictures)
        prompt = self._language.prompt(ask, images)
        request.prompt = replace(prompt, digests=tuple(picture.digest for picture in ask.pictures))
        request.prompt_tokens = len(prompt.token_ids)
        request.limit = self._limit(request.prompt_tokens, ask.sampling.max_tokens)

    def _begin(self, request: Request) -> None:
        ask, prompt = request.ask, request.prompt
        if prompt is None:
            raise RuntimeError("only a finished prompt takes a slot")
        probabilities = ask.token_probabilities
        matcher = self._language.matcher(ask.constraint) if ask.constraint else None
        sampler = RowSampler(ask.sampling, probabilities=probabilities, alternatives=ask.alternatives, matcher=matcher)
        needed = needs_sampler(ask.sampling, probabilities=probabilities, constrained=matcher is not None)
        processors = [sampler] if needed else []
        request.prompt = None  # its pixels are not needed any more
        self._decoder.admit(request.number, prompt, processors, request.limit)
        request.let_go()
        decode = partial(self._language.decode, keep_special_tokens=ask.keep_special_tokens)
        request.begin(decode, request.prompt_tokens, sampler)
        self._count(prompt_tokens=request.prompt_tokens)
        self._live[request.number] = request

    def _limit(self, prompt_tokens: int, max_tokens: int) -> int:
        context = self._language.context_length
        if context is not None and prompt_tokens >= context:
            message = (
                f"{self._language.name}: pictures and prompt make {prompt_tokens} tokens, and the model reads at most "
                f"{context}. Ask with fewer or smaller pictures, or a shorter prompt."
            )
            raise PromptTooLong(message)
        limit = max_tokens if context is None else min(max_tokens, context - prompt_tokens)
        if self._kv_cache_tokens is not None and prompt_tokens + limit > self._kv_cache_tokens:
            message = (
                f"{self._language.name}: pictures and prompt make {prompt_tokens} tokens, the answer may have {limit}, "
                f"and kv_cache_tokens={self._kv_cache_tokens} is less than both. Lower max_tokens, ask with fewer or "
                "smaller pictures, or open the model with more kv_cache_tokens."
            )
            raise PromptTooLong(message)
        return limit

    def _step(self) -> None:
        start_s = time.perf_counter()
        self._piece = (start_s, tuple(self._live.values()))
        try:
            tokens = self._decoder.step()
        except Exception as error:  # noqa: BLE001  which row broke the step is unknown
            self._retry_alone(error)
            return
        finally:
            self._piece = _NO_PIECE
        share_s = (time.perf_counter() - start_s) / len(self._live)
        for request in self._live.values():
            request.spend(share_s)
        ends = [(self._live[row], reason) for row, token in tokens if (reason := self._add(row, token))]
        complete = {request.number for request, _ in ends}
        self._decoder.remove(complete)
        self._forget(complete)
        self._count(answered=len(complete), steps=1, decode_seconds=time.perf_counter() - start_s)
        # Last, so that whoever waits for the reply finds it counted and its slot free.
        for request, reason in ends:
            request.complete(reason)

    def _add(self, row: int, token: int) -> str | None:
        final = token in self._language.eos_token_ids
        self._count(completion_tokens=not final)
        return self._live[row].add(token, final=final, limit=self._live[row].limit)

    def _retry_alone(self, error: Exception) -> None:
        rows = list(self._live.values())
        self._decoder.reset()
        self._forget(set(self._live))
        if len(rows) == 1:
            rows[0].end(_fault(self._language.name, error))
            self._count(failed=1)
        else:
            for row in rows:
                row.forget_work()
            self._alone.extend(rows)

    def _end_all(self, fault: RunError) -> None:
        rows = [*self._live.values(), *self._alone, *self._waiting]
        self._decoder.reset()
        self._forget(set(self._live))
        self._waiting.clear()
        self._alone.clear()
        for request in rows:
            request.end(fault)
        self._count(failed=len(rows))

    def _forget(self, rows: set[int]) -> None:
        for row in rows:
            self._live.pop(row, None)

    def _count(self, **more: float) -> None:
        self.counts = replace(self.counts, **{name: getattr(self.counts, name) + n for name, n in more.items()})


def _fault(model: str, error: BaseException) -> RunError:
    """What went wrong, as a row's fault."""
    if isinstance(error, RunError):
        return error
    text = str(error)
    if isinstance(error, MemoryError) or "allocate" in text or "out of memory" in text.lower():
        advice = (
            "The machine is out of memory: open the model with fewer slots or kv_cache_tokens; send smaller pictures."
        )
    else:
        advice = "Try the picture alone; if it fails again, report it with the model's name."
    fault = ServerFault(f"{model} broke while answering: {type(error).__name__}: {text or 'no message'}. {advice}")
    fault.__cause__ = error
    return fault
