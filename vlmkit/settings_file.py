"""Files of settings: which are in force, what is in them, and that nothing in them is misspelled.

Takes   the working directory, a user's folder.    Gives  tables of raw values, the nearest file before the user's own.
May use errors.                                    Never  checks a value, keeps what it read, writes anything."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vlmkit.errors import BadSetting

__all__ = ["CONFIG_VARIABLE", "FILE_NAME", "files", "find_file", "read"]

FILE_NAME = "vlmkit.toml"
CONFIG_VARIABLE = "VLMKIT_CONFIG"


def files() -> list[Path]:
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
        return [path]
    nearest, users = find_file(), _users_file()
    return list(dict.fromkeys(path for path in (nearest, users) if path))


def _users_file() -> Path | None:
    import platformdirs  # only now: most of its import is for other folders

    path = os.path.join(platformdirs.user_config_dir("vlmkit", appauthor=False), FILE_NAME)  # noqa: PTH118
    return Path(path) if os.path.isfile(path) else None  # noqa: PTH113


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


def read(path: Path, known: Sequence[str]) -> dict[str, dict[str, object]]:
    """Content of one file.

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
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path} cannot be read: {error}. Correct the file or remove it."
        raise BadSetting(message) from error
    for entry in _entries(content):
        if entry not in known:
            message = f"{path}: {entry} is not a setting. Settings in the file are: {', '.join(known)}."
            raise BadSetting(message)
    return content


def _entries(content: Mapping[str, object]) -> Iterator[str]:
    """Every entry of a file, as ``[table] key``; a key outside of any table as itself."""
    for name, value in content.items():
        if name == "hosts" and isinstance(value, dict):
            tables = [table for table in value.values() if isinstance(table, dict)]
            yield from (f"[hosts.NAME] {key}" for table in tables for key in table)
            yield from (f"[hosts] {key}" for key, table in value.items() if not isinstance(table, dict))
        elif isinstance(value, dict):
            yield from (f"[{name}] {key}" for key in value)
        else:
            yield name
