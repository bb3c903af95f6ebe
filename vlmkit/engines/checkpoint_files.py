"""The one way in which a checkpoint's files are opened: regular ones alone, and none larger than its kind may be.

A checkpoint is data from a stranger. A pipe called ``config.json`` would be waited for without end, and a settings file
of gigabytes would fill the memory before anybody looked into it.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from vlmkit.errors import ModelLoadFailed

__all__ = ["PROCESSOR_FILES", "check_all", "opened", "processor_settings", "read_json", "read_text", "size_limit"]

T = TypeVar("T")

PROCESSOR_FILES = ("preprocessor_config.json", "processor_config.json")
"""Settings of pictures; the later file counts more."""

_MIB = 2**20
# The first pattern that fits. Twice the largest of released models and more; weights are read by the piece.
_MOST_BYTES: tuple[tuple[str, int | None], ...] = (
    ("*.safetensors", None),
    ("tokenizer.json", 64 * _MIB),  # Gemma 3: 33 MB
    ("tekken.json", 64 * _MIB),  # Pixtral: 19 MB
    ("*.index.json", 64 * _MIB),  # a hundred bytes for each tensor
    ("vocab.*", 64 * _MIB),
    ("merges.txt", 64 * _MIB),
    ("*.model", 64 * _MIB),
    ("*.tiktoken", 64 * _MIB),
    ("*.jinja", _MIB),  # the longest are of 20 kB
    ("*.json", 8 * _MIB),  # a tokenizer_config.json of 1 MB
)


def opened(file: Path, name: str) -> BinaryIO:
    """A file of a checkpoint, open for reading.

    Parameters
    ----------
    file : Path
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        It is not a regular file, or larger than its kind may be.
    OSError
        It is not there, or may not be read.
    """
    # Without waiting, as opening a pipe waits for somebody at its other end.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    stream = os.fdopen(os.open(file, flags), "rb")
    try:
        _check(file, os.fstat(stream.fileno()), name)
    except BaseException:
        stream.close()
        raise
    return stream


def read_text(file: Path, name: str) -> str:
    """Text of a file of a checkpoint.

    Parameters
    ----------
    file : Path
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        It is not a regular file, is larger than its kind may be, or is not UTF-8.
    OSError
        It is not there, or may not be read.
    """
    most = size_limit(file.name)
    with opened(file, name) as stream:
        read = stream.read() if most is None else stream.read(most + 1)
    if most is not None and len(read) > most:  # it grew, or never told its size
        raise _too_large(file, len(read), most, name)
    return _translated(file, name, lambda: read.decode("utf-8"))


def read_json(file: Path, name: str) -> Any:
    """Contents of a JSON file of a checkpoint.

    Parameters
    ----------
    file : Path
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        It is not a regular file, is larger than its kind may be, is not JSON, or is nested too deeply.
    OSError
        It is not there, or may not be read.
    """
    text = read_text(file, name)
    return _translated(file, name, lambda: json.loads(text))


def processor_settings(contents: Mapping[str, Any]) -> dict[str, Any]:
    """What a processor's files say of pictures, in one table.

    transformers 5 nests what it used to write into preprocessor_config.json in processor_config.json, under
    ``image_processor``; where a checkpoint has both, the nested settings count, as they do for transformers.

    Parameters
    ----------
    contents : mapping of str to object
        Contents of files by name; those that are no table say nothing.
    """
    tables = [table for file in PROCESSOR_FILES if isinstance(table := contents.get(file), dict)]
    nested = [own for table in tables if isinstance(own := table.get("image_processor"), dict)]
    merged = {name: value for table in (*tables, *nested) for name, value in table.items()}
    merged.pop("image_processor", None)
    return merged


def check_all(directory: Path, name: str) -> None:
    """See that everything in a checkpoint's folder can be opened by any library without waiting, and fits into memory.

    Parameters
    ----------
    directory : Path
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        A file is neither regular nor a folder, or larger than its kind may be.
    """
    for file in (*directory.iterdir(), *directory.glob("*chat_templates/*")):
        try:
            info = file.stat()
        except OSError:  # a link to nothing, which nobody can open
            continue
        if not stat.S_ISDIR(info.st_mode):
            _check(file, info, name)


def size_limit(file_name: str) -> int | None:
    """Largest size of a file, in bytes; None where its kind has no limit, or is not read.

    Parameters
    ----------
    file_name : str
    """
    return next((most for pattern, most in _MOST_BYTES if fnmatch(file_name, pattern)), None)


def _check(file: Path, info: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(info.st_mode):
        message = (
            f"{name}: {file.name} in {file.parent} is a pipe or a device, or a folder where a file should be, and "
            "reading it might never end. Get the model again."
        )
        raise ModelLoadFailed(message)
    most = size_limit(file.name)
    if most is not None and info.st_size > most:
        raise _too_large(file, info.st_size, most, name)


def _too_large(file: Path, size: int, most: int, name: str) -> ModelLoadFailed:
    return ModelLoadFailed(
        f"{name}: {file} has {size / _MIB:,.0f} MiB or more, and such a file at most {most // _MIB}. "
        "Get the model again, or name another one."
    )


def _translated(file: Path, name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, RecursionError, MemoryError) as error:
        said = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ModelLoadFailed(f"{name}: {file} cannot be read ({said}). Get the model again.") from error
