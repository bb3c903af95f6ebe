"""WebDataset shards: tar files of pictures, texts and JSON, as the `webdataset` and `datasets` libraries read them.

They are read whoever packed them, with samples of several pictures, texts and facts; nothing is unpacked.
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.arguments import check_choice
from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.decoding import decode_text
from vlmkit.exporters.files import replacing
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Fault, Reading
from vlmkit.exporters.names import SafeNames, check_inside, is_hidden
from vlmkit.exporters.options import ExportOptions, PictureForm
from vlmkit.exporters.pictures import file_of_picture
from vlmkit.exporters.values import to_json
from vlmkit.sources import PICTURE_SUFFIXES, is_archive, is_compressed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["facts_of", "read_webdataset", "to_webdataset"]

_LARGEST_TEXT_BYTES = 16 << 20
_TEXTS = frozenset({"txt", "text", "caption", "cap"})
_CLASSES = frozenset({"cls", "cls2", "class", "id", "index"})


@dataclass(slots=True)
class _StoredSample:
    """What a shard says under one key.

    Attributes
    ----------
    key : str
    pictures : dict of str to str
        Members by what stands between key and ending: nothing, or ``left`` in ``7.left.jpg``.
    facts : dict of str to object
        For all pictures.
    own : dict of str to dict
        For those of one name.
    """

    key: str
    pictures: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    own: dict[str, dict[str, Any]] = field(default_factory=dict)


def read_webdataset(path: str | Path) -> pd.DataFrame:
    """Read texts and facts of WebDataset shards; pictures stay inside, from where all verbs read them.

    Parameters
    ----------
    path : path
        One tar file, or a folder of them.

    Returns
    -------
    DataFrame
        One row per picture: its ``path`` within its tar, ``caption``, what else the JSON says, and ``class`` where
        there are ``.cls`` files. Where samples have several pictures, ``key`` and ``view`` say which is which. What
        cannot be read is left out, and a warning says what.

    Raises
    ------
    SetupError
        There is no shard, or nothing to read in them.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were written
    shards = sorted(each for each in place.rglob("*") if _is_shard(each, place)) if place.is_dir() else [place]
    if not shards:
        raise SetupError(f"{place}: no tar file in this folder.")
    reading = Reading(place)
    samples = [(shard, sample) for shard in shards for sample in _stored_samples(shard, reading)]
    is_plain = all(len(sample.pictures) <= 1 for _, sample in samples)
    return reading.table(_rows(samples, reading, is_plain=is_plain), ["path", "caption"])


def _is_shard(path: Path, folder: Path) -> bool:
    is_tar = is_archive(path.name) and not path.name.lower().endswith(".zip")
    return is_tar and path.is_file() and not is_hidden(path.relative_to(folder))


def facts_of(shard: Path) -> Iterator[dict[str, Any]]:
    """Facts of each sample of a shard that has a picture, or might have.

    Parameters
    ----------
    shard : Path

    Raises
    ------
    SetupError
        It cannot be read as a whole.
    """
    return (sample.facts for sample in _stored_samples(shard, Reading(shard, strict=True)))


def _rows(samples: list[tuple[Path, _StoredSample]], reading: Reading, *, is_plain: bool) -> Iterator[dict[str, Any]]:
    for shard, sample in samples:
        if not sample.pictures:
            reading.leave_out(sample.key, "no picture in this sample")
        for view, member in sample.pictures.items():
            which = {} if is_plain else {"key": sample.key, "view": view or None}
            yield {"path": f"{shard}/{member}", **sample.facts, **sample.own.get(view, {}), **which}


def _stored_samples(shard: Path, reading: Reading) -> list[_StoredSample]:
    found: dict[str, _StoredSample] = {}
    try:
        with tarfile.open(shard, "r:*") as tar:
            for member in tar:
                if member.isfile():
                    _take_member(found, tar, member, reading)
        _check_end(shard)
    except (tarfile.TarError, OSError, EOFError) as error:
        reading.leave_out(f"{shard.name}, what follows {len(found)} samples" if found else shard.name, error)
    for sample in found.values():  # texts and facts of a name that no picture has are the whole sample's
        for view in set(sample.own) - set(sample.pictures):
            own = sample.own.pop(view)
            sample.facts |= {f"{view}_{name}": value for name, value in own.items()}
    return list(found.values())


