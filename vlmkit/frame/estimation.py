"""What a run would take, found out on a few of its rows, whose answers the store keeps: nothing is paid twice."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Unpack

from vlmkit.arguments import check_whole
from vlmkit.errors import BadSetting
from vlmkit.frame.asked import asked_of, compose
from vlmkit.frame.bulk import start
from vlmkit.frame.columns import Columns
from vlmkit.frame.given import given_of
from vlmkit.frame.options import CheckedOptions, TableOptions, check_options
from vlmkit.frame.progress import listener_for
from vlmkit.frame.result import cells_to_ask
from vlmkit.frame.run_statistics import RunControl
from vlmkit.records import Outcome, Usage
from vlmkit.runner import Event, Planned, checked_price

__all__ = ["Estimate", "Interval", "estimate"]

_DRAWS = 1000
_OUTSIDE = 0.05  # on each side, of a 90 % interval
_PER_TOKENS = 1_000_000
_Z = 1.645
_WIDER = 1.15  # measured: of sixteen rows that vary as exponentials do, 87 intervals of 100 hold without it, 91 with it
_UNREST = 1.25  # measured: the same run takes so much more or less time on a machine that others use, too


class Interval(NamedTuple):
    """A figure for all rows: the likeliest, and the ends of the range it is in, nine times in ten."""

    likely: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """What asking all rows takes, as if none had been answered before.

    Attributes
    ----------
    rows : int
        Of the whole run.
    sampled : int
        Rows that were tried.
    failed : int
        Of these.
    workers : int
        Asks in flight.
    seconds : Interval
    prompt_tokens, completion_tokens : Interval or None
        None where the model does not count them.
    money : Interval or None
        In the currency of the price; None without price or without tokens.
    """

    rows: int
    sampled: int
    failed: int
    workers: int
    seconds: Interval
    prompt_tokens: Interval | None
    completion_tokens: Interval | None
    money: Interval | None

    def __str__(self) -> str:
        lines = [f"{self.rows:,} rows, from {self.sampled} of them, {self.workers} at a time (90 % interval)"]
        if self.failed:
            lines.append(f"  {self.failed} of these {self.sampled} failed")
        lines.append(f"  time               {_spoken(self.seconds, _duration)}")
        for name, figure in (("prompt tokens", self.prompt_tokens), ("completion tokens", self.completion_tokens)):
            if figure is not None:
                lines.append(f"  {name:<17}  {_spoken(figure, '{:,.0f}'.format)}")
        if self.money is not None:
            lines.append(f"  money              {_spoken(self.money, '{:,.2f}'.format)}")
        return "\n".join(lines)

    __repr__ = __str__


def estimate(
    source: Any,
    prompt: str | Mapping[str, Any] | None = None,
    *,
    schema: Any = None,
    style: str | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
    system: str | None = None,
    into: str | None = None,
    prefix: str = "",
    rows: int = 16,
    **options: Unpack[TableOptions],
) -> Estimate:
    """Say what `describe` with these arguments would take: try a few rows, drawn at random, and reckon.

    The rows' answers are kept in the store. Each figure is the mean of the rows times their number; its interval holds
    nine times in ten: a thousand redraws of the rows tried (bootstrap), wider for few rows, narrower the more of all.
    Time is reckoned with a full batch, as the whole run has one, and with the pace of the trial; its interval spans
    both, and a quarter more for a machine that is not always equally busy.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    prompt, schema, style, max_words, max_characters, system, into, prefix
        As for `describe`.
    rows : int, default 16
        How many to try. Fewer than twice the workers say little about time.
    **options
        As for `describe`; ``seed`` also draws the rows, and ``price`` reckons the money.

    Returns
    -------
    Estimate
        Prints as a small table.

    Raises
    ------
    SetupError
        As `describe`; or there are no rows to ask.
    RunError
        As `describe`.
    """
    tasks = compose(
        prompt,
        schema=schema,
        style=style,
        max_words=max_words,
        max_characters=max_characters,
        system=system,
        into=into,
        prefix=prefix,
    )
    parsed = check_options(options, TableOptions)
    check_whole("rows", rows, "a whole number of rows to try, from 2 up", least=2)
    given = given_of(source, parsed)
    asked = cells_to_ask(given.table, Columns(tasks, len(given)), parsed.overwrite)
    if not asked:
        raise BadSetting(
            "there are no rows to ask, so there is nothing to estimate; check source, limit and overwrite."
        )
    tried = sorted(random.Random(parsed.sampling.seed).sample(list(asked), min(rows, len(asked))))
    trying = asked_of(given, tasks, tried, parsed)
    trial = _Trial(parsed, trying.title)
    trial.run(lambda options: start(given, trying, options, RunControl()))
    return trial.estimate(len(asked), checked_price(parsed.price))


class _Trial:
    """The rows that are tried, and what they took."""

    def __init__(self, options: CheckedOptions, title: str) -> None:
        self._listener = listener_for(options.progress, title, RunControl())
        self._options = replace(options, progress=self._hear)
        self._seed = options.sampling.seed
        self._outcomes: list[Outcome] = []
        self._elapsed_s = 0.0
        self._workers = 1

    def run(self, begin: Callable[[CheckedOptions], Any]) -> None:
        with closing(begin(self._options)) as outcomes:
            start_s = time.monotonic()
            self._outcomes = list(outcomes)
            self._elapsed_s = time.monotonic() - start_s

    def estimate(self, rows: int, price: tuple[float, float] | None) -> Estimate:
        seconds = [outcome.reply.seconds if outcome.reply else outcome.seconds for outcome in self._outcomes]
        counts = self._counts()
        prompts, answers = zip(*counts, strict=True) if counts else ((), ())
        return Estimate(
            rows=rows,
            sampled=len(self._outcomes),
            failed=sum(outcome.fault is not None for outcome in self._outcomes),
            workers=self._workers,
            seconds=self._time(seconds, rows),
            prompt_tokens=_for_all(prompts, rows, self._seed) if counts else None,
            completion_tokens=_for_all(answers, rows, self._seed) if counts else None,
            money=_for_all(_paid(counts, price), rows, self._seed) if counts and price else None,
        )

    def _counts(self) -> list[tuple[float, float]]:
        """Tokens of prompt and answer of each row; of none, where the model does not count them."""
        usages = [
            outcome.reply.usage if outcome.reply else Usage(prompt_tokens=0, completion_tokens=0)
            for outcome in self._outcomes
        ]
        if not any(outcome.reply for outcome in self._outcomes) or any(usage.prompt_tokens is None for usage in usages):
            return []
        return [(float(usage.prompt_tokens or 0), float(usage.completion_tokens or 0)) for usage in usages]

    def _time(self, seconds: Sequence[float], rows: int) -> Interval:
        """Between a full batch whose rows take no longer than in the trial, and the trial's own pace for all rows.

        The first is a server with room for all of them; the second one that was busy with the few already. Which it is
        cannot be told from a trial that does not fill the batch, and no trial knows what else the machine will do.
        """
        full = _for_all([each / min(self._workers, rows) for each in seconds], rows, self._seed)
        tried = _for_all([each / self._at_once(seconds) for each in seconds], rows, self._seed)
        low, high = min(full.low, tried.low) / _UNREST, max(full.high, tried.high) * _UNREST
        return Interval((full.likely * tried.likely) ** 0.5, low, high)

    def _at_once(self, seconds: Sequence[float]) -> float:
        """How many rows were answered at a time; of those that are stored that is not known, and the plan stands."""
        was_asked = [each for each, outcome in zip(seconds, self._outcomes, strict=True) if not _was_there(outcome)]
        if not was_asked or not self._elapsed_s:
            return float(self._workers)
        return max(0.1, sum(was_asked) / self._elapsed_s)

    def _hear(self, event: Event) -> None:
        if isinstance(event, Planned):
            self._workers = event.workers
        if self._listener is not None:
            self._listener(event)


def _was_there(outcome: Outcome) -> bool:
    return outcome.from_store or outcome.is_duplicate


def _paid(counts: Sequence[tuple[float, float]], price: tuple[float, float]) -> list[float]:
    """Money of each row."""
    return [(price[0] * prompt + price[1] * answer) / _PER_TOKENS for prompt, answer in counts]


def _for_all(sample: Sequence[float], rows: int, seed: int) -> Interval:
    """Sum over all rows, from some of them."""
    likely = rows * sum(sample) / len(sample)
    draw = random.Random(seed)
    sums = sorted(rows * sum(draw.choices(sample, k=len(sample))) / len(sample) for _ in range(_DRAWS))
    if not likely:
        return Interval(likely, likely, likely)
    # The spread of few rows is known but roughly (Student); of those that take long now and then, few are among them,
    # which is why the ends are ratios.
    freedom = len(sample) - 1
    wider = _WIDER * (1 + (_Z**2 + 1) / (4 * freedom)) * (1 + 1 / freedom) ** 0.5
    wider *= (1 - len(sample) / rows) ** 0.5  # rows that were tried are known
    ends = sums[int(_OUTSIDE * _DRAWS)], sums[int((1 - _OUTSIDE) * _DRAWS) - 1]
    low, high = (likely * math.exp((end / likely - 1) * wider) for end in ends)
    return Interval(likely, low, high)


def _spoken(figure: Interval, write: Callable[[float], str]) -> str:
    return f"{write(figure.likely)}  ({write(figure.low)} to {write(figure.high)})"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
