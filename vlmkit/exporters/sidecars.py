"""A text file beside each picture, as trainers read them: `photo.jpg` and `photo.txt`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Unpack

from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.names import check_inside, safe_name
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.pictures import file_of_picture
from vlmkit.exporters.rows import Row
from vlmkit.exporters.side_files import Content, write_side_files
from vlmkit.exporters.values import split_tags, table_of_records
from vlmkit.sources.formats import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SidecarFile", "read_sidecars", "to_sidecars"]

_LINES = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class SidecarFile:
    """How such a file is written.

    Attributes
    ----------
    separator : str
        What stands between an old text and a new one.
    one_line : bool
        Whether line ends become spaces.
    wildcards : bool
        Whether braces are doubled.
    """

    separator: str
    one_line: bool = True
    wildcards: bool = False

    def read(self, data: bytes) -> Content:
        """Text of a file, as it stands there; `ValueError` where it is not UTF-8."""
        return Content(data.decode("utf-8-sig").removesuffix("\n"))

    def write(self, old: bytes | None, content: Content) -> bytes:  # noqa: ARG002  nothing else is in the file
        """The file."""
        return content.text.encode()

    def content(self, row: Row) -> Content:
        """Text of a row: caption, tags, or the tags behind the caption."""
        parts = [row.text.strip()] if row.text and row.text.strip() else []
        text = ", ".join([*parts, *row.tags])
        text = _LINES.sub(" ", text) if self.one_line else text
        return Content(re.sub(r"([{}])", r"\1\1", text) if self.wildcards else text)


def to_sidecars(
    frame: pd.DataFrame,
    directory: str | Path | None = None,
    *,
    column: str | None = None,
    tags: str | None = None,
    suffix: str = ".txt",
    one_line: bool = True,
    wildcards: bool = False,
    separator: str | None = None,
    with_pictures: bool = False,
    upright: bool = False,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write a text file beside each picture.

    Texts that are there already stay: see `if_exists`. Rows without text, that failed or were rejected are left out.

    Parameters
    ----------
    frame : DataFrame
    directory : path or None, default None
        None is beside the pictures themselves.
    column : str or None, default None
        Column of texts. Default: the only column of answers, unless there are tags.
    tags : str or None, default None
        Column of tags, lists or texts with commas; written behind the text with commas.
    suffix : str, default ".txt"
        kohya's scripts look for ``".caption"`` unless told.
    one_line : bool, default True
        Whether line ends become spaces: most trainers read the first line only.
    wildcards : bool, default False
        Whether braces are doubled, for kohya's ``enable_wildcard``, which would draw lots among what is in them.
    separator : str or None, default None
        Between an old text and a new one, with ``if_exists="append"``; None is ``", "`` for tags alone, else a space.
    with_pictures : bool, default False
        Whether pictures are copied into the directory, too.
    upright : bool, default False
        Whether copied pictures are turned as their EXIF says; kohya's scripts do not heed it.
    **options
        As in `ExportOptions`.

    Returns
    -------
    DataFrame
        What was done, or would be: path, action, before, after, reason.

    Raises
    ------
    SetupError
        Different texts are there already, or one cannot be written.
    """
    if not re.fullmatch(r"\.[\w.-]+", suffix) or suffix.lower() in SUFFIXES:
        raise BadSetting(f"suffix={suffix!r}: give the ending of a text file, such as '.txt' or '.caption'.")
    if (with_pictures or upright) and directory is None:
        raise BadSetting("with_pictures: pictures are copied into a directory, so name one.")
    job = _start(frame, directory, options, "sidecars", column, tags)
    between = separator if separator is not None else ", " if job.text is None else " "
    form = SidecarFile(separator=between, one_line=one_line, wildcards=wildcards)
    target_of = side_targets(job, directory, lambda name: str(PurePosixPath(name).with_suffix(suffix)))
    write_side_files(job, form, target_of, form.content)
    if with_pictures:
        _copy_pictures(job, upright=upright)
    return job.finish("captions.card.md", f"import vlmkit as vk\n\ndf = vk.read_sidecars({job.folder.name!r})")


