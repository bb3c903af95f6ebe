"""COCO captions: one JSON file of images and annotations, as `pycocotools` loads it."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.errors import RunError
from vlmkit.exporters.documents import Document, Entry, load_json
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Fault, Reading, unreadable
from vlmkit.exporters.locating import Locator
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import Row
from vlmkit.exporters.values import plain_value, to_json
from vlmkit.sources import is_url, read_header

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = ["CocoFile", "is_coco", "read_coco", "to_coco"]

_DIGITS = 19  # of a whole number that a column holds


class CocoFile:
    """Images and annotations; those that are there keep their ids and whatever else they say."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {"info": {"description": "Captions written by vlmkit"}, "licenses": []}
        self._last_image = 0
        self._last_annotation = 0
        self._kinds: dict[str, Any] = {}

    def read(self, path: Path, reading: Reading | None = None) -> Iterator[Entry]:
        """Entries of a file, which is loaded as a whole; ids may be numbers or texts.

        Raises
        ------
        SetupError
            It is none of this format; without an account, also where one image or annotation is none.
        """
        account = Reading(path, strict=True) if reading is None else reading
        content = load_json(path, dict)
        images = _listed(path, content, "images")
        counts = Counter(_key(image["id"]) for image in images if _has(image, "id"))
        found: dict[str, list[Any]] = {number: [] for number in counts}
        for number, annotation in enumerate(_listed(path, content, "annotations", needed=False), 1):
            account.attempt(f"annotation {number}", _sort_in, annotation, found, counts)
        self._last_annotation = max(map(_number, chain.from_iterable(found.values())), default=0)
        self._last_image = max(map(_number, images), default=0)
        self._kinds = {
            _key(each.get("id")): each.get("name")
            for each in _listed(path, content, "categories", needed=False)
            if _has(each, "id")
        }
        for number, image in enumerate(images, 1):
            entry = account.attempt(f"image {number}", _entry_of, image, found, counts)
            if entry is not None:
                yield entry
        self._head = {name: content.get(name, value) for name, value in self._head.items()}

    @property
    def categories(self) -> dict[str, Any]:
        """Names of the categories of the file that was read, by id."""
        return self._kinds

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file; annotations wait in a temporary one."""
        with tempfile.TemporaryFile() as annotations:
            stream.write(b'{"images": [')
            count = 0
            for number, entry in enumerate(entries):
                image, captions = self._numbered(*entry.record)
                stream.write(f"{',' if number else ''}\n{to_json(image)}".encode())
                for caption in captions:
                    annotations.write(f"{',' if count else ''}\n{to_json(caption)}".encode())
                    count += 1
            stream.write(b'\n],\n"annotations": [')
            annotations.seek(0)
            shutil.copyfileobj(annotations, stream)
            stream.write(f"\n],\n{to_json(self._head)[1:]}\n".encode())

    def _numbered(
        self, image: dict[str, Any], captions: list[dict[str, Any]]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        if "id" not in image:
            self._last_image += 1
            image = {"id": self._last_image, **image}
        numbered = []
        for caption in captions:
            if "id" not in caption:
                self._last_annotation += 1
                caption = {"id": self._last_annotation, "image_id": image["id"], **caption}  # noqa: PLW2901
            numbered.append(caption)
        return image, numbered


def _listed(path: Path, content: dict[str, Any], name: str, *, needed: bool = True) -> list[Any]:
    found = content.get(name)
    if isinstance(found, list) or (found is None and not needed):
        return found or []
    raise unreadable(path, KeyError(name))


def _has(record: Any, name: str) -> bool:
    return isinstance(record, dict) and record.get(name) is not None


def _number(record: Any) -> int:
    """Id of a record, where it is a number by which the next ones are counted."""
    number = record.get("id") if isinstance(record, dict) else None
    return int(number) if isinstance(number, int) or (isinstance(number, str) and number.isdecimal()) else 0


def _sort_in(annotation: dict[str, Any], found: dict[str, list[Any]], counts: Counter[str]) -> None:
    """Put an annotation to its image.

    Raises
    ------
    ValueError
        There is none of its id, or several.
    """
    about = _key(annotation["image_id"])
    if about not in found:
        raise ValueError(f"it is about image {about}, which is not there")
    if counts[about] > 1:
        raise ValueError(f"it is about image {about}, and {counts[about]} images have this id")
    found[about].append(annotation)


def _key(number: Any) -> str:
    """An id, whichever type it has: 7, 7.0 and "7" are one."""
    return str(int(number) if isinstance(number, float) and number.is_integer() else number)


def _name(image: dict[str, Any]) -> str:
    named = (image.get(key) for key in ("file_name", "path", "coco_url", "flickr_url"))
    if (name := next((each for each in named if each), None)) is None:
        raise KeyError("file_name")
    return str(name)


def _entry_of(image: dict[str, Any], found: dict[str, list[Any]], counts: Counter[str]) -> Entry:
    number = _key(image.get("id"))
    annotations = found.get(number, []) if counts[number] == 1 else []
    own = image.get("captions", image.get("caption"))
    captions = [str(each["caption"]) for each in annotations if _has(each, "caption")]
    captions = captions or [str(each) for each in (own if isinstance(own, list) else [own]) if each is not None]
    return Entry(name=_name(image), text="\n".join(captions) if captions else None, record=(image, annotations))


def to_coco(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write COCO captions.

    Sizes are those of the pixels as stored, before EXIF turns them. With ``if_exists="append"`` images and annotations
    that are there keep their ids.

    Parameters
    ----------
    frame : DataFrame
        Its columns ``width`` and ``height`` are used where it has them, as `read_images` gives them.
    path : path
        The file.
    column : str or None, default None
        Column of texts. Default: the only column of answers.
    **options
        As in `ExportOptions`; ``file_name`` is relative to `root`.

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
    job = start(frame, place.parent, options, title="COCO captions", column=column)
    sizes = _sizes(frame)
    Document(job.folder / place.name, CocoFile(), job).write(_entries(job, sizes))
    usage = (
        f"from pycocotools.coco import COCO\n\ncaptions = COCO({place.name!r})  # names of pictures are relative to "
    )
    return job.finish(place.name, [f"{usage}{job.root}", job.loading(place.name)])


def _sizes(frame: pd.DataFrame) -> tuple[Any, Any] | None:
    if "width" in frame.columns and "height" in frame.columns:
        return frame["width"].array, frame["height"].array
    return None


def _entries(job: Job, sizes: tuple[Any, Any] | None) -> Iterator[Entry]:
    for row, name in job.named_rows():
        known = None if sizes is None else tuple(plain_value(column[row.position]) for column in sizes)
        try:
            width, height = known if known is not None and all(known) else _size(job, row)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        image = {"file_name": name, "width": width, "height": height}
        if is_url(name):
            image["coco_url"] = name
        yield Entry(name=name, text=row.text, record=(image, [{"caption": row.text}]))


def _size(job: Job, row: Row) -> tuple[int, int]:
    header = read_header(row.ref, limits=job.limits)
    return header.width, header.height


def read_coco(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read COCO captions.

    Parameters
    ----------
    path : path
    root : path or None, default None
        Folder of the pictures. Default: the file's own; where they are not there, the usual ones beside it, such as
        ``../images`` and ``../train2017``.
    column : str, default "caption"
        What the column of texts is called.

    Returns
    -------
    DataFrame
        One row per annotation: ``path``, the column, ``image_id``, ``annotation_id``; images without any have one, too.
        Where the file has objects, ``category`` and ``bbox`` as well. Of two images with one id, both are rows, and
        ``<column>_error`` says why they have no text. Annotations of no image are left out, and a warning counts them.

    Raises
    ------
    SetupError
        The file cannot be read.
    """
    reading = Reading(path)
    return reading.table(_rows(path, root, column, reading), ["path", column, "image_id", "annotation_id"])


