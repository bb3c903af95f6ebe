"""COCO captions: one JSON file of images and annotations, as `pycocotools` loads it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.errors import RunError
from vlmkit.exporters.documents import Document, Entry, load_json, unreadable
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.names import resolve_name
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import Row
from vlmkit.exporters.values import plain_value, table_of_records, to_json
from vlmkit.sources import read_header
from vlmkit.sources.urls import is_url

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CocoFile", "read_coco", "to_coco"]


class CocoFile:
    """Images and annotations; those that are there keep their ids and whatever else they say."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {"info": {"description": "Captions written by vlmkit"}, "licenses": []}
        self._last_image = 0
        self._last_annotation = 0

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file, which is loaded as a whole.

        Raises
        ------
        SetupError
            It is none of this format.
        """
        content = load_json(path, dict)
        try:
            images: dict[int, tuple[Any, list[Any]]] = {image["id"]: (image, []) for image in content["images"]}
            for annotation in content["annotations"]:
                images[annotation["image_id"]][1].append(annotation)
                self._last_annotation = max(self._last_annotation, annotation["id"])
            self._last_image = max(images, default=0)
            for image, annotations in images.values():
                captions = [str(annotation["caption"]) for annotation in annotations]
                yield Entry(
                    name=str(image["file_name"]),
                    text="\n".join(captions) if captions else None,
                    record=(image, annotations),
                )
        except (KeyError, TypeError, AttributeError) as error:
            raise unreadable(path, error) from error
        self._head = {name: content.get(name, value) for name, value in self._head.items()}

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
    usage = f"from pycocotools.coco import COCO\n\ncaptions = COCO({place.name!r})"
    return job.finish(f"{place.name}.card.md", usage)


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
        Folder of the pictures. Default: the file's own.
    column : str, default "caption"
        What the column of texts is called.

    Returns
    -------
    DataFrame
        One row per annotation: ``path``, the column, ``image_id``, ``annotation_id``; images without any have one, too.

    Raises
    ------
    SetupError
        The file cannot be read, or names pictures outside the folder.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were written
    folder = place.parent if root is None else Path(os.path.abspath(root))  # noqa: PTH100
    records = []
    for entry in CocoFile().read(place):
        image, annotations = entry.record
        picture = resolve_name(folder, entry.name, str(place))
        records += [
            {
                "path": picture,
                column: annotation.get("caption"),
                "image_id": image["id"],
                "annotation_id": annotation.get("id"),
            }
            for annotation in annotations or [{}]
        ]
    return table_of_records(records, ["path", column, "image_id", "annotation_id"])
