"""LLaVA conversations, also known as ShareGPT's form: one JSON list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.exporters.conversations import TOKEN, check_prompt, table_of_turns, without_token
from vlmkit.exporters.documents import Document, Entry, JsonList
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.options import ExportOptions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_llava", "to_llava"]


def _entry_of(record: Any) -> Entry:
    _, answer = record["conversations"][:2]
    return Entry(name=record["image"], text=answer["value"], record=record)


_FILE = JsonList(_entry_of)


def to_llava(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    prompt: str = "Describe this image.",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write conversations of one question and one answer, as LLaVA's training takes them.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of answers. Default: the only one.
    prompt : str, default "Describe this image."
        The question; the sign for the picture is put before it.
    **options
        As in `ExportOptions`; `root` is what LLaVA calls ``image_folder``.

    Returns
    -------
    DataFrame
        What was done, or would be: path, action, before, after, reason.

    Raises
    ------
    SetupError
        The file is there already, or cannot be written.
    """
    place = Path(path)
    question = f"{TOKEN}\n{check_prompt(prompt)}"
    job = start(frame, place.parent, options, title="LLaVA conversations", column=column)
    Document(job.folder / place.name, _FILE, job).write(_entries(job, question))
    return job.finish(f"{place.name}.card.md", job.loading(place.name))


def _entries(job: Job, question: str) -> Iterator[Entry]:
    for row, name in job.named_rows():
        answer = without_token(row.text or "")
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
        yield Entry(name=name, text=answer, record={"id": name, "image": name, "conversations": turns})


def read_llava(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read the first question and answer of each conversation.

    Parameters
    ----------
    path : path
    root : path or None, default None
        Folder of the pictures. Default: the file's own.
    column : str, default "caption"
        What the column of answers is called.

    Returns
    -------
    DataFrame, columns path, prompt and `column`.

    Raises
    ------
    SetupError
        The file cannot be read, or names pictures outside the folder.
    """
    entries = (
        Entry(name=entry.name, text=entry.text, record={"prompt": _question(entry.record)})
        for entry in _FILE.read(Path(path))
    )
    return table_of_turns(entries, Path(path), root, column)


def _question(record: Any) -> str:
    return str(record["conversations"][0].get("value", "")).replace(TOKEN, "").strip("\n")