def _start(
    frame: pd.DataFrame,
    directory: str | Path | None,
    options: ExportOptions,
    title: str,
    column: str | None,
    tags: str | None,
) -> Job:
    if directory is not None:
        return start(frame, directory, options, title=title, column=column, tags=tags)
    job = start(frame, Path.cwd(), options, title=title, column=column, tags=tags)
    return start(frame, job.root, options, title=title, column=column, tags=tags)


def side_targets(job: Job, directory: str | Path | None, rename: Callable[[str], str]) -> Callable[[Row], Path | str]:
    """What finds the file of a row.

    Parameters
    ----------
    job : Job
    directory : path or None
        None is beside the pictures.
    rename : callable
        Name of the file by that of its picture.
    """
    is_beside = directory is None or job.folder == job.root

    def target_of(row: Row) -> Path | str:
        name, reason = job.refer_to(row)
        if name is None:
            return reason
        if name == row.path and not os.path.lexists(name):
            return "its picture is not a file here; download it, or write a format that holds the pictures."
        if not is_beside:
            target = job.folder / rename(safe_name(name, PurePosixPath(name).suffix))
            check_inside(job.folder, target)
            return target
        target = job.root / rename(name)
        return target if target.parent.is_dir() else f"{target.parent}: no such folder; correct the path."

    return target_of


def _copy_pictures(job: Job, *, upright: bool) -> None:
    for row in job.rows:
        name, _ = job.refer_to(row)
        if row.fault or name is None:
            continue
        try:
            file = file_of_picture(row.ref, name, upright=upright, limits=job.limits)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        target = job.folder / safe_name(name, PurePosixPath(name).suffix)
        target = target.with_suffix(file.suffix)
        there = target.read_bytes() if target.is_file() else None
        if there is not None and there != file.data and job.options.if_exists == "fail":
            raise SetupError(f'{target}: another picture is there. Pass if_exists="overwrite", or write elsewhere.')
        replaces = there is None or (there != file.data and job.options.if_exists == "overwrite")
        if replaces and not job.options.dry_run:
            job.backups.keep(target)
            write_whole(target, file.data)


def read_sidecars(
    directory: str | Path,
    *,
    suffix: str | None = None,
    column: str = "caption",
    is_tags: bool = False,
    wildcards: bool = False,
) -> pd.DataFrame:
    """Read the text files beside the pictures of a folder and its subfolders.

    Parameters
    ----------
    directory : path
    suffix : str or None, default None
        None is ``".txt"``, or ``".caption"`` where there are no others.
    column : str, default "caption"
        What the column of texts is called.
    is_tags : bool, default False
        Whether texts are tags with commas, and the column shall be of lists.
    wildcards : bool, default False
        Whether doubled braces are single ones.

    Returns
    -------
    DataFrame
        ``path`` of each picture, and the column; NA where a picture has no text file.

    Raises
    ------
    SetupError
        There is no such folder, it holds no pictures, or a text is not UTF-8.
    """
    folder = Path(os.path.abspath(directory))  # noqa: PTH100  links stay as they were written
    endings = [suffix] if suffix is not None else [".txt", ".caption"]
    suffix = next((ending for ending in endings if next(folder.rglob(f"*{ending}"), None) is not None), endings[0])
    records = []
    for picture in pictures_below(folder):
        text = _text_of(picture.with_suffix(suffix))
        if text is not None and wildcards:
            text = text.replace("{{", "{").replace("}}", "}")
        value = split_tags(text) if is_tags and text is not None else text
        records.append({"path": str(picture), column: value})
    return table_of_records(records, ["path", column])


def pictures_below(folder: Path) -> Iterator[Path]:
    """Pictures of a folder and its subfolders, in natural order; hidden ones are passed over.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    SetupError
        There is no such folder, or no picture in it.
    """
    from vlmkit.sources import read

    return (Path(str(ref.source)) for ref in read(folder, recursive=True))


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8-sig").removesuffix("\n")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise SetupError(f"{path}: not UTF-8 ({error}). Save it as UTF-8, as trainers want it.") from error
    except OSError as error:
        raise SetupError(
            f"{path}: cannot be read ({error.strerror or error}). Make it readable, or move it."
        ) from error