def _check_end(shard: Path) -> None:
    """Make sure that a tar file is whole: `tarfile` takes half a header for its end."""
    if not is_compressed(shard.name) and shard.stat().st_size % tarfile.BLOCKSIZE:
        raise EOFError("the file ends half-way")


def _take_member(
    found: dict[str, _StoredSample], tar: tarfile.TarFile, member: tarfile.TarInfo, reading: Reading
) -> None:
    folder, _, base = member.name.rpartition("/")
    stem, _, endings = base.partition(".")
    if base.startswith("."):  # hidden, as what a Mac adds
        return
    view, _, ending = endings.rpartition(".")
    ending = ending.lower()
    key = f"{folder}/{stem}" if folder else stem
    sample = found.setdefault(key, _StoredSample(key))
    if f".{ending}" in PICTURE_SUFFIXES:
        sample.pictures[view if view not in sample.pictures else endings] = member.name
        return
    if (reason := _unread(ending, member)) is not None:
        reading.note("members", reason, member.name)
        return
    text, _ = decode_text(_content(tar, member))
    facts = sample.own.setdefault(view, {}) if view else sample.facts
    if ending == "json":
        facts |= _object(text, member.name)
    elif ending in _TEXTS:
        facts.setdefault("caption", text.replace("\r\n", "\n").removesuffix("\n"))
    else:
        facts["class" if ending.startswith("cl") else ending] = text.strip()


def _unread(ending: str, member: tarfile.TarInfo) -> str | None:
    """Why a member is not read; None where it is."""
    if ending not in _TEXTS | _CLASSES | {"json"}:
        return "neither picture, text nor JSON, and not read"
    return "too large for a text, and not read" if member.size > _LARGEST_TEXT_BYTES else None


def _object(text: str, name: str) -> dict[str, Any]:
    """Facts of a JSON file; its fault, where it is none."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        return {"json": Fault(f"{name}: not JSON ({error})")}
    if not isinstance(read, dict):
        return {"json": Fault(f"{name}: not a JSON object")}
    return {name: value for name, value in read.items() if value is not None}


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file: IO[bytes] | None = tar.extractfile(member)
    return b"" if file is None else file.read()


_LARGEST_JSON_BYTES = 16 << 20
_SHARD_ROWS = 10_000
_SHARD_BYTES = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sample:
    name: str
    text: str
    picture: bytes
    facts: dict[str, Any]


def to_webdataset(
    frame: pd.DataFrame,
    directory: str | Path,
    *,
    column: str | None = None,
    columns: Sequence[str] = (),
    pictures: PictureForm = "original",
    prefix: str = "shard",
    shard_rows: int = _SHARD_ROWS,
    shard_bytes: int = _SHARD_BYTES,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write tar files in which each row is a picture (``.jpg``), its text (``.txt``) and facts (``.json``).

    All pictures are JPEGs, because readers want the same endings in every sample: JPEG files keep their bytes, others
    are encoded in quality 90. Rows without text, that failed or were rejected are left out.

    Parameters
    ----------
    frame : DataFrame
    directory : path
    column : str or None, default None
        Column of texts. Default: the only column of answers.
    columns : sequence of str, default ()
        Further columns, for the JSON; it has ``file_name``, ``caption``, ``width`` and ``height`` in any case,
        and ``digest`` where the table has it.
    pictures : {"original", "upright"}, default "original"
        The files' own bytes; or without metadata and turned upright, for readers that do not heed EXIF.
    prefix : str, default "shard"
        Files are called ``shard-000000.tar``, ….
    shard_rows : int, default 10000
        Rows in one file at most.
    shard_bytes : int, default 1000000000
        About how large one file becomes.
    **options
        As in `ExportOptions`. With ``if_exists="append"`` or "skip", pictures that are in no shard yet go to new ones.

    Returns
    -------
    DataFrame
        What was done, or would be: path, action, before, after, reason.

    Raises
    ------
    SetupError
        There are shards already, or they cannot be written.
    """
    check_choice("pictures", pictures, ("original", "upright"))
    if not re.fullmatch(r"[\w-]+", prefix) or shard_rows < 1 or shard_bytes < 1:
        raise BadSetting("prefix is letters, digits, _ and -; shard_rows and shard_bytes are at least 1.")
    if options.get("if_exists") == "prepend":
        raise BadSetting('if_exists="prepend": shards have no beginning to add to; pass "append".')
    # By its digest a picture is found again, whatever it is called and however it is encoded in here.
    digest = ["digest"] if "digest" in getattr(frame, "columns", ()) and "digest" not in columns else []
    cells = [*columns, *digest]
    job = start(frame, directory, options, title="WebDataset", column=column, cells=cells)
    shards = _Shards(job, prefix, shard_rows, shard_bytes)
    shards.write(_samples(job, shards, upright=pictures == "upright"))
    usage = f'import webdataset\n\ndata = webdataset.WebDataset("{prefix}-000000.tar").decode("pil")'
    return job.finish(job.folder.name, [usage])


