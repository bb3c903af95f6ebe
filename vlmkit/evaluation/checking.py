"""What a model really does, found out by asking it: nothing here is believed because a server says so."""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Literal, NamedTuple

import pandas as pd

from vlmkit.backends import Backend, borrow, parse
from vlmkit.errors import RunError, SetupError
from vlmkit.evaluation.probe_images import (
    ProbeImage,
    background_probe,
    form_probe,
    named,
    sight_probes,
    upright_probes,
)
from vlmkit.records import Reply, one_question
from vlmkit.settings import require_model

__all__ = ["check"]

_SIGHT, _UPRIGHT = 8, 3
_SEES, _IS_BLIND = 6, 3  # right answers of eight: by luck six or more come once in some 2,000 times, four in 30

Result = Literal["yes", "no", "unknown"]


class _Finding(NamedTuple):
    result: Result
    why: str


_Timed = tuple[_Finding, float | None]


def check(
    model: str | Backend | None = None, *, timeout_s: float | None = 120.0, seed: int | None = None
) -> pd.DataFrame:
    """Find out what a model does, with pictures drawn for this call, so that no answer can be known beforehand.

    Nothing is stored, and nothing is taken from the store. About fifteen questions are asked, one after another.

    Parameters
    ----------
    model : str or open backend, default the setting
        As everywhere.
    timeout_s : float, default 120
        For each answer.
    seed : int, default None
        Draws the same pictures again; None draws others each time.

    Returns
    -------
    DataFrame
        ``check``, ``result`` ("yes", "no" or "unknown"), ``why`` and ``seconds``, a row for each of: reachable (seconds
        to open), answers (the first, cold), sees (median of the warm answers), upright (a photo whose EXIF says it is
        stored upside down), json_schema (with a picture), several_pictures, streams, faithful (whether its family, run
        in this process, answers as transformers does; measured, not asked). What cannot be told, because something
        before it failed, is unknown.

    Raises
    ------
    SetupError
        No model was named, or the name means nothing. A model that cannot be opened is a "no".
    """
    if not isinstance(model, Backend):
        parse(require_model(model))
    rng = random.Random(seed) if seed is not None else random.Random()
    findings: dict[str, _Timed] = {}
    start_s = time.monotonic()
    try:
        with _opened(model) as backend:
            where = backend.abilities.destination
            opened = _Finding("yes", f"{backend.model}, {'in' if where == 'this process' else 'at'} {where}")
            findings["reachable"] = opened, time.monotonic() - start_s
            findings |= _Examination(backend, timeout_s, rng).run()
            findings["faithful"] = _faithfulness(backend), None
    except SetupError as error:
        if "reachable" in findings:
            raise
        findings["reachable"] = _Finding("no", f"{type(error).__name__}: {error}"), time.monotonic() - start_s
        unknown = _Finding("unknown", "the model cannot be opened")
        findings |= dict.fromkeys(_CHECKS, (unknown, None))
    rows = [(name, finding.result, finding.why, seconds) for name, (finding, seconds) in findings.items()]
    table = pd.DataFrame(rows, columns=["check", "result", "why", "seconds"])
    return table.astype({"check": "string", "result": "string", "why": "string", "seconds": "Float64"})


@contextmanager
def _opened(model: str | Backend | None) -> Iterator[Backend]:
    with nullcontext(model) if isinstance(model, Backend) else borrow(model) as backend:
        yield backend


