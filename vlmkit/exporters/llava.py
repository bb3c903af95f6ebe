"""LLaVA conversations, also known as ShareGPT's form: one JSON list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from vlmkit.exporters.conversations import TOKEN, check_prompt, entry_of_turns, read_turns, trainer_lines, without_token
from vlmkit.exporters.documents import Document, Entry, JsonList
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.options import ExportOptions

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.sniffing import Candidate

__all__ = ["is_llava", "read_llava", "to_llava"]


_FILE = JsonList(entry_of_turns)


def to_llava(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    prompt: str = "Describe this image.",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write conversations of one question and one answer, as LLaVA's training, LLaMA-Factory and ms-swift take them.

    LLaMA-Factory wants an entry in its ``dataset_info.json`` besides, and the pictures' folder as ``media_dir``;
    ms-swift that folder in the variable ``ROOT_IMAGE_DIR``. The card has both, ready to copy.

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
    entry = {
        "file_name": place.name,
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "image"},
    }
    return job.finish(place.name, [job.loading(place.name), *trainer_lines(job, entry)])


def _entries(job: Job, question: str) -> Iterator[Entry]:
    for row, name in job.named_rows():
        answer = without_token(row.text or "")
        turns = [{"from": "human", "value": question}, {"from": "gpt", "value": answer}]
        yield Entry(name=name, text=answer, record={"id": name, "image": name, "conversations": turns})


def read_llava(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read the first question and answer of each conversation, from a JSON list or lines.

    Entries without a picture are rows, too. What cannot be read is left out, and a warning says what.

    Parameters
    ----------
    path : path
    root : path or None, default None
        Folder of the pictures. Default: the file's own.
    column : str, default "caption"
        What the column of answers is called.

    Returns
    -------
    DataFrame
        Columns path, prompt and `column`; path is NA where there is no picture. Where some have several pictures,
        ``images`` has lists of all.

    Raises
    ------
    SetupError
        There is nothing to read in it.
    """
    return read_turns(path, root, column)


def is_llava(candidate: Candidate) -> bool:
    """Whether a JSON file has conversations.

    Parameters
    ----------
    candidate : Candidate
    """
    return "conversations" in (candidate.record or {})
