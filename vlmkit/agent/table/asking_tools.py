"""Tools that have a model answer about pictures, through the runner and the store: what was asked once is not again."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from vlmkit.agent.calls import call_in_progress
from vlmkit.agent.results import ToolResult
from vlmkit.agent.table.cells import clear_text, plain_cell
from vlmkit.agent.table.picture_table import PictureTable
from vlmkit.agent.table.reading_tools import RowNumber
from vlmkit.agent.tools import Tool
from vlmkit.errors import ToolError, VlmkitError
from vlmkit.frame import Run, ask, caption, is_missing, runs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AnswerKind", "AskingTools", "answer_choices", "rows_not_asked"]

AnswerKind = Literal["text", "count", "number", "yes_no", "one_of"]

_TYPES: Mapping[str, type] = {"text": str, "count": int, "number": float, "yes_no": bool, "one_of": str}
_NO_TURN = "Cancelled"
_POLL_S = 0.05
_STOPPING_S = 10.0
_ANSWER = 1_000  # characters
_SPARE_S = 20.0
_RUN_FIELDS = (
    "run",
    "started_at",
    "state",
    "reason",
    "model",
    "prompt",
    "total",
    "ok",
    "failed",
    "from_store",
    "seconds",
)


class AskingTools:
    """Tools that ask a model about pictures.

    Parameters
    ----------
    table : PictureTable
    model : str, open backend or None, default None
        As for `vlmkit.ask`.
    store : bool, path or None, default None
        As for `vlmkit.ask`.
    timeout_s : float, default 120
        How long one call may ask; what is answered by then is the result.
    stop : threading.Event
        Set, it ends what is being asked.
    open_world : bool, default False
        Whether pictures may leave this process.
    """

    def __init__(
        self,
        table: PictureTable,
        *,
        model: Any = None,
        store: Any = None,
        timeout_s: float = 120.0,
        stop: threading.Event,
        open_world: bool = False,
    ) -> None:
        self._table = table
        self._options = {"model": model, "store": store, "image": table.picture_label}
        self._timeout_s = timeout_s
        self._stop = stop
        self.open_world = open_world

    def tools(self) -> list[Tool]:
        """All of them; none changes anything."""
        hints: dict[str, Any] = {"read_only": True, "destructive": False, "idempotent": True}
        asking: dict[str, Any] = {**hints, "open_world": self.open_world, "timeout_s": self.longest_s}
        return [
            Tool.from_function(self.ask, **asking),
            Tool.from_function(self.describe_image, **asking),
            Tool.from_function(self.run_status, **hints, open_world=False),
        ]

    @property
    def longest_s(self) -> float:
        """After which a call has ended by itself."""
        return self._timeout_s + _STOPPING_S + _SPARE_S

    def ask(
        self,
        question: str,
        rows: Annotated[list[RowNumber], Field(min_length=1, max_length=50)],
        kind: AnswerKind = "text",
        choices: Annotated[list[str], Field(max_length=100)] | None = None,
    ) -> ToolResult:
        """Ask a vision model one question about the picture of each of some rows, and get an answer for each.

        It sees one picture at a time and knows nothing else, so ask about one picture: "Is there a red circle?", not
        "Which has one?". What was asked before costs nothing. confidence, from 0 to 1, says how sure it was, where
        it is known. A row that could not be answered has an error instead.

        Parameters
        ----------
        question : str
            {column} in it is replaced by the cell of the row in that column; {{ and }} are braces.
        rows : list of int
            Numbers of one to fifty rows.
        kind : str, default "text"
            What each answer is: "text"; "count", a whole number; "number"; "yes_no", true or false; "one_of", one of
            the choices.
        choices : list of str or None, default None
            The only answers allowed, for "one_of".

        Raises
        ------
        ToolError
            There is no such row or column, the question is empty, or the model cannot be asked at all.
        """
        found = self._table.check_rows(rows)
        answered, name = self.answers(question, found, kind, choices)
        return ToolResult.about(found, {"question": question, **_told(answered, name, found, self._table)})

    def answers(
        self, question: str, rows: Sequence[int], kind: AnswerKind, choices: Sequence[str] | None
    ) -> tuple[pd.DataFrame, str]:
        """Answers about some rows as a table, and the name of their column; as much of them as there is time for.

        Parameters
        ----------
        question : str
        rows : sequence of int
        kind : {"text", "count", "number", "yes_no", "one_of"}
        choices : sequence of str or None

        Raises
        ------
        ToolError
            As `ask`.
        """
        given: dict[str, Any] = {"choices": answer_choices(kind, choices), "dtype": _TYPES[kind]}
        some, name = self._rows(rows)
        return self._run(lambda: ask(some, question, into=name, **given, **self._run_options())), name

    def describe_image(
        self, row: RowNumber, style: Literal["brief", "detailed", "technical"] = "detailed"
    ) -> ToolResult:
        """Have a vision model describe the picture of one row in words.

        Parameters
        ----------
        row : int
            Number of the row.
        style : str, default "detailed"
            "brief" is one sentence, "detailed" several, "technical" plain facts.

        Raises
        ------
        ToolError
            There is no such row, or the model cannot be asked at all.
        """
        found = self._table.check_rows([row])
        some, name = self._rows(found)
        answered = self._run(lambda: caption(some, style=style, into=name, **self._run_options()))
        told = _told(answered, name, found, self._table)
        described = {"row": row, "answer": None, "error": told["why"]} if "why" in told else told["answers"][0]
        return ToolResult.about(found, {"description": described.pop("answer"), "style": style, **described})

    def run_status(self, run: Annotated[int, Field(ge=1)] | None = None) -> dict[str, Any]:
        """Say how the latest runs went, in which models were asked about pictures; or what failed in one of them.

        Parameters
        ----------
        run : int or None, default None
            Number of a run, whose errors are counted. Without it, the latest five.

        Raises
        ------
        ToolError
            There is no such run, or answers are not kept.
        """
        try:
            known = runs(self._options["store"])
            rows = None if run is None else runs(self._options["store"], run=run)
        except VlmkitError as error:
            raise ToolError(self._table.fault(str(error))) from error
        if rows is None:
            return {"runs": [_run_of(record) for record in known.tail(5).iloc[::-1].to_dict("records")]}
        (record,) = known[known["run"] == run].to_dict("records")
        errors = rows["error"].dropna().map(self._table.without_folders).value_counts().head(10)
        counted = [{"error": clear_text(str(error), 300), "rows": int(count)} for error, count in errors.items()]
        return {**_run_of(record), "errors": counted}

    def _rows(self, rows: Sequence[int]) -> tuple[pd.DataFrame, str]:
        some = self._table.frame.iloc[list(rows)]
        name = "answer"
        while any(str(label).startswith(name) for label in some.columns):
            name += "_"
        return some, name

    def _run_options(self) -> dict[str, Any]:
        return {**self._options, "confidence": True, "details": True, "background": True, "progress": False}

    def _run(self, start: Any) -> pd.DataFrame:
        """The table of a run, which is ended when its time is over, or when somebody wants it to."""
        try:
            run: Run = start()
        except VlmkitError as error:
            raise ToolError(self._table.fault(str(error))) from error
        try:
            self._watch(run)
        finally:
            run.stop()  # of one that has ended, nothing
        try:
            table: pd.DataFrame = run.wait(_STOPPING_S)
        except VlmkitError as error:
            raise ToolError(self._table.fault(str(error))) from error
        return table

    def _watch(self, run: Run) -> None:
        """Wait for a run, and tell whoever waits for the call how far it is.

        Raises
        ------
        Cancelled
            Nobody waits for it any more.
        """
        end_s = time.monotonic() + self._timeout_s
        call = call_in_progress()
        told = 0
        is_over = False
        while not is_over:  # once more at the end, so that the last rows are told
            is_over = run.done or time.monotonic() >= end_s or self._stop.wait(_POLL_S)
            now = run.progress
            if call.end.is_set() or now.done + now.failed > told:
                told = now.done + now.failed
                call.report(told, now.total, f"{told} of {now.total} rows")


def answer_choices(kind: str, choices: Sequence[str] | None) -> list[str] | None:
    """Choices of a kind of answers; None where any answer of its type will do.

    Raises
    ------
    ToolError
        Choices are missing, or go with another kind.
    """
    if kind == "one_of" and not choices:
        raise ToolError('choices: kind "one_of" needs the answers to choose from, such as ["day", "night"].')
    if choices and kind not in ("one_of", "text"):
        raise ToolError(f'choices go with kind "one_of", not with {kind!r}.')
    return list(choices) if choices else None


def rows_not_asked(answered: pd.DataFrame, name: str, rows: Sequence[int]) -> list[int]:
    """Rows for which there was no time.

    Parameters
    ----------
    answered : DataFrame
    name : str
        Its column of answers.
    rows : sequence of int
        Their numbers.
    """
    late = answered[f"{name}_error"].str.startswith(_NO_TURN).fillna(value=False)
    return [row for row, is_late in zip(rows, late.tolist(), strict=True) if is_late]


def _told(answered: pd.DataFrame, name: str, rows: Sequence[int], table: PictureTable) -> dict[str, Any]:
    columns = [answered[label].tolist() for label in (name, f"{name}_error", f"{name}_confidence")]
    late = rows_not_asked(answered, name, rows)
    cells = zip(rows, *columns, strict=True)
    answers = [_answer(row, *answer, table=table) for row, *answer in cells if row not in late]
    told: dict[str, Any] = {"answers": answers, "failed": sum("error" in each for each in answers)}
    if late:
        told |= {"rows_not_asked": late, "why": "There was no time for them. Call again with these rows."}
    stored = int(answered[f"{name}_from_store"].fillna(value=False).sum())
    return told | ({"known_before": stored} if stored else {})


def _answer(row: int, value: Any, error: Any, confidence: Any, *, table: PictureTable) -> dict[str, Any]:
    told: dict[str, Any] = {"row": row, "answer": plain_cell(value, _ANSWER)}
    if not is_missing(confidence):
        told["confidence"] = round(float(confidence), 3)
    return told if is_missing(error) else {**told, "error": table.fault(error, row)}


def _run_of(record: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: plain_cell(record[name], 200) for name in _RUN_FIELDS}
