"""Files of settings: which are in force, what is in them, and that nothing in them is misspelled.

Takes   the working directory, a user's folder.    Gives  tables of raw values, the nearest file before the user's own.
May use errors, files.                             Never  checks a value, heeds what a file said before, writes."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlmkit.errors import BadSetting
from vlmkit.files import ReadOnce, config_folder
from vlmkit.settings_table import NAMED_TABLES, entries

__all__ = [
    "CONFIG_VARIABLE",
    "FILE_NAME",
    "Content",
    "SettingsFile",
    "files",
    "find_file",
    "read",
]

FILE_NAME = "vlmkit.toml"
CONFIG_VARIABLE = "VLMKIT_CONFIG"


@dataclass(frozen=True, kw_only=True, slots=True)
class SettingsFile:
    """A file in force.

    Attributes
    ----------
    path : Path
    found : bool
        Whether its place alone puts it in force: nobody named it, and it is not the user's own.
    """

    path: Path
    found: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What is in a file.

    Attributes
    ----------
    text : str
    tables : mapping of str to mapping
        Raw values by table and key; under ``"hosts"`` a table for each host, under ``"models"`` for each model.
    """

    text: str
    tables: Mapping[str, Mapping[str, object]]


def files() -> list[SettingsFile]:
    """Files in force, the one that stands first before the others: the nearest ``vlmkit.toml``, then the user's own.

    Where ``VLMKIT_CONFIG`` names a file, that one alone.

    Raises
    ------
    BadSetting
        ``VLMKIT_CONFIG`` names a file that is not there.
    """
    named = os.environ.get(CONFIG_VARIABLE, "").strip()
    if named:
        path = Path(named).expanduser()
        if path.is_dir() or not path.exists():
            raise BadSetting(f"{CONFIG_VARIABLE}: there is no file {path}. Correct the variable or unset it.")
        return [SettingsFile(path=path, found=False)]
    nearest, users = find_file(), config_folder() / FILE_NAME
    in_force = [SettingsFile(path=nearest, found=True)] if nearest and nearest != users else []
    return [*in_force, SettingsFile(path=users, found=False)] if os.path.isfile(users) else in_force  # noqa: PTH113


def find_file(directory: Path | None = None) -> Path | None:
    """Nearest ``vlmkit.toml``, from `directory` (default: the working directory) upwards; None where there is none."""
    # Not by pathlib, which takes four times as long: settings are asked for by the picture where nobody keeps them.
    folder = os.path.abspath(directory or "")  # noqa: PTH100
    while True:
        path = os.path.join(folder, FILE_NAME)  # noqa: PTH118
        if os.path.isfile(path):  # noqa: PTH113
            return Path(path)
        folder, below = os.path.dirname(folder), folder  # noqa: PTH120
        if folder == below:
            return None


def read(path: Path, known: Sequence[str]) -> Content:
    """Content of one file, read anew once it was changed.

    Parameters
    ----------
    path : Path
    known : sequence of str
        Entries that a file may have, as ``"[table] key"``; ``"[hosts.NAME] key"`` those of a host.

    Raises
    ------
    BadSetting
        It cannot be read, or has an entry that is not known.
    """
    content = _content(path)
    for entry in _names(content.tables):
        if entry not in known:
            message = f"{path}: {entry} is not a setting. Settings in the file are: {', '.join(known)}."
            raise BadSetting(message)
    return content


@ReadOnce  # settings are asked for by the picture where nobody keeps them
def _content(path: Path) -> Content:
    try:
        text = path.read_bytes().decode()
        return Content(text=text, tables=tomllib.loads(text))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}. Correct the file or remove it."
        raise BadSetting(message) from error


def _names(tables: Mapping[str, object]) -> Iterator[str]:
    """Every entry of a file, as ``[table] key``; a key outside of any table as itself."""
    for name, value in tables.items():
        if not isinstance(value, dict):
            yield name
        else:
            for table, key, _ in entries({name: value}):
                kind, dot, _ = table.partition(".")
                yield f"[{f'{kind}.NAME' if dot and kind in NAMED_TABLES else table}] {key}"