def _samples(job: Job, shards: _Shards, *, upright: bool) -> Iterator[_Sample]:
    names = SafeNames()
    for row in job.usable_rows():
        name = names.take(job.own_name(row), ".jpg")
        if shards.keeps(name, row.text):
            continue
        try:
            file = file_of_picture(row.ref, name, upright=upright, limits=job.limits, only_jpeg=True)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        text = row.text or ""
        facts = {"file_name": name, "caption": text, "width": file.width, "height": file.height, **row.cells}
        shards.account(name, text)
        yield _Sample(name=name, text=text, picture=file.data, facts=facts)


class _Shards:
    """The tar files of one export."""

    def __init__(self, job: Job, prefix: str, rows: int, size_bytes: int) -> None:
        self._job, self._prefix, self._rows, self._bytes = job, prefix, rows, size_bytes
        self._old = sorted(job.folder.glob(f"{prefix}-*.tar")) if job.folder.is_dir() else []
        how = job.options.if_exists
        if self._old and how == "fail" and not job.options.dry_run:
            raise SetupError(
                f'{self._old[0]}: there are shards already. Pass if_exists="append" to add what is missing, '
                '"overwrite" to replace them (copies are kept), or dry_run=True to see what would change.'
            )
        self._is_completed = how in {"append", "skip"}
        self._before = self._read(how)

    def _read(self, how: str) -> dict[str, str]:
        found: dict[str, str] = {}
        try:
            for shard in self._old:
                found |= {str(facts.get("file_name")): str(facts.get("caption")) for facts in facts_of(shard)}
        except SetupError:
            if how != "overwrite":
                raise
        return found

    def keeps(self, name: str, text: str | None) -> bool:
        """Whether a picture is in a shard that stays; if so, it is accounted for."""
        if not self._is_completed or name not in self._before:
            return False
        self._job.changes.add(name, "skip", before=self._before[name], after=text)
        return True

    def account(self, name: str, text: str) -> None:
        before = self._before.pop(name, None)
        how = "conflict" if self._job.options.if_exists == "fail" else "replace"
        action = "create" if before is None else "unchanged" if before == text else how
        self._job.changes.add(name, action, before=before, after=text)

    def write(self, samples: Iterator[_Sample]) -> None:
        """Write all samples; in a dry run, only go through them."""
        if self._job.options.dry_run:
            for _ in samples:
                pass
            return
        number, key = self._next()
        written = []
        while (first := next(samples, None)) is not None:
            target = self._job.folder / f"{self._prefix}-{number:06}.tar"
            check_inside(self._job.folder, target)
            self._job.backups.keep(target)
            key += self._write_one(target, chain([first], samples), key)
            written.append(target)
            number += 1
        if not self._is_completed:
            self._remove({*self._old} - {*written})

    def _next(self) -> tuple[int, int]:
        """Number of the next shard, and of its first sample."""
        if not self._is_completed or not self._old:
            return 0, 0
        last = max(int(match[1]) for path in self._old if (match := re.search(r"-(\d+)\.tar$", path.name)))
        return last + 1, (last + 1) * self._rows

    def _write_one(self, target: Path, samples: Iterator[_Sample], key: int) -> int:
        """Fill one file; gives the number of its samples."""
        count = 0
        with (
            replacing(target) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar,
        ):
            for sample in samples:
                stem = f"{key + count:09}"
                _add(tar, f"{stem}.jpg", sample.picture)
                _add(tar, f"{stem}.txt", sample.text.encode())
                _add(tar, f"{stem}.json", to_json({"key": stem, **sample.facts}).encode())
                count += 1
                if count == self._rows or stream.tell() >= self._bytes:
                    break
        return count

    def _remove(self, shards: set[Path]) -> None:
        for name, before in self._before.items():
            self._job.changes.add(name, "remove", before=before)
        for shard in sorted(shards):
            self._job.backups.keep(shard)
            shard.unlink()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    member.mode = 0o644
    tar.addfile(member, io.BytesIO(data))
