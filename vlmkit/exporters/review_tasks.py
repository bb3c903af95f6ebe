"""Label Studio's exports of any project as tables: what people answered, what models said, where the pictures are."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from vlmkit.arguments import check_choice
from vlmkit.exporters.documents import json_records
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.locating import Locator
from vlmkit.sources import PICTURE_SUFFIXES, is_url

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = ["is_label_studio", "predicted_values", "read_label_studio"]

_SINGLE = ("textarea", "choices", "taxonomy", "rating", "number", "datetime", "pairwise")
_KEYS = {"textarea": "text", "pairwise": "selected"}
_USUAL = ("image", "captioning", "img", "picture", "photo", "image_url", "url", "file", "path")
_ABOUT_MIN = frozenset(("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"))
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")

_Answers = dict[str, Any]


def is_label_studio(candidate: Candidate) -> bool:
    """Whether a JSON file has tasks of Label Studio's JSON, or of its JSON-MIN.

    Parameters
    ----------
    candidate : Candidate
    """
    record = candidate.record or {}
    return isinstance(record.get("data"), dict) or {"annotator", "id"} <= set(record)


def read_label_studio(
    path: str | Path,
    *,
    root: str | Path | None = None,
    column: str | None = None,
    annotations: Literal["last", "all"] = "last",
) -> pd.DataFrame:
    """Read tasks, and Label Studio's exports of any project once people have worked on it, JSON and JSON-MIN.

    Pictures are looked for below `root` by the end of their path: local files, uploads (whose names have eight letters
    before them), and keys of a cloud storage. What is nowhere keeps its URL, or the path where it would be.

    Parameters
    ----------
    path : path
    root : path or None, default None
        Folder of the pictures. Default: the file's own.
    column : str or None, default None
        What the column of the only control that takes texts is called. None takes the control's own name.
    annotations : {"last", "all"}, default "last"
        Of several people's annotations of one task: the last one; or each as a row, and ``annotator`` says whose.

    Returns
    -------
    DataFrame
        ``path``; a column for each control, and its status: ``edited`` where a person wrote something else than the
        prediction, ``accepted`` where they left it or where the export does not say what it was, ``flagged`` where they
        skipped the task, ``auto`` where nobody did anything. Texts and choices are texts, several choices lists, and
        boxes and other regions lists of what Label Studio says of them. Other data of the tasks follow. Export by
        default leaves out what models said about tasks nobody worked on: there NA.

    Raises
    ------
    SetupError
        There is nothing to read in it.
    """
    check_choice("annotations", annotations, ("last", "all"))
    reading = Reading(path)
    locator = Locator(path, root, reading)
    tasks: list[dict[str, Any]] = []
    for where, record in json_records(Path(path), reading):
        tasks += reading.attempt(where, _rows, record, where, locator, reading, annotations == "all") or []
    _unify(tasks)
    if column is not None:
        _rename(tasks, column)
    texts = list(dict.fromkeys(name for task in tasks for name in task["answers"]))
    names = [each for name in map(_column, texts) for each in (name, f"{name}_status")]
    return reading.table((_flat(task, texts) for task in tasks), ["path", *names])


def _flat(task: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """A row: an answer called like the path gets another name, and so do data that are called like an answer."""
    answers, statuses = task["answers"], task["statuses"]
    cells: dict[str, Any] = {"path": task["path"]}
    for name in names:
        column = _column(name)
        cells |= {column: answers.get(name), f"{column}_status": statuses.get(name, task["status"])}
    return cells | {f"data_{name}" if name in cells else name: value for name, value in task["further"].items()}


def _column(name: str) -> str:
    return "path_answer" if name == "path" else name


def _rows(task: Any, where: str, locator: Locator, reading: Reading, is_all: bool) -> list[dict[str, Any]]:
    """What a task becomes: one row, or one for each person."""
    if not isinstance(task.get("data"), dict):
        return [_minimal(task, locator)]
    path, data = _pictured(task["data"], locator)
    number = {"task_id": task["id"]} if task.get("id") is not None else {}
    base = {"path": path, "further": {**data, **number}}
    people, finished = _people(task)
    if is_all and finished:
        return [_judged(base, task, each, annotator=_who(each)) for each in finished]
    if len({repr(_values(each)) for each in finished}) > 1:
        reading.note("tasks", 'people disagree, and the last one counts; pass annotations="all" for each', where)
    if finished:
        return [_judged(base, task, finished[-1])]
    said = predicted_values(task) or next(
        (_values(each["prediction"]) for each in people if each.get("prediction")), {}
    )
    return [{**base, "answers": said, "statuses": {}, "status": "flagged" if people else "auto"}]


def _people(task: Any) -> tuple[list[Any], list[Any]]:
    """Annotations of a task, and those that were finished, the last one last."""
    given = task.get("annotations") or task.get("completions") or []  # the second is what it was called before 1.0
    people = [each for each in given if isinstance(each, dict)]
    finished = [each for each in people if not each.get("was_cancelled")]
    return people, sorted(finished, key=lambda each: str(each.get("updated_at") or ""))


def _judged(base: dict[str, Any], task: Any, annotation: Any, **further: Any) -> dict[str, Any]:
    """A row of one person's answers."""
    answers = _values(annotation)
    predicted = _values(annotation["prediction"]) if annotation.get("prediction") else predicted_values(task)
    is_known = bool(annotation.get("prediction")) or not any(not isinstance(each, dict) for each in _predictions(task))
    answers = {**dict.fromkeys(predicted), **answers}
    statuses = {
        name: "accepted" if not is_known or value == predicted.get(name) else "edited"
        for name, value in answers.items()
    }
    more = {**base["further"], **further}
    return {**base, "further": more, "answers": answers, "statuses": statuses, "status": "auto"}


