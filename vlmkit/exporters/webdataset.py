"""WebDataset shards: tar files of pictures, texts and JSON, as the `webdataset` and `datasets` libraries read them."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.arguments import check_choice
from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.files import replacing
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.names import SafeNames, check_inside
from vlmkit.exporters.options import ExportOptions, PictureForm
from vlmkit.exporters.pictures import file_of_picture
from vlmkit.exporters.shards import facts_of
from vlmkit.exporters.values import to_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_webdataset"]

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
