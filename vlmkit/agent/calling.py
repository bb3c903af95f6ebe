"""Calls of one reply: checked, made in threads, and each answered by exactly one step."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from queue import Empty, SimpleQueue
from typing import Any

from vlmkit.agent.approval import Approve, ProposedCall, why_not
from vlmkit.agent.base64_text import without_base64
from vlmkit.agent.calls import CallInProgress, start_in_thread
from vlmkit.agent.events import AgentEvent, CallFinished, CallProgressed, CallStarted
from vlmkit.agent.limits import AgentLimits
from vlmkit.agent.results import ToolResult
from vlmkit.agent.steps import Status, Step
from vlmkit.agent.toolbox import Toolbox
from vlmkit.errors import RunError

__all__ = ["Caller"]

_POLL_S = 0.1
_PICTURE = re.compile(r"\[picture(?: \d+)?\]")  # as results and texts without base64 have them
_STOPPED = "Stopped by the user before there was a result."
_TOO_LATE = "The time for the whole conversation was over before there was a result."


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """A call that will be made."""

    proposed: ProposedCall
    timeout_s: float

    @property
    def is_read_only(self) -> bool:
        return self.proposed.tool.read_only is True

    def step(self, status: Status, text: str, seconds: float = 0.0, result: ToolResult | None = None) -> Step:
        proposed = self.proposed
        return Step(
            turn=proposed.turn,
            call_id=proposed.call_id,
            tool=proposed.tool.display_name,
            arguments=proposed.arguments,
            text=text if status == "done" else f"Error: {text}",
            pictures=tuple(result.pictures) if result else (),
            status=status,
            seconds=seconds,
            rows=tuple(result.rows) if result else (),
        )


@dataclass
class _Running:
    ready: _Ready
    call: CallInProgress
    future: Future[ToolResult]
    started_s: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started_s


class Caller:
    """Makes the calls of a conversation.

    Parameters
    ----------
    toolbox : Toolbox
    limits : AgentLimits
    approve : callable or None
    announce : callable
    is_stopped : callable
        Whether a person wants it to end.
    left_s : callable
        Seconds that the conversation may still take.
    longest_side_px : int
        Of pictures.

    Attributes
    ----------
    is_interrupted : bool
        Whether Ctrl-C came while calls were made.
    is_used_up : bool
        Whether more calls were wanted than are allowed.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        limits: AgentLimits,
        *,
        approve: Approve | None,
        announce: Callable[[AgentEvent], None],
        is_stopped: Callable[[], bool],
        left_s: Callable[[], float],
        longest_side_px: int,
    ) -> None:
        self._toolbox = toolbox
        self._limits = limits
        self._approve = approve
        self._announce = announce
        self._is_stopped = is_stopped
        self._left_s = left_s
        self._longest_side_px = longest_side_px
        self._times: Counter[str] = Counter()
        self._news: SimpleQueue[CallProgressed] = SimpleQueue()
        self._shown = 0  # pictures of this turn
        self._made = 0
        self.is_interrupted = self.is_used_up = False

    def answer(self, calls: Sequence[Mapping[str, Any]], turn: int, *, is_cut: bool) -> list[Step]:
        """Answer the calls of one reply.

        Parameters
        ----------
        calls : sequence of mapping
            As `assistant_message` keeps them.
        turn : int
        is_cut : bool
            Whether the reply ended before it was complete.

        Returns
        -------
        list of Step
            One for each call, in their order.
        """
        steps: list[Step] = []
        self._shown = 0
        try:
            prepared = [self._prepared(call, turn, is_cut=is_cut) for call in calls]
            for is_together, group in groupby(prepared, lambda each: isinstance(each, Step) or each.is_read_only):
                for batch in _batches(list(group), self._limits.parallel_calls if is_together else 1):
                    if self._why_not_any_more() is None:
                        self._make(batch, steps)
        except KeyboardInterrupt:
            self.is_interrupted = True
        for call in calls[len(steps) :]:
            self._close(_cancelled(call, turn, self._why_not_any_more() or _STOPPED), steps)
        return steps

    def _why_not_any_more(self) -> str | None:
        if self.is_interrupted or self._is_stopped():
            return _STOPPED
        return _TOO_LATE if self._left_s() <= 0 else None

    def _prepared(self, call: Mapping[str, Any], turn: int, *, is_cut: bool) -> _Ready | Step:
        """A call that will be made, or the step of one that will not."""
        name, written = call["function"]["name"], call["function"]["arguments"]
        arguments = _read(written)
        refused = Step(
            turn=turn, call_id=call["id"], tool=name, arguments=written if arguments is None else arguments,
            text="", status="blocked", seconds=0.0,
        )  # fmt: skip
        if refusal := self._toolbox.refusal(name):
            return replace(refused, status=refusal[0], text=f"Error: {refusal[1]}")
        tool = self._toolbox.offered[name]
        refused = replace(refused, tool=tool.display_name)
        if fault := _unreadable(written, name, is_cut=is_cut) if arguments is None else tool.faults(arguments):
            fitting = fault if arguments is None else f"The arguments do not fit: {fault}. Call {name} again."
            return replace(refused, status="malformed", text=f"Error: {fitting}")
        proposed = ProposedCall(tool=tool, arguments=arguments or {}, call_id=call["id"], turn=turn)
        if no := self._against(name, proposed):
            return replace(refused, status=no[0], text=f"Error: {no[1]}")
        return _Ready(proposed=proposed, timeout_s=tool.timeout_s or self._limits.tool_timeout_s)

    def _against(self, name: str, proposed: ProposedCall) -> tuple[Status, str] | None:
        """What speaks against a call that could be made."""
        limits = self._limits
        if limits.max_tool_calls is not None and self._made >= limits.max_tool_calls:
            self.is_used_up = True
            return "blocked", f"All {limits.max_tool_calls} calls that are allowed were made. Answer now."
        key = f"{name} {json.dumps(proposed.arguments, sort_keys=True)}"
        self._times[key] += 1
        if (times := self._times[key]) > limits.max_repeats:
            advice = "The result stays the same. Do something else, or answer."
            return "repeated", f"You called {name} with the same arguments {times - 1} times before. {advice}"
        asked = self._approve if self._toolbox.must_ask(proposed.tool) else None
        if asked is not None and (reason := why_not(asked, proposed)) is not None:
            return "declined", f"The user did not allow this call of {name}: {reason}."
        self._made += 1
        return None

    def _make(self, batch: Sequence[_Ready | Step], steps: list[Step]) -> None:
        """Make calls at the same time, and add their steps, in their order."""
        running = {each.proposed.call_id: self._start(each) for each in batch if isinstance(each, _Ready)}
        try:
            for each in batch:
                self._close(each if isinstance(each, Step) else self._wait(running[each.proposed.call_id]), steps)
        finally:
            for one in running.values():
                one.call.end.set()

    def _close(self, step: Step, steps: list[Step]) -> None:
        """Say which of the pictures below are the step's own, as many as one turn may show, and keep it."""
        shown = step.pictures[: self._limits.pictures_a_turn - self._shown]
        names = [f"[picture {self._shown + number} below]" for number in range(1, len(shown) + 1)]
        names += ["[a picture that is not shown; ask for fewer at a time]"] * (len(step.pictures) - len(shown))
        self._shown += len(shown)
        text = _naming(step.text, names) or "[the tool gave no text]"
        steps.append(replace(step, pictures=shown, text=text))
        self._announce(CallFinished(step=steps[-1]))

    def _start(self, ready: _Ready) -> _Running:
        proposed = ready.proposed
        tool, arguments, px = proposed.tool, proposed.arguments, self._longest_side_px
        about: dict[str, Any] = {"turn": proposed.turn, "call_id": proposed.call_id, "tool": tool.display_name}
        call = CallInProgress(lambda done, total, what: self._news.put(
            CallProgressed(**about, done=done, total=total, what=what)
        ))  # fmt: skip
        self._announce(CallStarted(**about, arguments=arguments))
        future = start_in_thread(call, lambda: _shown(tool.run(arguments), px), name=f"vlmkit-tool-{tool.name}")
        return _Running(ready, call, future)

    def _wait(self, running: _Running) -> Step:
        while not running.future.done():
            left_s = min(running.ready.timeout_s - running.seconds, self._left_s())
            if left_s <= 0:
                advice = "Ask for less, or do without."
                return running.ready.step(
                    "timed_out", f"No result after {running.seconds:.0f} s. {advice}", running.seconds
                )
            if self._is_stopped():
                return running.ready.step("cancelled", _STOPPED, running.seconds)
            wait([running.future], timeout=min(_POLL_S, left_s))
            self._tell_news()
        self._tell_news()
        return self._finished(running)

    def _tell_news(self) -> None:
        with suppress(Empty):
            while True:
                self._announce(self._news.get_nowait())

    def _finished(self, running: _Running) -> Step:
        error, seconds = running.future.exception(), running.seconds
        if isinstance(error, TimeoutError):
            return running.ready.step("timed_out", str(error) or "It took too long.", seconds)
        if error is not None:
            said = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {error}"
            return running.ready.step("failed", said, seconds)
        result = running.future.result()
        if running.ready.proposed.tool.read_only is not True:
            self._times.clear()  # the same question may have another answer now
        text = _cut(result.text, self._limits.result_characters)
        return running.ready.step("failed" if result.failed else "done", text, seconds, result)