def _who(annotation: Any) -> Any:
    person = annotation.get("completed_by")
    return str(person.get("email") or person.get("id")) if isinstance(person, dict) else person


def _predictions(task: Any) -> list[Any]:
    return task.get("predictions") or []


def predicted_values(task: Any) -> _Answers:
    """What the last model said about a task, by control; an export may have only the numbers of predictions.

    Parameters
    ----------
    task : dict
    """
    full = [each for each in _predictions(task) if isinstance(each, dict)]
    return _values(full[-1]) if full else {}


def _values(labels: Any) -> _Answers:
    """Values of an annotation or prediction, by control."""
    found: _Answers = {}
    for result in labels.get("result") or []:
        kind, value = str(result.get("type")), result.get("value") or {}
        name = str(result.get("from_name") or "relations")
        key = _KEYS.get(kind, kind)
        if kind in _SINGLE and not {"x", "points", "start"} & set(value):
            if value.get(key) is not None:
                found[name] = _joined(found[name], value[key]) if name in found else _plain(kind, value[key])
        else:
            known = {each: result[each] for each in ("id", "type", *_REGION) if each in result} | value
            found.setdefault(name, []).append(known)
    return found


_REGION = ("original_width", "original_height", "image_rotation", "from_id", "to_id", "direction", "labels")


def _plain(kind: str, value: Any) -> Any:
    return "\n".join(map(str, value)) if kind == "textarea" and isinstance(value, list) else value


def _joined(before: Any, value: Any) -> Any:
    """Two results of one control: further lines of a text, further choices."""
    more = value if isinstance(value, list) else [value]
    return "\n".join([before, *map(str, more)]) if isinstance(before, str) else [*before, *more]


def _minimal(record: Any, locator: Locator) -> dict[str, Any]:
    """A row of JSON-MIN, which says neither which keys are answers nor what models said."""
    if "annotator" not in record and {"data", "annotations", "predictions"} & set(record):
        raise ValueError("no 'data'")  # a broken task of the long form
    data = {name: _unpacked(value) for name, value in record.items() if name not in _ABOUT_MIN}
    path, further = _pictured(data, locator)
    answers = {name: value for name, value in further.items() if name != "row_id"}
    named = {"row_id": further["row_id"]} if "row_id" in further else {}
    is_done = record.get("annotator") is not None
    return {
        "path": path,
        "answers": answers,
        "statuses": {name: "accepted" for name, value in answers.items() if is_done and value is not None},
        "status": "auto",
        "further": {**named, "task_id": record.get("id")},
    }


