"""WebDataset shards as rows, whoever packed them: samples of several pictures, texts and facts; nothing is unpacked."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from vlmkit.errors import SetupError
from vlmkit.exporters.decoding import decode_text
from vlmkit.exporters.lenient import Fault, Reading
from vlmkit.exporters.names import is_hidden
from vlmkit.sources.archives import is_archive, is_compressed
from vlmkit.sources.formats import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["facts_of", "read_webdataset"]

_LARGEST_TEXT_BYTES = 16 << 20
_TEXTS = frozenset({"txt", "text", "caption", "cap"})
_CLASSES = frozenset({"cls", "cls2", "class", "id", "index"})


@dataclass(slots=True)
class _Sample:
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
    samples = [(shard, sample) for shard in shards for sample in _samples(shard, reading)]
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
    return (sample.facts for sample in _samples(shard, Reading(shard, strict=True)))


def _rows(samples: list[tuple[Path, _Sample]], reading: Reading, *, is_plain: bool) -> Iterator[dict[str, Any]]:
    for shard, sample in samples:
        if not sample.pictures:
            reading.leave_out(sample.key, "no picture in this sample")
        for view, member in sample.pictures.items():
            which = {} if is_plain else {"key": sample.key, "view": view or None}
            yield {"path": f"{shard}/{member}", **sample.facts, **sample.own.get(view, {}), **which}


def _samples(shard: Path, reading: Reading) -> list[_Sample]:
    found: dict[str, _Sample] = {}
    try:
        with tarfile.open(shard, "r:*") as tar:
            for member in tar:
                if member.isfile():
                    _add(found, tar, member, reading)
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


def _add(found: dict[str, _Sample], tar: tarfile.TarFile, member: tarfile.TarInfo, reading: Reading) -> None:
    folder, _, base = member.name.rpartition("/")
    stem, _, endings = base.partition(".")
    if base.startswith("."):  # hidden, as what a Mac adds
        return
    view, _, ending = endings.rpartition(".")
    ending = ending.lower()
    key = f"{folder}/{stem}" if folder else stem
    sample = found.setdefault(key, _Sample(key))
    if f".{ending}" in SUFFIXES:
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
