"""How far a run is: counted as its events come, read from any thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vlmkit.errors import Cancelled, RunError
from vlmkit.records import ImageRef, Reply
from vlmkit.runner import Done, Event, Finished, Planned, Spent, Started, Unanswered, Waiting

__all__ = ["ErrorGroup", "Progress", "RunControl", "RunStatistics"]

_SAMPLE_EVERY_S = 0.5
_LOOK_BACK_S = 30.0  # rates are those of the last so many seconds
_EXAMPLE = 300  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorGroup:
    """Rows that failed alike.

    Attributes
    ----------
    type : str
        Of the error, as ``"TimedOut"``.
    count : int
    example : str
        The first one's message.
    """

    type: str
    count: int
    example: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a run is, at one moment.

    Attributes
    ----------
    total : int
        What is to be asked: rows, times the questions about each.
    done, failed : int
        Ended with a value, or with an error.
    active : int
        Begun and not ended.
    from_store : int
        Ended without asking, as an earlier run had; counted in `done` or `failed`, too.
    duplicates : int
        Ended without asking, as an equal row of this run was asked; counted likewise.
    retries : int
        Further asks.
    seconds : float
        Since the run began.
    rate_per_s : float or None
        Ended in a second, of late; None before anything did.
    eta_s : float or None
        Seconds to the end at this rate.
    tokens_per_s : float or None
        Tokens written by models in a second, of late.
    spent : Spent
        What it has cost: seconds, tokens, money.
    unanswered : str or None
        What is to be said of a server that has not answered anything for a while.
    waiting : str or None
        What is to be said of rows that another run is asking at the moment.
    reason : str or None
        Why the run ended early, where a budget or a fault ended it.
    errors : tuple of ErrorGroup
        Most frequent first.
    last_image, last_text : str or None
        What ended last and worked: its picture, and the model's words.
    is_finished : bool
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    active: int = 0
    from_store: int = 0
    duplicates: int = 0
    retries: int = 0
    seconds: float = 0.0
    rate_per_s: float | None = None
    eta_s: float | None = None
    tokens_per_s: float | None = None
    spent: Spent = Spent()  # noqa: RUF009  frozen
    unanswered: str | None = None
    waiting: str | None = None
    reason: str | None = None
    errors: tuple[ErrorGroup, ...] = ()
    last_image: str | None = field(default=None, repr=False)
    last_text: str | None = field(default=None, repr=False)
    is_finished: bool = False


class RunStatistics:
    """Counts the events of one run.

    Parameters
    ----------
    image_of : callable or None, default None
        Picture of a row, by the index of its events.
    """

    def __init__(self, image_of: Callable[[int], ImageRef] | None = None) -> None:
        self.image_of = image_of
        self._lock = threading.Lock()
        self._total = self._done = self._failed = self._tokens = 0
        self._from_store = self._duplicates = self._retries = 0
        self._active: set[int] = set()
        self._spent = Spent()
        self._unanswered: str | None = None
        self._waiting: str | None = None
        self._reason: str | None = None
        self._errors: dict[str, tuple[int, str]] = {}
        self._last: tuple[int, str] | None = None
        self._begin_s = self._end_s = 0.0
        self._samples: deque[tuple[float, int, int]] = deque()

    def __call__(self, event: Event) -> None:
        """Count one event."""
        with self._lock:
            if isinstance(event, Started):
                self._active.add(event.index)
            elif isinstance(event, Done):
                self._active.discard(event.index)
                self._count(event)
            elif isinstance(event, Unanswered):
                self._unanswered = str(event)
            elif isinstance(event, Waiting):
                self._waiting = str(event) or None
            elif isinstance(event, Planned):
                self._total, self._begin_s = event.total, time.monotonic()
                self._samples.append((self._begin_s, 0, 0))
            elif isinstance(event, Finished):
                self._end_s = time.monotonic()
                self._active.clear()
                self._unanswered, self._waiting, self._reason = None, None, event.reason
                self._spent = event.spent or self._spent

    def _count(self, event: Done) -> None:
        if isinstance(event.fault, Cancelled):
            return
        if event.fault is None:
            self._done += 1
        else:
            self._count_fault(event.fault)
        self._from_store += event.from_store
        self._duplicates += event.is_duplicate
        self._retries += event.retries
        self._spent = event.spent or self._spent
        if event.reply is not None:
            self._count_reply(event, event.reply)
        self._take_sample(time.monotonic())

    def _count_reply(self, event: Done, reply: Reply) -> None:
        if event.fault is None:
            self._last = (event.index, reply.text)
        if not (event.from_store or event.is_duplicate):
            self._unanswered = None
            self._tokens += reply.usage.completion_tokens or 0

    def _take_sample(self, now_s: float) -> None:
        if now_s - self._samples[-1][0] >= _SAMPLE_EVERY_S:
            self._samples.append((now_s, self._done + self._failed, self._tokens))
            while now_s - self._samples[0][0] > _LOOK_BACK_S:
                self._samples.popleft()

    def _count_fault(self, fault: RunError) -> None:
        self._failed += 1
        name = type(fault).__name__
        count, example = self._errors.get(name, (0, ""))
        self._errors[name] = (count + 1, example or str(fault)[:_EXAMPLE])

    @property
    def last(self) -> tuple[int, str] | None:
        """Index and text of what ended last and worked."""
        return self._last

    def progress(self) -> Progress:
        """How far the run is now."""
        with self._lock:
            now_s = self._end_s or time.monotonic()
            ended = self._done + self._failed
            rate, tokens = self._rates(now_s, ended)
            seconds = now_s - self._begin_s if self._begin_s else 0.0
            last, errors = self._last, dict(self._errors)
            now = Progress(
                total=self._total,
                done=self._done,
                failed=self._failed,
                active=len(self._active),
                from_store=self._from_store,
                duplicates=self._duplicates,
                retries=self._retries,
                seconds=seconds,
                rate_per_s=rate,
                eta_s=(self._total - ended) / rate if rate and not self._end_s else None,
                tokens_per_s=tokens,
                spent=replace(self._spent, seconds=seconds),
                unanswered=self._unanswered,
                waiting=self._waiting,
                reason=self._reason,
                is_finished=bool(self._end_s),
            )
        if last is not None:
            label = self.image_of(last[0]).label if self.image_of else None
            now = replace(now, last_image=label, last_text=last[1])
        groups = [ErrorGroup(type=name, count=count, example=example) for name, (count, example) in errors.items()]
        return replace(now, errors=tuple(sorted(groups, key=lambda group: -group.count)))

    def _rates(self, now_s: float, ended: int) -> tuple[float | None, float | None]:
        if not self._samples or not ended:
            return None, None
        # What is finished has the rates of the whole run.
        then_s, then_ended, then_tokens = (self._begin_s, 0, 0) if self._end_s else self._samples[0]
        seconds = max(now_s - then_s, 1e-9)
        return (ended - then_ended) / seconds, (self._tokens - then_tokens) / seconds if self._tokens else None


@dataclass(kw_only=True)
class RunControl:
    """What a run, whoever watches it and whoever may stop it have in common.

    Attributes
    ----------
    stop : threading.Event
        Set, it ends the run.
    pause : threading.Event
        As long as it is set nothing new is asked; what is in flight goes on.
    statistics : RunStatistics
    is_background : bool, default False
        Whether the caller goes on meanwhile, and can press a button.
    show : callable
        Shows the run to whoever called, where there is something to show; called in the caller's thread.
    end : callable
        Told that a run in the background has ended, and the error that ended it, if one did.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    pause: threading.Event = field(default_factory=threading.Event)
    statistics: RunStatistics = field(default_factory=RunStatistics)
    is_background: bool = False
    show: Callable[[], None] = lambda: None
    end: Callable[[Exception | None], None] = lambda _error: None
