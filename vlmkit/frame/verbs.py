"""The verb describe: for many pictures, for one, and one row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Event
from typing import Any, Unpack

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.frame.asked import compose
from vlmkit.frame.bulk import describe_row, fill, yield_descriptions
from vlmkit.frame.description import Description
from vlmkit.frame.given import Given, given_of
from vlmkit.frame.options import AskOptions, RowOptions, TableOptions, check_options
from vlmkit.sources import refer

__all__ = ["describe", "describe_iter", "describe_one"]


def describe(
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
    **options: Unpack[TableOptions],
) -> Any:
    """Describe every image: in words, as typed fields, or by many questions at once.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
        What `read_images` takes.
    prompt : str, mapping or None, default None
        Free text instead of a style; ``{column}`` is the row's value ("unknown" where missing), ``{{`` is a brace. A
        mapping asks many questions, each picture being opened and looked at once: by the name of its column, a question
        in words, a pair of question and answer (a type, a list of choices, a schema), a list of choices, or a schema.
    schema : pydantic model, dataclass, TypedDict, dict of names and types, text, or list of choices; default none
        What is wanted as typed columns, one for each field; as text, ``"count int, colors list[str], sky: blue|gray"``.
        A model in this process can only answer so; of a server that enforces no schema, an answer that does not fit is
        asked for once more, with what was wrong.
    style : {"brief", "detailed", "technical"} or None, default None
        How it is described: "detailed" where this is None and there is no prompt and no schema.
    max_words : int or None, default None
        Asks the model to keep to so many words.
    max_characters : int or None, default None
        Asks the model to keep to so many characters, and cuts what is longer behind a sentence or a word. With
        ``details=True``, the column ``…_shortened`` says where.
    system : str or None, default None
        System text, sent before the prompt.
    into : str or None, default None
        Column to fill, "description" where there is no schema. The errors go to the column of this name with ``_error``
        behind it: of a schema, ``prefix`` without its last underscore, else "description".
    prefix : str, default ""
        Stands before the names of a schema's columns.
    **options
        model, fallback, store, image, examples, recursive, limit, sample, overwrite, details, confidence, background,
        on_error, on_timeout, timeout_s, silence_s, max_retries, budget, price, progress, workers, temperature, top_p,
        top_k, repetition_penalty, frequency_penalty, presence_penalty, max_tokens, stop, seed: see
        `vlmkit.frame.options`.

    Returns
    -------
    DataFrame, Series or Run
        A Series for a Series, same index, NA where a row failed, with a warning that counts them; where several columns
        are filled, a table of these. Otherwise a new DataFrame, same index and order, with what was asked for (text:
        string, int: Int64, float: Float64, bool: boolean, date: datetime64, time, Decimal and lists: objects, choices:
        category in their order) and the column of errors (string, NA where the row worked); a folder or a list gets the
        columns of `read_images` first, in which pictures that a stopped run did not open have NA. With
        ``background=True``, at once, the `Run` that fills it.

    Raises
    ------
    SetupError
        Before anything is spent: no or an unknown model, an unknown column or option, a schema that cannot become
        columns, a column that would be replaced (pass ``overwrite=True`` where a cell is to run again).
    RunError
        The first fault, with ``on_error="fail"``; or a fault that concerns all rows, such as a refused key. Its
        attribute ``partial`` has the table so far. A single bad image never raises.
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
    return fill(source, tasks, options)


def describe_one(
    image: Any,
    prompt: str | None = None,
    *,
    schema: Any = None,
    style: str | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
    system: str | None = None,
    **options: Unpack[AskOptions],
) -> Description:
    """Describe one image.

    Parameters
    ----------
    image : path, bytes or PIL image
    prompt, schema, style, max_words, max_characters, system
        As for `describe`; one question at a time.
    **options
        model, fallback, store, examples, timeout_s, silence_s, on_timeout, max_retries, budget, price and how tokens
        are chosen, as for `describe`.

    Returns
    -------
    Description
        A plain record: text, columns, model, revision, seconds, metadata, …. Where something stands in for an answer
        that came too late, ``error`` says so.

    Raises
    ------
    SetupError
        As `describe`.
    RunError
        The image cannot be read, or the model did not answer.
    """
    (task,) = compose(
        _in_words(prompt), schema=schema, style=style, max_words=max_words, max_characters=max_characters, system=system
    )
    parsed = replace(check_options(options, AskOptions), progress=False)
    given = Given(table=pd.DataFrame(index=pd.RangeIndex(1)), pictures=[[refer(image)]])
    return describe_row(given, task, parsed)


def describe_iter(
    source: Any,
    prompt: str | None = None,
    *,
    schema: Any = None,
    style: str | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
    system: str | None = None,
    stop_event: Event | None = None,
    metadata: bool = False,
    **options: Unpack[RowOptions],
) -> Iterator[Description]:
    """Describe images one after another, each record given as it is ready, in input order.

    Asks go on in the background, some ahead of what was taken; closing the iterator cancels them.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    prompt, schema, style, max_words, max_characters, system
        As for `describe`; one question at a time.
    stop_event : threading.Event or None, default None
        Once it is set, within 0.1 s nothing new is asked and what is in flight is cancelled; records of rows that ended
        still come.
    metadata : bool, default False
        Whether `Description.metadata` also has ``frames``, ``digest`` (equal for equal files), what the camera wrote
        (as `read_images` calls it) and ``exif``, all of its entries by name. Files are read to their end for it.
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
    (task,) = compose(
        _in_words(prompt), schema=schema, style=style, max_words=max_words, max_characters=max_characters, system=system
    )
    parsed = check_options(options, RowOptions)
    return yield_descriptions(given_of(source, parsed), task, parsed, stop=stop_event, metadata=metadata)


def _in_words(prompt: object) -> str | None:
    if prompt is None or isinstance(prompt, str):
        return prompt
    raise BadSetting(f"prompt={prompt!r}: one question at a time here, as text; many at once are for describe.")
