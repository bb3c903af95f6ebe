"""Label Studio tasks whose predictions are the captions; and what people made of them, read back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote

from vlmkit.errors import BadSetting
from vlmkit.exporters.documents import Document, Entry, JsonList
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.names import resolve_name
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import Row, column_of
from vlmkit.exporters.values import plain_value, table_of_records
from vlmkit.sources.urls import is_url

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CONFIG", "read_label_studio", "to_label_studio"]

_FIELD = "caption"

CONFIG = """<View>
  <Image name="image" value="$image"/>
  <TextArea name="caption" toName="image" editable="true" maxSubmissions="1" rows="5"/>
</View>
"""
"""Labeling interface that these tasks are for."""


def _entry_of(record: Any) -> Entry:
    return Entry(name=str(record["data"]["row_id"]), text=_predicted(record), record=record)


_FILE = JsonList(_entry_of)


def to_label_studio(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    image_url: str = "/data/local-files/?d={name}",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write tasks for Label Studio, and the labeling interface they need beside them (``….config.xml``).

    Every row with a picture is a task; captions are predictions, with the model's name and, where there is a column
    ``<column>_confidence``, its score, by which doubtful ones can be sorted first.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of texts. Default: the only column of answers.
    image_url : str, default "/data/local-files/?d={name}"
        Where Label Studio finds the pictures; ``{name}`` is the name relative to `root`. URLs stay as they are.
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
    if image_url.count("{name}") != 1:
        raise BadSetting(f"image_url={image_url!r}: write {{name}} where the picture's name goes.")
    place = Path(path)
    job = start(frame, place.parent, options, title="Label Studio tasks", column=column, keep_all=True)
    Document(job.folder / place.name, _FILE, job).write(_entries(job, image_url))
    config = job.folder / f"{place.name}.config.xml"
    if not config.exists():  # one that is there may be somebody's own
        job.changes.add(str(config), "create")
        if not job.options.dry_run:
            write_whole(config, CONFIG.encode())
    return job.finish(f"{place.name}.card.md", job.loading(place.name))


def _entries(job: Job, image_url: str) -> Iterator[Entry]:
    versions = _versions(job)
    for row, name in job.named_rows():
        url = name if is_url(name) else image_url.replace("{name}", quote(name))
        record: dict[str, Any] = {"data": {"image": url, "row_id": name}}
        if row.text is not None and row.text.strip():
            record["predictions"] = [_prediction(row, versions[row.position], job)]
        yield Entry(name=name, text=row.text, record=record)


def _versions(job: Job) -> list[str]:
    """Who answered each row."""
    columns = [f"{job.text}_model", f"{job.text}_revision"]
    parts = [column_of(job.frame, name).array for name in columns if name in job.frame.columns]
    known = ([plain_value(part[position]) for part in parts] for position in range(len(job.frame)))
    return ["@".join(str(each) for each in found if each is not None) or "vlmkit" for found in known]


def _prediction(row: Row, version: str, job: Job) -> dict[str, Any]:
    value = {"text": [row.text]}
    result = {"from_name": _FIELD, "to_name": "image", "type": "textarea", "value": value}
    score = job.rows.confidence(row.position)
    return {"model_version": version, **({} if score is None else {"score": score}), "result": [result]}


def read_label_studio(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read tasks, and Label Studio's JSON export of them once people have worked on it.

    Parameters
    ----------
    path : path
    root : path or None, default None
        Folder of the pictures. Default: the file's own.
    column : str, default "caption"
        What the column of texts is called.

    Returns
    -------
    DataFrame
        ``path``, the column, and its status: ``edited`` where a person wrote something else than the prediction,
        ``accepted`` where they left it, ``flagged`` where they skipped the task, ``auto`` where nobody did anything. Of
        several annotations the last one counts.

    Raises
    ------
    SetupError
        The file cannot be read, or names pictures outside the folder.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were written
    folder = place.parent if root is None else Path(os.path.abspath(root))  # noqa: PTH100
    records = []
    for entry in _FILE.read(place):
        text, status = _judged(entry.record)
        records.append({"path": resolve_name(folder, entry.name, str(place)), column: text, f"{column}_status": status})
    return table_of_records(records, ["path", column, f"{column}_status"])


def _judged(task: Any) -> tuple[str | None, str]:
    predicted = _predicted(task)
    annotations = task.get("annotations") or []
    finished = [each for each in annotations if not each.get("was_cancelled")]
    if not finished:
        return predicted, "flagged" if annotations else "auto"
    written = _words(max(finished, key=lambda each: str(each.get("updated_at") or "")))
    return written, "accepted" if written == predicted else "edited"


def _predicted(task: Any) -> str | None:
    predictions = task.get("predictions") or []
    return _words(predictions[-1]) if predictions else None


def _words(labels: Any) -> str | None:
    found = [
        "\n".join(result["value"]["text"])
        for result in labels["result"]
        if result.get("type") == "textarea" and result.get("from_name") == _FIELD
    ]
    return found[-1] if found else None
