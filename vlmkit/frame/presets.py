"""Presets of describe: caption, ask, tags, score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from vlmkit.frame.asked import compose
from vlmkit.frame.bulk import fill
from vlmkit.frame.options import TableOptions
from vlmkit.prompts import compose_question, compose_score, compose_tags

__all__ = ["ask", "caption", "score", "tags"]


def caption(
    source: Any,
    *,
    style: str = "brief",
    max_words: int | None = None,
    max_characters: int | None = None,
    system: str | None = None,
    into: str = "caption",
    **options: Unpack[TableOptions],
) -> Any:
    """Caption every image: `describe` with a style and its own column.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    style : {"brief", "detailed", "technical"}, default "brief"
        How it is written: brief, detailed, technical, or a style that a plugin brings.
    max_words, max_characters : int or None, default None
        As for `describe`.
    system : str or None, default None
    into : str, default "caption"
        Column to fill.
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
    return fill(
        source,
        compose(style=style, max_words=max_words, max_characters=max_characters, system=system, into=into),
        options,
    )


def ask(
    source: Any,
    question: str,
    *,
    into: str = "answer",
    dtype: Any = str,
    choices: Sequence[str] | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
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
        Column to fill.
    dtype : type, default str
        What the answer is read as: str, int, float, bool, or what a schema's field may be, such as ``list[str]``, a
        date or an Enum. An answer that cannot be read without guessing is a fault of its row.
    choices : sequence of str or None, default None
        The only answers allowed; the column is a category with these, in this order.
    max_words, max_characters : int or None, default None
        As for `describe`.
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
    task = compose_question(
        question,
        dtype=dtype,
        choices=choices,
        max_words=max_words,
        max_characters=max_characters,
        system=system,
        into=into,
    )
    return fill(source, [task], options)


def tags(
    source: Any,
    vocabulary: Sequence[str] | Mapping[str, Sequence[str]],
    *,
    multiple: bool = True,
    report_unknown: bool = False,
    prompt: str | None = None,
    system: str | None = None,
    into: str = "tags",
    **options: Unpack[TableOptions],
) -> Any:
    """Tag every image with the terms of a closed vocabulary.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    vocabulary : sequence of str, or mapping of str to sequence of str
        Terms, or terms with their synonyms. Nothing else gets into the column. A slash makes a hierarchy:
        ``"animal/dog"`` is found as ``dog``, too.
    multiple : bool, default True
        A list of terms for each image, in the vocabulary's order; False gives the one that fits best, as a category.
    report_unknown : bool, default False
        Lets the model write other tags, too, which the column `into` with ``_unknown`` behind it lists.
    prompt : str or None, default None
        Said before the terms are listed; may read the row, ``{column}``.
    system : str or None, default None
    into : str, default "tags"
        Column to fill.
    **options
        As for `describe`.

    Returns
    -------
    DataFrame or Series
        As `describe`.

    Raises
    ------
    SetupError
        As `describe`; also a vocabulary that is empty or ambiguous.
    RunError
        As `describe`.
    """
    task = compose_tags(
        vocabulary, multiple=multiple, report_unknown=report_unknown, prompt=prompt, system=system, into=into
    )
    return fill(source, [task], options)


def score(
    source: Any,
    criterion: str,
    *,
    low: float = 1,
    high: float = 5,
    system: str | None = None,
    into: str = "score",
    **options: Unpack[TableOptions],
) -> Any:
    """Rate every image on a scale.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    criterion : str
        The question, such as "How sharp is this picture?"; may read the row, ``{column}``.
    low, high : int or float, default 1 and 5
        Ends of the scale, both possible. Whole numbers make the column Int64, others Float64.
    system : str or None, default None
    into : str, default "score"
        Column to fill.
    **options
        As for `describe`.

    Returns
    -------
    DataFrame or Series
        As `describe`.

    Raises
    ------
    SetupError
        As `describe`; also a scale that is none.
    RunError
        As `describe`.
    """
    return fill(source, [compose_score(criterion, low=low, high=high, system=system, into=into)], options)
