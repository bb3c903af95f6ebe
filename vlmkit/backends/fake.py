"""A backend without a model: scripted, deterministic, on real threads; for tests and for showing what faults look like.

It stands in where an answer, a delay or a fault must be known beforehand, never where a real model can run.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from vlmkit import errors
from vlmkit.backends.checks import blank_prompt, check_sampling
from vlmkit.backends.engine_table import EngineSpec
from vlmkit.backends.facts import Counts, ModelInfo, counted
from vlmkit.backends.identity import stamp
from vlmkit.backends.protocol import Abilities, PendingReply
from vlmkit.backends.surface import Surface
from vlmkit.errors import BadSetting, Cancelled, RunError, ServerFault, TimedOut
from vlmkit.records import Ask, Reply, Usage

if TYPE_CHECKING:
    from vlmkit.backends.registry import ModelName

__all__ = ["FAKE", "Answer", "FakeBackend", "Replies", "check_fake", "identity_of", "open_fake"]

FAKE = EngineSpec(
    name="fake",
    opener="vlmkit.backends.fake:open_fake",
    checker="vlmkit.backends.fake:check_fake",
    identifier="vlmkit.backends.fake:identity_of",
)

Answer = str | RunError
Replies = Answer | Sequence[Answer] | Callable[[Ask], Answer]


class FakeBackend(Surface):
    """Answers asks from a script.

    Parameters
    ----------
    name : str, default "echo"
    replies : str, RunError, sequence of them, callable, or None, default None
        The n-th ask gets the n-th entry, beginning again after the last; a `RunError` is the fault that ask gets; a
        callable makes the answer from the ask and may raise. None: pixels and media type of the pictures, then the
        prompt.
    delay_s : float or sequence of float, default 0.0
        How long the n-th answer takes. Past its deadline it ends with `TimedOut`, and the words written until then.
    revision : str or None, default "1"
    abilities : Abilities or None, default None
        None is an `Abilities` with its defaults; ``parallel_asks`` is also the number of threads.

    Attributes
    ----------
    asks : list of Ask
        Everything submitted so far, in order.
    most_in_flight : int
        The most asks that were unanswered at one time.

    Examples
    --------
    >>> from vlmkit.records import Ask
    >>> backend = FakeBackend(replies=["a red circle", "a blue star"])
    >>> backend.submit(Ask(pictures=(), prompt="What is it?")).result().text
    'a red circle'
    >>> backend.close()
    """

    def __init__(
        self,
        name: str = "echo",
        *,
        replies: Replies | None = None,
        delay_s: float | Sequence[float] = 0.0,
        revision: str | None = "1",
        abilities: Abilities | None = None,
    ) -> None:
        self.model = f"fake:{name}"
        self.revision = revision
        self.abilities = abilities or Abilities()
        self.info = ModelInfo(name=self.model, revision=revision, slots=self.abilities.parallel_asks)
        self._counts = Counts()
        self.asks: list[Ask] = []
        self.most_in_flight = 0
        self._replies = _echo if replies is None else replies
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._in_flight: set[Future[Reply]] = set()
        self._closed = False
        self._line: SimpleQueue[_Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    @property
    def stats(self) -> Counts:
        """What has been done since it was opened."""
        return self._counts

    def send(self, ask: Ask, take: Callable[[str], None] | None = None) -> Future[Reply]:
        """Take an ask; return at once. The future ends with the scripted answer or fault, or `TimedOut`.

        Parameters
        ----------
        ask : Ask
        take : callable or None, default None
            Gets the answer word by word once it is there.

        Raises
        ------
        BadSetting
            Sampling values that mean nothing.
        """
        check_sampling(ask.sampling)
        job = _Job(ask=ask, take=take)
        with self._lock:
            job.number = len(self.asks)
            self.asks.append(ask)
            self._in_flight.add(job.future)
            self.most_in_flight = max(self.most_in_flight, len(self._in_flight))
            fault = self._refusal(ask)
            if fault is None:
                self._line.put(job)
                self._add_thread()
        job.future.add_done_callback(self._forget)
        job.future.add_done_callback(lambda _: job.ended.set())
        if fault is not None:
            job.end(fault)
        return job.future

    def _refusal(self, ask: Ask) -> RunError | None:
        if self._closed:
            return Cancelled(f"{self.model} is closed. Open it again to ask more.")
        return blank_prompt(ask)

    def close(self) -> None:
        """End the asks in flight with `Cancelled` and let the threads go. Twice is fine."""
        with self._lock:
            self._closed = True
            in_flight = list(self._in_flight)
        for future in in_flight:
            _end(future, Cancelled(f"{self.model} was closed before it answered."))
        for _ in self._threads:
            self._line.put(None)

    def _add_thread(self) -> None:
        if len(self._threads) < self.abilities.parallel_asks:
            # A daemon: the threads of an executor would keep the process until the last answer, before any closing.
            self._threads.append(threading.Thread(target=self._work, name="vlmkit-fake", daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while job := self._line.get():
            job.future.begin()
            self._answer(job)

    def _forget(self, future: Future[Reply]) -> None:
        with self._lock:
            self._in_flight.discard(future)
            self._counts = counted(self._counts, future)
        if future.cancelled():
            # `concurrent.futures.wait` sees a cancelled future only after this call.
            future.set_running_or_notify_cancel()

    def _answer(self, job: _Job) -> None:
        ask = job.ask
        begin_s = time.monotonic()  # the wait for a thread is nobody's work
        end_s = begin_s + _nth(self._delay_s, job.number)
        deadline_s = begin_s + ask.timeout_s if ask.timeout_s is not None else float("inf")
        if job.ended.wait(max(0.0, min(end_s, deadline_s) - time.monotonic())):
            return
        answer = self._answer_of(job)
        if end_s >= deadline_s:
            job.end(self._too_late(job, answer))
        else:
            job.end(answer if isinstance(answer, RunError) else self._reply(ask, answer, job.start_s))

    def _answer_of(self, job: _Job) -> Answer:
        try:
            return self._replies(job.ask) if callable(self._replies) else _nth(self._replies, job.number)
        except RunError as fault:
            return fault
        except Exception as error:  # noqa: BLE001  a script may raise anything; a fault always travels as a RunError
            broken = ServerFault(f"The script of {self.model} raised {type(error).__name__}: {error}. Correct it.")
            broken.__cause__ = error
            return broken

    def _too_late(self, job: _Job, answer: Answer) -> TimedOut:
        """As a model that writes evenly: of the words it was to write, so many as the time was enough for."""
        message = f"{self.model} gave no answer within {job.ask.timeout_s:g} s. Raise timeout_s."
        words = re.findall(r"\s*\S+", answer) if isinstance(answer, str) else []
        delay_s = _nth(self._delay_s, job.number)
        written = int(len(words) * min(1.0, (job.ask.timeout_s or 0.0) / delay_s)) if delay_s else 0
        if not written:
            return TimedOut(message)
        partial = self._reply(job.ask, "".join(words[:written]), job.start_s)
        return TimedOut(message, partial=replace(partial, finish_reason="timeout"))

    def _reply(self, ask: Ask, text: str, start_s: float) -> Reply:
        reason, whole = "stop", text
        for stop in ask.sampling.stop:
            text = text.partition(stop)[0]
        if text != whole:
            reason = "stop_sequence"
        words = re.findall(r"\s*\S+", text)
        if len(words) > ask.sampling.max_tokens:
            words, reason = words[: ask.sampling.max_tokens], "length"
            text = "".join(words)
        return Reply(
            text=text,
            finish_reason=reason,
            model=self.model,
            revision=self.revision,
            usage=Usage(prompt_tokens=len(ask.prompt.split()), completion_tokens=len(words)),
            seconds=time.monotonic() - start_s,
        )


@dataclass
class _Job:
    ask: Ask
    take: Callable[[str], None] | None = None
    number: int = 0
    start_s: float = field(default_factory=time.monotonic)
    future: PendingReply = field(default_factory=PendingReply)
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self, result: Reply | RunError) -> None:
        if isinstance(result, Reply) and self.take is not None and not self.future.done():
            for piece in re.findall(r"\s*\S+|\s+$", result.text):
                self.take(piece)
        _end(self.future, result)


def open_fake(name: str, *, url: str | None = None, **options: Any) -> FakeBackend:
    """Open a fake backend.

    Parameters
    ----------
    name : str
        Any word, or the path of a JSON file (``*.json``) with the options:
        ``{"replies": ["a star", {"fault": "TimedOut", "message": "too slow"}], "delay_s": 0.1}``.
    url : str or None, default None
        Not accepted: nothing is asked over a network.
    **options : object
        As `FakeBackend` takes them; they stand above the file's.

    Raises
    ------
    BadSetting
        A URL, an option that does not exist, or a file that cannot be read or is no such script.
    """
    if url is not None:
        message = f"fake:{name}@{url}: a fake backend has no address. Leave out the part from @ on."
        raise BadSetting(message)
    script = _read_script(Path(name)) if name.endswith(".json") else {}
    if script:  # another script is another model, whose answers must not be taken for this one's
        script.setdefault("revision", hashlib.blake2b(Path(name).read_bytes(), digest_size=8).hexdigest())
    try:
        return FakeBackend(Path(name).stem, **{**script, **options})
    except TypeError as error:
        message = f"fake:{name}: {error}. Options are replies, delay_s, revision, abilities."
        raise BadSetting(message) from error


def identity_of(name: ModelName) -> Hashable:
    """The script's file, as it is now; nothing else is behind a fake backend.

    Parameters
    ----------
    name : ModelName
    """
    return stamp(name.name) if name.name.endswith(".json") else None


def check_fake(
    engine: str,  # noqa: ARG001  as every checker gets it
    url: str | None,  # noqa: ARG001  as every checker gets it
    timeout_s: float,  # noqa: ARG001  as every checker gets it
    name: str | None = None,  # noqa: ARG001  as every checker gets it
) -> tuple[None, None]:
    """A fake model always answers, and nobody is asked.

    Parameters
    ----------
    engine : str
    url : str or None
    timeout_s : float
    name : str or None, default None
    """
    return None, None


def _end(future: Future[Reply], result: Reply | RunError) -> None:
    with suppress(InvalidStateError):  # cancelled or closed meanwhile: that end stands
        if isinstance(result, Reply):
            future.set_result(result)
        else:
            future.set_exception(result)


def _echo(ask: Ask) -> str:
    pictures = [f"{picture.width}x{picture.height} {picture.media_type}" for picture in ask.pictures]
    return ": ".join([", ".join(pictures), ask.prompt] if pictures else [ask.prompt])


def _nth(script: Any, number: int) -> Any:
    """Entry of a script for one ask: sequences begin again after their last entry, anything else is for every ask."""
    return script[number % len(script)] if isinstance(script, list | tuple) else script


def _read_script(path: Path) -> dict[str, Any]:
    try:
        script: dict[str, Any] = dict(json.loads(path.read_text(encoding="utf-8")).items())
        if "replies" in script:
            script["replies"] = [_read_answer(entry) for entry in script["replies"]]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        message = f'{path} is no script of a fake backend ({error}). It is a JSON object with "replies" and "delay_s".'
        raise BadSetting(message) from error
    return script


def _read_answer(entry: str | dict[str, str]) -> Answer:
    if isinstance(entry, str):
        return entry
    fault: Answer = getattr(errors, entry["fault"])(entry.get("message", "scripted"))
    return fault
