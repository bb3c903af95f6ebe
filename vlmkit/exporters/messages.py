"""Chat messages about pictures, JSON Lines: pictures by name, as trainers take them, or inside, as OpenAI does."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from vlmkit.arguments import check_choice
from vlmkit.errors import RunError
from vlmkit.exporters.conversations import (
    TOKEN,
    check_prompt,
    entry_of_turns,
    read_turns,
    trainer_lines,
    without_token,
)
from vlmkit.exporters.documents import Document, Entry, JsonLines
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import Row
from vlmkit.sources import is_url, normalize

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = ["is_messages", "read_messages", "to_messages"]


def _entry_of(record: Any) -> Entry:
    entry = entry_of_turns(record)
    return Entry(name=_short(entry.name), text=entry.text, record=record)


def _short(name: str) -> str:
    """What an account calls a picture."""
    if name[:5] != "data:":
        return name
    return f"<data URL {hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}>"


_FILE = JsonLines(_entry_of)


def to_messages(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    prompt: str = "Describe this image.",
    system: str | None = None,
    style: Literal["parts", "text"] = "parts",
    full_path: bool = False,
    embed: bool = False,
    longest_side_px: int = 1568,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write chat messages of one question and one answer, one conversation per line.

    TRL takes parts, LLaMA-Factory texts, ms-swift both. What a user still types is in the card, ready to copy: the
    cast of the column ``images`` for TRL, the entry in ``dataset_info.json`` and ``media_dir`` for LLaMA-Factory, the
    variable ``ROOT_IMAGE_DIR`` for ms-swift.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of answers. Default: the only one.
    prompt : str, default "Describe this image."
        The question.
    system : str or None, default None
        Text before each conversation.
    style : {"parts", "text"}, default "parts"
        Whether what is said is a list of parts, or a text in which ``<image>`` stands for the picture.
    full_path : bool, default False
        Whether pictures are named by their whole path, which `datasets` opens from any folder; otherwise relative to
        `root`.
    embed : bool, default False
        Whether the pictures are in the file, as data URLs in parts of type ``image_url``, which OpenAI's fine-tuning
        takes; otherwise it names them in ``images``, as TRL and its like do. Embedded pictures have no names any more.
        With ``style="text"`` everything but the question is a plain text, as in OpenAI's own examples.
    longest_side_px : int, default 1568
        To which embedded pictures are shrunk.
    **options
        As in `ExportOptions`.

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
    check_prompt(prompt)
    check_choice("style", style, ("parts", "text"))
    said = _parts if style == "parts" else _text
    head = [] if system is None else [{"role": "system", "content": said(system)}]
    job = start(frame, place.parent, options, title="chat messages", column=column)
    question: Any = f"{TOKEN}\n{prompt}" if style == "text" else [{"type": "image"}, *_parts(prompt)]
    if embed:
        found = _embedded(job, [*head, {"role": "user", "content": _parts(prompt)}], said, longest_side_px)
    else:
        found = _named(job, [*head, {"role": "user", "content": question}], said, full_path=full_path)
    Document(job.folder / place.name, _FILE, job).write(found)
    lines = [] if embed else _trainers(job, place.name, style, full_path=full_path)
    return job.finish(place.name, [job.loading(place.name), *lines])


def _parts(text: str) -> Any:
    return [{"type": "text", "text": text}]


def _text(text: str) -> Any:
    return text


def _trainers(job: Job, name: str, style: str, *, full_path: bool) -> list[str]:
    if style == "text":
        tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
        columns = {"messages": "messages", "images": "images"}
        return trainer_lines(job, {"file_name": name, "formatting": "sharegpt", "columns": columns, "tags": tags})
    first = "" if full_path else f"import os\n\nos.chdir({str(job.root)!r})  # names are relative to it\n"
    load = f'data = load_dataset("json", data_files={str(job.folder / name)!r}, split="train")'
    cast = 'data = data.cast_column("images", List(Image()))'
    return [f"{first}from datasets import Image, List, load_dataset  # for TRL\n\n{load}\n{cast}"]


def _named(job: Job, head: list[Any], said: Callable[[str], Any], *, full_path: bool) -> Iterator[Entry]:
    for row, name in job.named_rows():
        answer = without_token(row.text or "")
        turns = [*head, {"role": "assistant", "content": said(answer)}]
        named = str(job.root / name) if full_path and not is_url(name) else name
        yield Entry(name=named, text=answer, record={"messages": turns, "images": [named]})


def _embedded(job: Job, head: list[Any], said: Callable[[str], Any], longest_side_px: int) -> Iterator[Entry]:
    *before, question = head
    for row in job.usable_rows():
        try:
            url = _data_url(job, row, longest_side_px)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        content = [*question["content"], {"type": "image_url", "image_url": {"url": url}}]
        turns = [*before, {**question, "content": content}, {"role": "assistant", "content": said(row.text or "")}]
        yield Entry(name=_short(url), text=row.text, record={"messages": turns})


def _data_url(job: Job, row: Row, longest_side_px: int) -> str:
    picture = normalize(row.ref, longest_side_px, limits=job.limits)
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def read_messages(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read the first question and answer of each conversation, from JSON Lines or a JSON list, whoever wrote it.

    Conversations without a picture are rows, too. What cannot be read is left out, and a warning says what.

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
        Columns path (a data URL where the picture is in the file, NA where there is none), prompt and `column`. Where
        some have several pictures, ``images`` has lists of all.

    Raises
    ------
    SetupError
        There is nothing to read in it.
    """
    return read_turns(path, root, column)


def is_messages(candidate: Candidate) -> bool:
    """Whether a JSON file has chat messages.

    Parameters
    ----------
    candidate : Candidate
    """
    return "messages" in (candidate.record or {})
