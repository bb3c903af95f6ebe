"""Conversations about pictures, for instruction tuning: what is said, how it reads back, and LLaVA's form of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.errors import BadSetting
from vlmkit.exporters.documents import Document, Entry, JsonList, json_records
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.locating import Locator
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.values import to_json

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = [
    "TOKEN",
    "check_prompt",
    "entry_of_turns",
    "is_llava",
    "pictures_of",
    "read_llava",
    "read_turns",
    "to_llava",
    "trainer_lines",
    "without_token",
]

TOKEN = "<image>"  # noqa: S105  no secret, but where the picture stands in a text
_SIGNS = re.compile(r"<(image|video|audio)>")
_ASKING = frozenset({"human", "user"})
_ANSWERING = frozenset({"gpt", "assistant", "model", "bot", "chatgpt", "bard"})


def without_token(text: str) -> str:
    """A text in which nothing stands for a picture, a film or a sound: trainers count these signs."""
    return _SIGNS.sub(r"(\1)", text)


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
    if not prompt.strip() or _SIGNS.search(prompt):
        raise BadSetting(f"prompt={prompt!r}: give the question as plain text; {TOKEN} is added where it belongs.")
    return prompt


def entry_of_turns(record: Any) -> Entry:
    """Entry of a conversation: its first picture, and the answer to the first question.

    Parameters
    ----------
    record : dict
        With ``conversations`` or ``messages``, of ``from`` and ``value``, or ``role`` and ``content``.
    """
    turns = _turns(record)
    pictures = pictures_of(record)
    return Entry(name=pictures[0] if pictures else "", text=_answer(turns), record=record)


def _turns(record: Any) -> list[tuple[str, str | None]]:
    """Who says what, without what stands for pictures."""
    said = record["conversations"] if "conversations" in record else record["messages"]
    return [(str(turn.get("from", turn.get("role"))).lower(), _text(_content(turn))) for turn in said]


def _content(turn: Any) -> Any:
    return turn["value"] if "value" in turn else turn["content"]


def _text(content: Any) -> str | None:
    if content is None or isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if isinstance(part.get("text"), str))


def _answer(turns: list[tuple[str, str | None]]) -> str | None:
    """The answer to the first question; KeyError where nobody asks or answers."""
    asked = next((place for place, (who, _) in enumerate(turns) if who in _ASKING), None)
    for who, text in turns if asked is None else turns[asked + 1 :]:
        if who in _ANSWERING:
            return text
    raise KeyError("answer of an assistant")


def _prompt(turns: list[tuple[str, str | None]]) -> str:
    text = next((text for who, text in turns if who in _ASKING), "")
    return (text or "").replace(TOKEN, "").strip("\n").strip()


def pictures_of(record: Any) -> list[str]:
    """Names, URLs or data URLs of a conversation's pictures, each once, in order.

    Parameters
    ----------
    record : dict
    """
    named = [*_listed(record.get("images")), *_listed(record.get("image"))]
    said = record["conversations"] if "conversations" in record else record["messages"]
    parts = (part for turn in said for part in _parts(_content(turn)))
    found = [_name(each) for each in (*named, *(part.get("image_url") or part.get("image") for part in parts))]
    return list(dict.fromkeys(name for name in found if name))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parts(content: Any) -> list[Any]:
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _name(picture: Any) -> str:
    """Name of a picture that may be inside an object: OpenAI's ``url``, the ``path`` of `datasets`."""
    if isinstance(picture, dict):
        picture = picture.get("url") or picture.get("path")
    return str(picture or "").removeprefix("file://")


def trainer_lines(job: Job, entry: dict[str, Any]) -> list[str]:
    """What a user of LLaMA-Factory or ms-swift still types for a file of conversations, for its card.

    Parameters
    ----------
    job : Job
    entry : dict
        What LLaMA-Factory's ``dataset_info.json`` shall say of the file.
    """
    name = Path(entry["file_name"]).stem
    return [
        f"# LLaMA-Factory: dataset_info.json beside the file, and media_dir: {job.root}\n{to_json({name: entry})}",
        f"# ms-swift\nexport ROOT_IMAGE_DIR={shlex.quote(str(job.root))}",
    ]


def read_turns(path: str | Path, root: str | Path | None, column: str) -> pd.DataFrame:
    """Read the first question and answer of each conversation.

    Parameters
    ----------
    path : path
        The file.
    root : path or None
        Folder of the pictures. None is the file's own.
    column : str
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
    reading = Reading(path)
    locator = Locator(path, root, reading)
    return reading.table(_rows(Path(path), locator, column, reading), ["path", "prompt", column])


def _rows(path: Path, locator: Locator, column: str, reading: Reading) -> Iterator[dict[str, Any]]:
    for where, record in json_records(path, reading):
        row = reading.attempt(where, _row, record, locator, column)
        if row is not None:
            exchanges = sum(who in _ANSWERING for who, _ in _turns(record))
            if exchanges > 1:
                reading.note("conversations", "have more answers, of which the first was read", where)
            yield row


def _row(record: Any, locator: Locator, column: str) -> dict[str, Any]:
    turns = _turns(record)
    paths = [locator.find(name) for name in pictures_of(record)]
    row = {"path": paths[0] if paths else None, "prompt": _prompt(turns), column: _answer(turns)}
    return row | ({"images": paths} if len(paths) > 1 else {})


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
