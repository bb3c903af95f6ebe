"""The verbs of the root: describe, caption, ask, and describe for one picture or one row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import Any, Unpack

import pandas as pd

from vlmkit.frame.bulk import fill_columns, yield_descriptions
from vlmkit.frame.description import Description
from vlmkit.frame.options import AskOptions, RowOptions, TableOptions, parse_options
from vlmkit.frame.selection import chosen_rows
from vlmkit.frame.subjects import Subject, subject_of
from vlmkit.prompts import Task, compose_description, compose_question
from vlmkit.sources import refer

__all__ = ["ask", "caption", "describe", "describe_iter", "describe_one"]


def describe(
    source: Any,
    prompt: str | None = None,
    *,
    style: str | None = None,
    max_words: int | None = None,
    system: str | None = None,
    into: str = "description",
    **options: Unpack[TableOptions],
) -> Any:
    """Describe every image in words.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
        What `read_images` takes.
    prompt : str or None, default None
        Free text instead of a style; ``{column}`` is the row's value ("unknown" where missing), ``{{`` is a brace.
    style : {"brief", "detailed", "technical"} or None, default None
        None is "detailed", unless there is a prompt.
    max_words : int or None, default None
        Asks the model to keep to so many words.
    system : str or None, default None
        System text, sent before the prompt.
    into : str, default "description"
        Column to fill; the errors go to the column of this name with ``_error`` behind it.
    **options
        model, fallback, store, image, recursive, limit, sample, overwrite, details, on_error, on_timeout, timeout_s,
        max_retries, progress, workers, temperature, top_p, top_k, repetition_penalty, max_tokens, stop, seed: see
        `vlmkit.frame.options`.

    Returns
    -------
    DataFrame or Series
        A Series for a Series, same index, NA where a row failed, with a warning that counts them. Otherwise a new
        DataFrame, same index and order, with `into` (string) and its error column (string, NA where the row worked). A
        folder or a list gets the columns of `read_images` first.

    Raises
    ------
    SetupError
        Before anything is spent: no or an unknown model, an unknown column or option, a column that would be replaced
        (pass ``overwrite=True`` where a cell is to run again).
    RunError
        The first fault, with ``on_error="fail"``; or a fault that concerns all rows, such as a refused key. Its
        attribute ``partial`` has the table so far. A single bad image never raises.
    """
    task = _describing(prompt, style or (None if prompt is not None else "detailed"), max_words, system, into)
    return _fill(source, task, options)


def caption(
    source: Any,
    *,
    style: str = "brief",
    max_words: int | None = None,
    system: str | None = None,
    into: str = "caption",
    **options: Unpack[TableOptions],
) -> Any:
    """Caption every image: `describe` with a style and its own column.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    style : {"brief", "detailed", "technical"}, default "brief"
    max_words : int or None, default None
    system : str or None, default None
    into : str, default "caption"
    **options
        As for `describe`.

    Returns
    -------
    DataFrame or Series
        As `describe`: ``caption`` and ``caption_error``.

    Raises
    ------
    SetupError
        As `describe`.
    RunError
        As `describe`.
    """
    return _fill(source, _describing(None, style, max_words, system, into), options)


def ask(
    source: Any,
    question: str,
    *,
    into: str = "answer",
    dtype: type = str,
    choices: Sequence[str] | None = None,
    max_words: int | None = None,
    system: str | None = None,
    **options: Unpack[TableOptions],
) -> Any:
    """Ask one question about every image.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    question : str
        May read the row, ``{column}``; what the answer shall look like is added according to `dtype` or `choices`.
    into : str, default "answer"
    dtype : {str, int, float, bool}, default str
        What the answer is read as; the column is string, Int64, Float64 or boolean. An answer that cannot be read
        without guessing is a fault of its row.
    choices : sequence of str or None, default None
        The only answers allowed; the column is a category with these, in this order.
    max_words : int or None, default None
    system : str or None, default None
    **options
        As for `describe`.

    Returns
    -------
    DataFrame or Series
        As `describe`.

    Raises
    ------
    SetupError
        As `describe`; also a dtype or choices no answer can be read as.
    RunError
        As `describe`.
    """
    task = compose_question(question, dtype=dtype, choices=choices, max_words=max_words, system=system, into=into)
    return _fill(source, task, options)


def describe_one(
    image: Any,
    prompt: str | None = None,
    *,
    style: str | None = None,
    max_words: int | None = None,
    system: str | None = None,
    **options: Unpack[AskOptions],
) -> Description:
    """Describe one image.

    Parameters
    ----------
    image : path, bytes or PIL image
    prompt, style, max_words, system
        As for `describe`.
    **options
        model, fallback, store, timeout_s, max_retries and how tokens are chosen, as for `describe`.

    Returns
    -------
    Description
        A plain record: text, columns, model, revision, seconds, metadata, ….

    Raises
    ------
    SetupError
        As `describe`.
    RunError
        The image cannot be read, or the model did not answer.
    """
    task = _describing(prompt, style or (None if prompt is not None else "detailed"), max_words, system, "description")
    parsed = replace(parse_options(options, AskOptions), on_error="fail", on_timeout="error", progress=False)
    subject = Subject(table=pd.DataFrame(index=pd.RangeIndex(1)), pictures=[refer(image)])
    (record,) = yield_descriptions(subject, task, parsed)
    return record


def describe_iter(
    source: Any,
    prompt: str | None = None,
    *,
    style: str | None = None,
    max_words: int | None = None,
    system: str | None = None,
    stop_event: Event | None = None,
    **options: Unpack[RowOptions],
) -> Iterator[Description]:
    """Describe images one after another, each record given as it is ready, in input order.

    Asks go on in the background, some ahead of what was taken; closing the iterator cancels them.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    prompt, style, max_words, system
        As for `describe`.
    stop_event : threading.Event or None, default None
        Once it is set, within 0.1 s nothing new is asked and what is in flight is cancelled; records of rows that ended
        still come.
    **options
        As for `describe`, without details; ``overwrite=True`` asks anew what is stored.

    Returns
    -------
    iterator of Description
        Rows that failed have ``error``; rows that were never asked, because the run was stopped, do not come.

    Raises
    ------
    SetupError
        As `describe`, at the call.
    RunError
        As `describe`, out of the iterator, after the records of the rows before.
    """
    task = _describing(prompt, style or (None if prompt is not None else "detailed"), max_words, system, "description")
    parsed = parse_options(options, RowOptions)
    reads_columns = bool(task.template.columns)
    subject = subject_of(
        source,
        image=parsed.image,
        recursive=parsed.recursive,
        headers=reads_columns,
        choose=lambda rows: chosen_rows(rows, parsed),
    )
    return yield_descriptions(subject, task, parsed, stop=stop_event)


def _describing(prompt: str | None, style: str | None, max_words: int | None, system: str | None, into: str) -> Task:
    return compose_description(prompt, style=style, max_words=max_words, system=system, into=into)


def _fill(source: Any, task: Task, options: TableOptions) -> Any:
    parsed = parse_options(options, TableOptions)
    subject = subject_of(
        source, image=parsed.image, recursive=parsed.recursive, choose=lambda rows: chosen_rows(rows, parsed)
    )
    return fill_columns(subject, task, parsed)
