"""A text file beside each picture, as trainers read them: `photo.jpg` and `photo.txt`."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.decoding import decode_text, fault_of_file, known_encoding
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Fault, Reading
from vlmkit.exporters.names import check_inside, safe_name
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.pictures import file_of_picture
from vlmkit.exporters.rows import Row
from vlmkit.exporters.side_files import Content, write_side_files
from vlmkit.exporters.values import plain_value, split_tags
from vlmkit.sources import PICTURE_SUFFIXES
from vlmkit.untrusted import for_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SidecarFile", "doubled_braces", "pictures_below", "read_sidecars", "side_targets", "to_sidecars"]

_LINES = re.compile(r"\s*[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class SidecarFile:
    """How such a file is written.

    Attributes
    ----------
    separator : str
        What stands between an old text and a new one.
    is_tags : bool
        Whether texts are tags alone, which are said once.
    one_line : bool
        Whether line ends become spaces.
    wildcards : bool
        Whether braces are doubled.
    """

    separator: str
    is_tags: bool = False
    one_line: bool = True
    wildcards: bool = False

    def read(self, data: bytes) -> Content:
        """Text of a file.

        Raises
        ------
        ValueError
            It is in no encoding that is certain.
        """
        text, _ = decode_text(data)
        if (fault := fault_of_file(text)) is not None:
            raise ValueError(fault)
        return Content(_trimmed(text))

    def write(self, old: bytes | None, content: Content) -> bytes:  # noqa: ARG002  nothing else is in the file
        """The file."""
        return content.text.encode()

    def content(self, row: Row) -> Content:
        """Text of a row: caption, tags, or the tags behind the caption."""
        parts = [text] if (text := for_file(row.text or "").strip()) else []
        text = ", ".join([*parts, *map(for_file, row.tags)])
        text = _LINES.sub(" ", text) if self.one_line else _trimmed(text)
        return Content(doubled_braces(text) if self.wildcards else text)


def doubled_braces(text: str) -> str:
    """A text in which braces mean themselves to kohya's ``enable_wildcard``."""
    return re.sub(r"([{}])", r"\1\1", text)


def _trimmed(text: str) -> str:
    """A text with plain line ends, and nothing blank at the end of a line or around it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


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
        Column of texts, or of lists, which are tags. Default: the only column of answers, unless there are tags.
    tags : str or None, default None
        Column of tags, lists or texts with commas; written behind the text with commas.
    suffix : str, default ".txt"
        kohya's scripts look for ``".caption"`` unless told.
    one_line : bool, default True
        Whether line ends become spaces: most trainers read the first line only.
    wildcards : bool, default False
        Whether braces are doubled, for kohya's ``enable_wildcard``, which would draw lots among what is in them.
    separator : str or None, default None
        Between an old text and a new one, with ``if_exists="append"``; None is a space, and for tags alone ``", "``,
        where no tag is written twice.
    with_pictures : bool, default False
        Whether pictures are copied into the directory, too; those of rows that are left out are not.
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
    _check_suffix(suffix)
    if (with_pictures or upright) and directory is None:
        raise BadSetting("with_pictures: pictures are copied into a directory, so name one.")
    job = start(frame, directory, options, title="sidecars", column=column, tags=tags)
    is_tags = separator is None and (job.text is None or (tags is None and _holds_lists(frame[job.text])))
    between = separator if separator is not None else ", " if is_tags else " "
    form = SidecarFile(separator=between, is_tags=is_tags, one_line=one_line, wildcards=wildcards)
    target_of = side_targets(job, directory, lambda name: str(PurePosixPath(name).with_suffix(suffix)))
    done = write_side_files(job, form, target_of, form.content)
    if with_pictures:
        _copy_pictures(job, done, upright=upright)
    return job.finish("captions", [f"import vlmkit as vk\n\ndf = vk.read_sidecars({job.folder.name!r})"])


def _holds_lists(column: pd.Series[Any]) -> bool:
    return any(isinstance(plain_value(value), list) for value in column.array)


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


def _copy_pictures(job: Job, done: set[int], *, upright: bool) -> None:
    """Copy the pictures of rows whose text is written: another's would train on a text that is not its own."""
    for row in job.rows:
        name, _ = job.refer_to(row)
        if row.position not in done or name is None:
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
    encoding: str | None = None,
) -> pd.DataFrame:
    """Read the text files beside the pictures of a folder and its subfolders.

    Line ends of any kind are plain ones, and blanks around a text are none of it. A warning names files that cannot be
    read, that are UTF-16, and that lie beside no picture.

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
    encoding : str or None, default None
        Encoding of the files that are not UTF-8, such as "cp1252" or "gbk". None leaves them unread: letters alone do
        not tell.

    Returns
    -------
    DataFrame
        ``path`` of each picture, and the column; NA where a picture has no text file, or one that cannot be read, with
        the reason in ``<column>_error``.

    Raises
    ------
    SetupError
        There is no such folder, or it holds no pictures.
    """
    known_encoding(encoding)
    folder = Path(os.path.abspath(directory))  # noqa: PTH100  links stay as they were written
    endings = [suffix] if suffix is not None else [".txt", ".caption"]
    files = next((found for ending in endings if (found := _files_below(folder, ending))), {})
    reading = Reading(folder)
    records: list[dict[str, Any]] = []
    used: set[Path | None] = set()
    for picture in pictures_below(folder):
        side = next((files[key] for key in _keys(picture) if key in files), None)
        used.add(side)
        text = _text_of(side, encoding, reading, wildcards=wildcards)
        records.append({"path": str(picture), column: split_tags(text) if isinstance(text, str) and is_tags else text})
    for side in sorted(set(files.values()) - used):
        reading.note("text files", "no picture has this name", str(side.relative_to(folder)))
    return reading.table(records, ["path", column])


def _files_below(folder: Path, ending: str) -> dict[tuple[str, str], Path]:
    """Text files by folder and the name before their ending, in one Unicode form; hidden ones are passed over."""
    found = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in sorted(names):
            if name.lower().endswith(ending.lower()) and not name.startswith("."):
                found[place, _form(name[: -len(ending)])] = Path(place, name)
    return found


def _keys(picture: Path) -> Iterator[tuple[str, str]]:
    """What a picture's text file may be called: ``photo.jpg.txt``, which names it exactly, and ``photo.txt``."""
    folder = str(picture.parent)
    yield folder, _form(picture.name)
    yield folder, _form(picture.stem)


def _form(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


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


def _text_of(path: Path | None, encoding: str | None, reading: Reading, *, wildcards: bool) -> str | Fault | None:
    if path is None:
        return None
    try:
        text, found = decode_text(path.read_bytes(), encoding)
    except OSError as error:
        return Fault(f"{path.name}: cannot be read ({error.strerror or error}); make it readable")
    if (fault := fault_of_file(text)) is not None:
        return Fault(f"{path.name}: {fault}")
    if found not in {None, "utf-8-sig"}:
        reading.note("text files", f"read as {found}, while trainers want UTF-8", path.name)
    text = _trimmed(text)
    return text.replace("{{", "{").replace("}}", "}") if wildcards else text


def _check_suffix(suffix: str) -> None:
    if not re.fullmatch(r"\.[\w.-]+", suffix) or suffix.lower() in PICTURE_SUFFIXES:
        raise BadSetting(f"suffix={suffix!r}: give the ending of a text file, such as '.txt' or '.caption'.")