class _Examination:
    """The questions to one model."""

    def __init__(self, backend: Backend, timeout_s: float | None, rng: random.Random) -> None:
        self._backend = backend
        self._timeout_s = timeout_s
        self._rng = rng
        self._warm_s: list[float] = []

    def run(self) -> dict[str, _Timed]:
        """Findings and seconds by check; where there is no answer at all, the others are unknown."""
        findings: dict[str, _Timed] = {"answers": self._timed(self._check_answers)}
        if findings["answers"][0].result == "no":
            return findings | dict.fromkeys(_CHECKS[1:], (_Finding("unknown", "the model does not answer"), None))
        sees, _ = self._timed(self._check_sight)
        findings["sees"] = sees, statistics.median(self._warm_s) if self._warm_s else None
        blind = _Finding("unknown", "to tell, the model would have to see")
        for name, function in (
            ("upright", self._check_upright),
            ("json_schema", self._check_schema),
            ("several_pictures", self._check_several),
        ):
            findings[name] = self._timed(function) if sees.result == "yes" else (blind, None)
        findings["streams"] = self._timed(self._check_streaming)
        return findings

    def _timed(self, function: Callable[[], _Finding]) -> _Timed:
        start_s = time.monotonic()
        try:
            finding = function()
        except RunError as fault:
            finding = _Finding("no", f"{type(fault).__name__}: {fault}")
        return finding, time.monotonic() - start_s

    def _answer(self, probe: ProbeImage) -> Reply:
        return self._backend.submit(probe.ask(self._backend.abilities, self._timeout_s)).result()

    def _check_answers(self) -> _Finding:
        (probe,) = sight_probes(self._rng, 1)
        text = self._answer(probe).text.strip()
        return _Finding("yes", "a question about a picture is answered") if text else _Finding("no", "an empty answer")

    def _check_sight(self) -> _Finding:
        right, faults = 0, []
        for probe in sight_probes(self._rng, _SIGHT):
            start_s = time.monotonic()
            try:
                right += probe.is_solved(self._answer(probe).text)
            except RunError as fault:
                faults.append(f"{type(fault).__name__}: {fault}")
            self._warm_s.append(time.monotonic() - start_s)
        why = f"{right} of {_SIGHT} colors and shapes right; luck would have 1 or 2"
        if faults:
            why += f"; {len(faults)} failed, the first: {faults[0]}"
        if right >= _SEES:
            return _Finding("yes", why)
        return _Finding("no" if right <= _IS_BLIND and not faults else "unknown", why)

    def _check_upright(self) -> _Finding:
        probes = upright_probes(self._rng, _UPRIGHT)
        answers = [self._answer(probe).text for probe in probes]
        right = sum(probe.is_solved(answer) for probe, answer in zip(probes, answers, strict=True))
        turned = sum(named(answer, each.kind) == each.wrong for each, answer in zip(probes, answers, strict=True))
        if right == _UPRIGHT:
            return _Finding("yes", "photos are turned as their EXIF says before they are sent")
        if turned == _UPRIGHT:
            return _Finding("no", "photos stored upside down are seen upside down")
        return _Finding("unknown", f"{right} of {_UPRIGHT} answers were right and {turned} were of the other end")

    def _check_schema(self) -> _Finding:
        probe = form_probe(self._rng)
        text = self._answer(probe).text
        how = "enforced while it is written" if self._backend.abilities.json_schema else "by the prompt alone"
        try:
            fields = json.loads(text)
        except ValueError:
            return _Finding("no", f"the answer is not JSON ({how}): {text[:60]!r}")
        background, count = probe.right
        if not isinstance(fields, dict) or set(fields) != {"background", "count"}:
            return _Finding("no", f"the answer has other fields ({how}): {text[:60]!r}")
        if (fields["background"], fields["count"]) == (background, int(count)):
            return _Finding("yes", f"the fields asked for, filled rightly; {how}")
        return _Finding("yes", f"the fields asked for, though not filled rightly; {how}")

    def _check_several(self) -> _Finding:
        most = self._backend.abilities.images_per_ask
        if most < 2:
            return _Finding("no", "it takes one picture a question")
        probe = background_probe(self._rng)
        text = self._answer(probe).text
        if probe.is_solved(text):
            return _Finding("yes", f"two pictures told apart; it takes {most}")
        return _Finding("no", f"it takes {most} and did not tell two apart: {text[:60]!r}")

    def _check_streaming(self) -> _Finding:
        (probe,) = sight_probes(self._rng, 1)
        ask = probe.ask(self._backend.abilities, self._timeout_s)
        # One word has one piece.
        ask = replace(ask, messages=one_question("Describe this image in one short sentence.", ask.pictures))
        pieces = [delta.text for delta in self._backend.stream(ask) if delta.text]
        if len(pieces) > 1:
            return _Finding("yes", "the answer comes piece by piece")
        return _Finding("unknown" if pieces else "no", "the answer came in one piece" if pieces else "nothing came")


def _faithfulness(backend: Backend) -> _Finding:
    """What was measured of the model's family, which no question to it can find out."""
    info = getattr(backend, "info", None)
    word = getattr(info, "faithfulness", None)
    if info is None or word is None:
        return _Finding("unknown", "only models in this process were compared with transformers")
    told = ("Its answers are those of transformers.", *info.remarks) if word == "same" else info.remarks
    return _Finding(_FAITHFUL[word], " ".join(told))


_FAITHFUL: dict[str, Result] = {
    "same": "yes",
    "nearly": "yes",
    "differs": "no",
    "wrong": "no",
    "never compared": "unknown",
}
_CHECKS = ("answers", "sees", "upright", "json_schema", "several_pictures", "streams", "faithful")
