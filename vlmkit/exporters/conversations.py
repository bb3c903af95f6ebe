"""Conversations about pictures, for instruction tuning: what is said, and how a file of it reads back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting
from vlmkit.exporters.documents import Entry
from vlmkit.exporters.names import resolve_name
from vlmkit.exporters.values import table_of_records

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOKEN", "check_prompt", "table_of_turns", "without_token"]

TOKEN = "<image>"  # noqa: S105  no secret, but where the picture stands in a text


def without_token(text: str) -> str:
    """A text in which nothing stands for a picture: trainers count these signs."""
    return text.replace(TOKEN, "(image)")


def check_prompt(prompt: str) -> str:
    """The question of each conversation, once it is sure that it can be one.

    Parameters
    ----------
    prompt : str

    Raises
    ------
    BadSetting
        It is empty, or has a sign for a picture in it.
    """
    if not prompt.strip() or TOKEN in prompt:
        raise BadSetting(f"prompt={prompt!r}: give the question as plain text; {TOKEN} is added where it belongs.")
    return prompt


def table_of_turns(entries: Iterable[Entry], path: Path, root: str | Path | None, column: str) -> pd.DataFrame:
    """Pictures and answers of a file of conversations.

    Parameters
    ----------
    entries : iterable of Entry
        Whose records are ``{"prompt": …}``.
    path : Path
        The file.
    root : path or None
        Folder of the pictures. None is the file's own.
    column : str
        What the column of texts is called.

    Returns
    -------
    DataFrame, columns path, prompt and `column`.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were written
    folder = place.parent if root is None else Path(os.path.abspath(root))  # noqa: PTH100
    records: list[dict[str, Any]] = [
        {"path": resolve_name(folder, entry.name, str(place)), "prompt": entry.record["prompt"], column: entry.text}
        for entry in entries
    ]
    return table_of_records(records, ["path", "prompt", column])