def _rows(path: str | Path, root: str | Path | None, column: str, reading: Reading) -> Iterator[dict[str, Any]]:
    file, locator = CocoFile(), Locator(path, root, reading)
    entries = list(file.read(Path(path), reading))
    counts = Counter(_key(entry.record[0].get("id")) for entry in entries)
    for number, entry in enumerate(entries, 1):
        image, annotations = entry.record
        picture = reading.attempt(f"image {number}", locator.find, entry.name)
        if picture is None:
            continue
        row: dict[str, Any] = {"path": picture, column: None, "image_id": _id(image.get("id")), "annotation_id": None}
        if (same := counts[_key(image.get("id"))]) > 1 and image.get("id") is not None:
            row[column] = Fault(f"{same} images have the id {image['id']}, so that no caption is surely this one's")
        elif not annotations:
            row[column] = entry.text
        if not annotations:
            yield row
        yield from (row | _facts(annotation, column, file.categories) for annotation in annotations)


def _id(value: Any) -> Any:
    known = _key(value)
    return int(known) if len(known) < _DIGITS and known.isdecimal() and str(int(known)) == known else value


def _facts(annotation: dict[str, Any], column: str, categories: dict[str, Any]) -> dict[str, Any]:
    caption = str(annotation["caption"]) if _has(annotation, "caption") else None
    facts: dict[str, Any] = {column: caption, "annotation_id": _id(annotation.get("id"))}
    if _has(annotation, "category_id"):
        facts["category"] = categories.get(_key(annotation["category_id"]), _key(annotation["category_id"]))
    if _has(annotation, "bbox"):
        facts["bbox"] = annotation["bbox"]
    return facts


def is_coco(candidate: Candidate) -> bool:
    """Whether a JSON document has a list of pictures.

    Parameters
    ----------
    candidate : Candidate
    """
    return isinstance((candidate.document or {}).get("images"), list)