def _batches(group: list[_Ready | Step], size: int) -> list[list[_Ready | Step]]:
    return [group[at : at + size] for at in range(0, len(group), size)]


def _read(written: str) -> dict[str, Any] | None:
    """Arguments of a call; None where they are no JSON object. Models write nothing where there are none."""
    try:
        read = json.loads(written) if written.strip() else {}
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _unreadable(written: str, name: str, *, is_cut: bool) -> str:
    if is_cut:
        return (
            f"The call of {name} was cut off, as the reply was too long. Call it again with less (or raise max_tokens)."
        )
    try:
        json.loads(written)
    except RecursionError:
        why = "nested too deeply"
    except ValueError as error:
        why = f"no JSON: {error}"
    else:
        why = "no JSON object"
    return f"The arguments are {why}. Call {name} again with one JSON object."


def _cancelled(call: Mapping[str, Any], turn: int, why: str) -> Step:
    function = call["function"]
    arguments = _read(function["arguments"])
    return Step(
        turn=turn,
        call_id=call["id"],
        tool=function["name"],
        arguments=function["arguments"] if arguments is None else arguments,
        text=f"Error: {why}",
        status="cancelled",
        seconds=0.0,
    )


def _shown(result: ToolResult, longest_side_px: int) -> ToolResult:
    """A result as a model is told it: no base64 in its text, pictures small enough."""
    text, pictures = without_base64(result.text)
    return replace(result, text=text, pictures=(*result.pictures, *pictures)).shrunk(longest_side_px)


def _naming(text: str, names: list[str]) -> str:
    """A text that names its pictures: where it did so by numbers of its own, else at its end."""
    if len(names) == len(_PICTURE.findall(text)):
        left = iter(names)
        return _PICTURE.sub(lambda _: next(left), text)
    return "\n".join(filter(None, [text, *dict.fromkeys(names)]))


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[cut: {len(text):,} characters in all; ask for less]"
