"""Conversations about pictures, for instruction tuning: what is said, and how such a file reads back."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting
from vlmkit.exporters.documents import Entry, json_records
from vlmkit.exporters.job import Job
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.locating import Locator
from vlmkit.exporters.values import to_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TOKEN", "check_prompt", "entry_of_turns", "pictures_of", "read_turns", "trainer_lines", "without_token"]

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
