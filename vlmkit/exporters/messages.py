"""Chat messages about pictures, JSON Lines: pictures by name, as trainers take them, or inside, as OpenAI does."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.errors import RunError
from vlmkit.exporters.conversations import check_prompt, table_of_turns, without_token
from vlmkit.exporters.documents import Document, Entry, JsonLines
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import Row
from vlmkit.sources import normalize

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_messages", "to_messages"]


def _entry_of(record: Any) -> Entry:
    return Entry(name=_short(_picture(record)), text=_text(_turns(record)[1]["content"]), record=record)


def _picture(record: Any) -> str:
    """Name of a conversation's picture, or its data URL."""
    if record.get("images"):
        return str(record["images"][0])
    parts = _turns(record)[0]["content"]
    return str(next(part["image_url"]["url"] for part in parts if part.get("type") == "image_url"))


def _short(name: str) -> str:
    """What an account calls a picture."""
    if name[:5] != "data:":
        return name
    return f"<data URL {hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}>"


def _turns(record: Any) -> list[Any]:
    """The first question and its answer."""
    return [next(turn for turn in record["messages"] if turn["role"] == role) for role in ("user", "assistant")]


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part.get("type") == "text")


_FILE = JsonLines(_entry_of)


def to_messages(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    prompt: str = "Describe this image.",
    system: str | None = None,
    embed: bool = False,
    longest_side_px: int = 1568,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write chat messages of one question and one answer, one conversation per line.

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
    embed : bool, default False
        Whether the pictures are in the file, as data URLs in parts of type ``image_url``, which OpenAI's fine-tuning
        takes; otherwise it names them in ``images``, as TRL and its like do. Embedded pictures have no names any more.
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
    head = [] if system is None else [{"role": "system", "content": system}]
    job = start(frame, place.parent, options, title="chat messages", column=column)
    found = _embedded(job, head, prompt, longest_side_px) if embed else _named(job, head, prompt)
    Document(job.folder / place.name, _FILE, job).write(found)
    return job.finish(f"{place.name}.card.md", job.loading(place.name))


def _named(job: Job, head: list[Any], prompt: str) -> Iterator[Entry]:
    for row, name in job.named_rows():
        answer = without_token(row.text or "")
        turns = [
            *_parts(head),
            {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]},
            {"role": "assistant", "content": [{"type": "text", "text": answer}]},
        ]
        yield Entry(name=name, text=answer, record={"messages": turns, "images": [name]})


def _parts(head: list[Any]) -> list[Any]:
    """A system text in the form that its neighbors have: Arrow wants one type."""
    return [{"role": turn["role"], "content": [{"type": "text", "text": turn["content"]}]} for turn in head]


def _embedded(job: Job, head: list[Any], prompt: str, longest_side_px: int) -> Iterator[Entry]:
    for row in job.usable_rows():
        try:
            url = _data_url(job, row, longest_side_px)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        question = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": url}}]
        turns = [*head, {"role": "user", "content": question}, {"role": "assistant", "content": row.text}]
        yield Entry(name=_short(url), text=row.text, record={"messages": turns})


def _data_url(job: Job, row: Row, longest_side_px: int) -> str:
    picture = normalize(row.ref, longest_side_px, limits=job.limits)
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"


def read_messages(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
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
    DataFrame, columns path (a data URL where the picture is in the file), prompt and `column`.

    Raises
    ------
    SetupError
        The file cannot be read, or names pictures outside the folder.
    """
    entries = (
        Entry(
            name=_picture(entry.record), text=entry.text, record={"prompt": _text(_turns(entry.record)[0]["content"])}
        )
        for entry in _FILE.read(Path(path))
    )
    return table_of_turns(entries, Path(path), root, column)
