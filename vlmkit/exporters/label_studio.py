"""Label Studio tasks whose predictions are the captions, with the control that fits their type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.exporters.card import trace
from vlmkit.exporters.documents import Document, Entry, JsonList
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.review_tasks import predicted_values
from vlmkit.exporters.values import plain_value, tags_of
from vlmkit.frame import column_of
from vlmkit.sources import is_url

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Control", "control_for", "to_label_studio"]

_MOST_CHOICES = 100  # more are not a list to choose from


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """What a person answers with, in Label Studio.

    Attributes
    ----------
    name : str
    kind : str
        "textarea", "choices" or "number", as results have it.
    is_list : bool, default False
        Whether a value is several texts or choices.
    choices : tuple of str, default ()
    """

    name: str
    kind: str
    is_list: bool = False
    choices: tuple[str, ...] = ()

    @property
    def config(self) -> str:
        """Labeling interface with this control."""
        name = quoteattr(self.name)
        if self.kind == "number":
            tag = f'<Number name={name} toName="image"/>'
        elif self.kind == "choices":
            listed = "".join(f"\n    <Choice value={quoteattr(value)}/>" for value in self.choices)
            how = "multiple" if self.is_list else "single"
            tag = f'<Choices name={name} toName="image" choice="{how}">{listed}\n  </Choices>'
        else:
            most = "" if self.is_list else 'maxSubmissions="1" '
            tag = f'<TextArea name={name} toName="image" editable="true" {most}rows="{1 if self.is_list else 5}"/>'
        return f'<View>\n  <Image name="image" value="$image"/>\n  {tag}\n</View>\n'

    def result(self, cell: Any) -> dict[str, Any]:
        """A cell as Label Studio has results.

        Parameters
        ----------
        cell : str, bool, number or list
        """
        if self.kind == "number":
            value: dict[str, Any] = {"number": cell}
        else:
            texts = list(tags_of(cell)) if self.is_list else [_word(cell)]
            value = {"text" if self.kind == "textarea" else "choices": texts}
        return {"from_name": self.name, "to_name": "image", "type": self.kind, "value": value}


def _word(cell: Any) -> str:
    return str(cell).lower() if isinstance(cell, bool) else str(cell)


def control_for(column: pd.Series[Any], name: str) -> Control:
    """The control that fits a column: choices for categories, truths and tags, a number, or else a text.

    Parameters
    ----------
    column : Series
    name : str
        Of the control.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _chosen(name, [str(value) for value in column.dtype.categories])
    if pd.api.types.is_bool_dtype(column.dtype):
        return _chosen(name, ["true", "false"])
    if pd.api.types.is_numeric_dtype(column.dtype):
        return Control(name=name, kind="number")
    cells = [plain_value(value) for value in column.array]
    if any(isinstance(cell, list) for cell in cells):
        return _chosen(name, sorted({tag for cell in cells for tag in tags_of(cell)}), is_list=True)
    return Control(name=name, kind="textarea")


def _chosen(name: str, choices: Sequence[str], *, is_list: bool = False) -> Control:
    if 0 < len(choices) <= _MOST_CHOICES:
        return Control(name=name, kind="choices", is_list=is_list, choices=tuple(choices))
    return Control(name=name, kind="textarea", is_list=is_list)


def _entry_of(record: Any) -> Entry:
    data = record["data"]
    name = data["row_id"] if "row_id" in data else data["image"]
    values = predicted_values(record)
    return Entry(name=str(name), text=None if not values else str(next(reversed(values.values()))), record=record)


_FILE = JsonList(_entry_of)


def to_label_studio(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    image_url: str = "/data/local-files/?d={folder}/{name}",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write tasks for Label Studio, and the labeling interface they need beside them (``<name>.config.xml``).

    Every row with a picture is a task; values are predictions, with the model's name as their version and, where there
    is a column ``<column>_confidence``, its score, by which doubtful ones can be sorted first. The control is called
    like the column, and fits it: categories, truths and lists of up to 100 tags are chosen from, numbers typed, all
    else is text.

    So that Label Studio shows the pictures, start it with ``LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true`` and
    ``LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT`` naming the folder above `root`, make a project with the labeling
    interface, add `root` itself to it as a local storage, and import the tasks. The card has these steps, with paths.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of values. Default: the only column of answers.
    image_url : str, default "/data/local-files/?d={folder}/{name}"
        Where Label Studio finds the pictures; ``{name}`` is the name relative to `root`, ``{folder}`` the name of
        `root` itself. URLs stay as they are.
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
    control = control_for(column_of(frame, job.text), str(job.text))
    Document(job.folder / place.name, _FILE, job).write(_entries(job, control, image_url))
    config = job.folder / f"{place.stem}.config.xml"  # a name with the ending of the tasks would pass for data
    if not config.exists():  # one that is there may be somebody's own
        job.changes.add(str(config), "create")
        if not job.options.dry_run:
            write_whole(config, control.config.encode())
    return job.finish(place.name, [job.loading(place.name), _steps(job, place.name, config.name)])


def _steps(job: Job, tasks: str, config: str) -> str:
    return (
        "# Label Studio shows local pictures when it is started so:\n"
        "export LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true\n"
        f'export LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT="{job.root.parent}"\n'
        f"# 1. a project with the labeling interface {config}\n"
        f'# 2. Settings, Cloud Storage, Add Source Storage, Local files: "{job.root}"\n'
        f"# 3. Import: {tasks}\n"
        "# 4. later, Export: JSON; read it with vk.read_dataset, or take it over with df.vlm.merge_edits"
    )


def _entries(job: Job, control: Control, image_url: str) -> Iterator[Entry]:
    versions = _versions(job)
    cells = column_of(job.frame, job.text).array
    folder = f"{quote(job.root.name)}/" if job.root.name else ""
    pattern = image_url.replace("{folder}/", folder).replace("{folder}", quote(job.root.name))
    for row, name in job.named_rows():
        url = name if is_url(name) else pattern.replace("{name}", quote(name))
        record: dict[str, Any] = {"data": {"image": url, "row_id": name}}
        if row.text is not None and row.text.strip():
            score = job.rows.confidence(row.position)
            record["predictions"] = [
                {
                    "model_version": versions[row.position],
                    **({} if score is None else {"score": score}),
                    "result": [control.result(plain_value(cells[row.position]))],
                }
            ]
        yield Entry(name=name, text=row.text, record=record)


def _versions(job: Job) -> list[str]:
    """Who answered each row: the model's name where the table or its run has it."""
    columns = [f"{job.text}_model", f"{job.text}_revision"]
    parts = [column_of(job.frame, name).array for name in columns if name in job.frame.columns]
    if not parts:
        return [_model_of_run(job)] * len(job.frame)
    known = ([plain_value(part[position]) for part in parts] for position in range(len(job.frame)))
    return ["@".join(str(each) for each in found if each is not None) or "vlmkit" for found in known]


def _model_of_run(job: Job) -> str:
    found = trace(job.frame, job.text, job.options)
    only = next(iter(found.models)) if len(found.models) == 1 else None
    return str(only or (found.run or {}).get("model") or "vlmkit")