def _unpacked(value: Any) -> Any:
    """A value of JSON-MIN: several choices are in an object, several lines in a list."""
    if isinstance(value, dict) and isinstance(value.get("choices"), list):
        return value["choices"]
    return "\n".join(value) if _is_choice(value) else value


def _unify(tasks: list[dict[str, Any]]) -> None:
    """One type for the choices of a control: texts where nobody chose several, else lists."""
    for name in {name for task in tasks for name, value in task["answers"].items() if _is_choice(value)}:
        values = [task["answers"].get(name) for task in tasks]
        is_single = all(len(value) <= 1 for value in values if isinstance(value, list))
        for task, value in zip(tasks, values, strict=True):
            if is_single and isinstance(value, list):
                task["answers"][name] = next(iter(value), None)
            elif not is_single and isinstance(value, str):
                task["answers"][name] = [value]


def _is_choice(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _rename(tasks: list[dict[str, Any]], column: str) -> None:
    """Call the only control of texts as the caller does."""
    names = {name for task in tasks for name, value in task["answers"].items() if isinstance(value, str)}
    for task in tasks if len(names) == 1 and column not in names else ():
        for part in (task["answers"], task["statuses"]):
            if (name := next(iter(names))) in part:
                part[column] = part.pop(name)


def _pictured(data: dict[str, Any], locator: Locator) -> tuple[str | None, dict[str, Any]]:
    """Path of the picture of a task, and what else its data say."""
    keys = [*(name for name in _USUAL if name in data), *data]
    key = next((name for name in keys if any(map(_is_picture, _listed(data[name])))), None)
    others = {name: value for name, value in data.items() if name != key}
    if key is None:
        named = data.get("row_id")
        return (None if named is None else locator.find(str(named))), others
    paths = _paths([url for url in _listed(data[key]) if isinstance(url, str)], str(data.get("row_id", "")), locator)
    return paths[0], others | ({"images": paths} if len(paths) > 1 else {})


def _paths(urls: list[str], own: str, locator: Locator) -> list[str]:
    """Paths of a task's pictures; vlmkit's tasks say what the first is called here."""
    known = own if _is_picture(own) else None
    here = None if known is None else locator.present(known)
    first = here or _path(urls[0], locator, known)
    return [first, *(_path(url, locator, None) for url in urls[1:])]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_picture(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    ending = re.search(r"(\.\w+)(?:[?#].*)?$", value)
    return (
        is_url(value)
        or value.startswith(("/data/", "/tasks/"))
        or bool(ending and ending[1].lower() in PICTURE_SUFFIXES)
    )


def _path(url: str, locator: Locator, known: str | None) -> str:
    """Path of a picture as tasks name it; URLs that lead to other machines stay, unless the file is here."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if "fileuri" in query:  # a signed reference of Label Studio to a cloud storage
        return _path(_decoded(query["fileuri"][0]), locator, known)
    if parts.path.endswith("/data/local-files/") and "d" in query:
        return _local(query["d"][0], locator, known)
    if "/data/upload/" in parts.path:
        base = unquote(parts.path).rpartition("/")[2]
        return locator.find_ending(base) or _local(_UPLOADED.sub("", base), locator, known)
    if parts.scheme in {"http", "https", "data"}:
        return url
    if is_url(url):
        return locator.find_ending(unquote(parts.path)) or url
    return _local(url, locator, known)


def _local(name: str, locator: Locator, known: str | None) -> str:
    """Path of a file by the end of its path elsewhere, or where it would be."""
    return locator.find_ending(name) or locator.find(known or name.lstrip("/"))


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return text
