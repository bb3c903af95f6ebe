"""A backend without a model: scripted, deterministic, on real threads; for tests and for showing what faults look like.

It stands in where an answer, a delay or a fault must be known beforehand, never where a real model can run.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from vlmkit import errors
from vlmkit.backends.base import AskJob, BaseBackend
from vlmkit.backends.checks import blank_prompt
from vlmkit.backends.facts import ModelInfo
from vlmkit.backends.protocol import Abilities, Delta, OnDelta, ToolCallDelta
from vlmkit.backends.registry import EngineSpec, file_stamp
from vlmkit.errors import BadSetting, RunError, ServerFault, TimedOut
from vlmkit.records import Ask, Message, Reply, ToolCall, Usage

if TYPE_CHECKING:
    from vlmkit.backends.registry import ModelName

__all__ = ["FAKE", "Answer", "FakeBackend", "Replies", "check_fake", "open_fake", "script_identity"]

FAKE = EngineSpec(
    name="fake",
    opener="vlmkit.backends.fake:open_fake",
    checker="vlmkit.backends.fake:check_fake",
    identifier="vlmkit.backends.fake:script_identity",
)

Answer = str | Message | RunError
Replies = Answer | Sequence[Answer] | Callable[[Ask], Answer]


class FakeBackend(BaseBackend):
    """Answers asks from a script.

    Parameters
    ----------
    name : str, default "echo"
    replies : str, Message, RunError, sequence of them, callable, or None, default None
        The n-th ask gets the n-th entry, beginning again after the last; a `Message` may have tool calls; a `RunError`
        is the fault that ask gets; a callable makes the answer from the ask and may raise. None: pixels and media type
        of the pictures, then the prompt.
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
    >>> from vlmkit.records import Ask, one_question
    >>> backend = FakeBackend(replies=["a red circle", "a blue star"])
    >>> backend.submit(Ask(messages=one_question("What is it?"))).result().text
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
        model, abilities = f"fake:{name}", abilities or Abilities()
        info = ModelInfo(name=model, revision=revision, slots=abilities.parallel_asks)
        super().__init__(model, revision=revision, abilities=abilities, info=info)
        self.asks: list[Ask] = []
        self.most_in_flight = 0
        self._replies = _echo if replies is None else replies
        self._delay_s = delay_s
        self._line: SimpleQueue[_FakeJob | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def make_job(self, ask: Ask, on_delta: OnDelta | None) -> _FakeJob:
        """A job that knows its place in the script.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None
        """
        with self._jobs_lock:
            job = _FakeJob(ask, on_delta, len(self.asks))
            self.asks.append(ask)
            # One that has just ended may not be forgotten yet.
            unanswered = sum(not other.ended for other in self._jobs.values()) + 1
            self.most_in_flight = max(self.most_in_flight, unanswered)
        return job

    def fault_of(self, ask: Ask) -> RunError | None:
        """Fault of an ask that asks nothing; a script takes any number of pictures.

        Parameters
        ----------
        ask : Ask
        """
        return blank_prompt(ask)

    def start(self, job: AskJob) -> None:
        """Put a job in line for a thread.

        Parameters
        ----------
        job : AskJob
        """
        if isinstance(job, _FakeJob):
            self._line.put(job)
            self._add_thread()

    def stop(self) -> None:
        """Let the threads go."""
        for _ in self._threads:
            self._line.put(None)

    def _add_thread(self) -> None:
        with self._jobs_lock:
            if len(self._threads) < self.abilities.parallel_asks and not self._closed:
                # A daemon: the threads of an executor would keep the process until the last answer.
                self._threads.append(threading.Thread(target=self._work, name="vlmkit-fake", daemon=True))
                self._threads[-1].start()

    def _work(self) -> None:
        while job := self._line.get():
            job.future.begin()
            self._answer(job)

    def _answer(self, job: _FakeJob) -> None:
        ask = job.ask
        begin_s = time.monotonic()  # the wait for a thread is nobody's work
        end_s = begin_s + _nth(self._delay_s, job.number)
        deadline_s = begin_s + ask.timeout_s if ask.timeout_s is not None else float("inf")
        if job.is_over.wait(max(0.0, min(end_s, deadline_s) - time.monotonic())):
            return
        answer = self._answer_of(job)
        if end_s >= deadline_s:
            job.end(self._too_late(job, answer))
        elif isinstance(answer, RunError):
            job.end(answer)
        else:
            reply = self._scripted(job, answer)
            for delta in _pieces(reply) if self.abilities.streaming else ():
                job.deliver(delta)
            job.end(reply)

    def _answer_of(self, job: _FakeJob) -> Answer:
        try:
            return self._replies(job.ask) if callable(self._replies) else _nth(self._replies, job.number)
        except RunError as fault:
            return fault
        except Exception as error:  # noqa: BLE001  a script may raise anything; a fault always travels as a RunError
            broken = ServerFault(f"The script of {self.model} raised {type(error).__name__}: {error}. Correct it.")
            broken.__cause__ = error
            return broken

    def _too_late(self, job: _FakeJob, answer: Answer) -> TimedOut:
        """As a model that writes evenly: of the words it was to write, so many as the time was enough for."""
        message = f"{self.model} gave no answer within {job.ask.timeout_s:g} s. Raise timeout_s."
        words = re.findall(r"\s*\S+", answer) if isinstance(answer, str) else []
        delay_s = _nth(self._delay_s, job.number)
        written = int(len(words) * min(1.0, (job.ask.timeout_s or 0.0) / delay_s)) if delay_s else 0
        if not written:
            return TimedOut(message)
        partial = self._scripted(job, "".join(words[:written]))
        return TimedOut(message, partial=replace(partial, finish_reason="timeout"))

    def _scripted(self, job: AskJob, answer: str | Message) -> Reply:
        ask, reason = job.ask, "stop"
        text = whole = answer if isinstance(answer, str) else answer.text
        calls = () if isinstance(answer, str) else answer.tool_calls
        for stop in ask.sampling.stop:
            text = text.partition(stop)[0]
        if text != whole:
            reason = "stop_sequence"
        words = re.findall(r"\s*\S+", text)
        if len(words) > ask.sampling.max_tokens:
            words, reason = words[: ask.sampling.max_tokens], "length"
            text = "".join(words)
        usage = Usage(prompt_tokens=len(ask.prompt.split()), completion_tokens=len(words))
        return self.reply(job, text, "tool_calls" if calls else reason, usage=usage, tool_calls=calls)


class _FakeJob(AskJob):
    def __init__(self, ask: Ask, on_delta: OnDelta | None, number: int) -> None:
        super().__init__(ask, on_delta)
        self.number = number
        self.is_over = is_over = threading.Event()
        self.future.add_done_callback(lambda _: is_over.set())


def open_fake(name: str, *, url: str | None = None, **options: Any) -> FakeBackend:
    """Open a fake backend.

    Parameters
    ----------
    name : str
        Any word, or the path of a JSON file (``*.json``) with the options:
        ``{"replies": ["a star", {"fault": "TimedOut", "message": "too slow"}], "delay_s": 0.1}``. An entry may also be
        ``{"text": "", "tool_calls": [{"name": "look", "arguments": {"row": 1}}]}``.
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


def script_identity(name: ModelName) -> Hashable:
    """The script's file, as it is now; nothing else is behind a fake backend.

    Parameters
    ----------
    name : ModelName
    """
    return file_stamp(name.name) if name.name.endswith(".json") else None


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


def _pieces(reply: Reply) -> Iterator[Delta]:
    """Word by word; of a tool call first its name, then its arguments in two parts."""
    for word in re.findall(r"\s*\S+|\s+$", reply.text):
        yield Delta(text=word)
    for index, call in enumerate(reply.tool_calls):
        half = len(call.arguments) // 2
        yield Delta(tool_calls=(ToolCallDelta(index=index, id=call.id, name=call.name),))
        for part in (call.arguments[:half], call.arguments[half:]):
            yield Delta(tool_calls=(ToolCallDelta(index=index, arguments=part),))


def _echo(ask: Ask) -> str:
    pictures = [f"{picture.width}x{picture.height} {picture.media_type}" for picture in ask.messages[-1].pictures]
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
        message = (
            f'{path} is not a script of a fake backend ({error}). It is a JSON object with "replies" and "delay_s".'
        )
        raise BadSetting(message) from error
    return script


def _read_answer(entry: str | dict[str, Any]) -> Answer:
    if isinstance(entry, str):
        return entry
    if "tool_calls" in entry:
        calls = [
            ToolCall(id=f"call_{place}", name=call["name"], arguments=json.dumps(call.get("arguments", {})))
            for place, call in enumerate(entry["tool_calls"])
        ]
        return Message.assistant(entry.get("text", ""), calls)
    fault: Answer = getattr(errors, entry["fault"])(entry.get("message", "scripted"))
    return fault
