"""Consent: which files of settings may say where pictures and keys go, and which only what is harmless.

Takes   a file of settings, and which of its entries are harmless.    Gives  the tables that are heeded.
May use errors, files, notices, settings_file.                        Never  heeds a file that changed after consent.

A file that is found by its place came perhaps with somebody's pictures: in a clone, an unpacked archive, a shared
folder. Until the user consents to its very content, as direnv asks it for `.envrc`, it chooses no address, no key and
no file. Who owns it counts, too, as for git's `safe.directory`: of a stranger's file nothing is heeded."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from vlmkit.errors import BadSetting
from vlmkit.files import ReadOnce, config_folder, replace_whole
from vlmkit.notices import warn
from vlmkit.settings_table import entries

if TYPE_CHECKING:
    from vlmkit.settings_file import Content, SettingsFile

__all__ = ["Harmless", "consent", "consents", "heeded", "is_consented", "needing_consent", "withdraw"]

Harmless = Mapping[str, Callable[[object], bool]]
"""Entry, as ``"[table] key"``, to whether a value of it may stand in any file."""

_RECORD = "trusted.json"
_HEADER = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+")
_KEY = re.compile(r"""\s*(["']?)([\w.-]+)\1\s*=""")

_told: set[tuple[Path, str]] = set()


def heeded(file: SettingsFile, content: Content, harmless: Harmless) -> Mapping[str, Mapping[str, object]]:
    """Tables of a file without what it may not say; what is left out is warned about, once for each content.

    Parameters
    ----------
    file : SettingsFile
    content : Content
        Of that file.
    harmless : mapping of str to callable
        Entries that need no consent, as far as their value is harmless.
    """
    if not file.found:
        return content.tables
    if _is_strangers(file.path):
        if _consented(file.path, content):
            return content.tables
        _tell(file.path, content, "belongs to another user of this machine, so nothing in it is heeded")
        return {}
    refused = list(needing_consent(content, harmless))
    if not refused or _consented(file.path, content):
        return content.tables
    lines = ", ".join(f"line {line}: {entry}" if line else entry for entry, line in refused)
    _tell(file.path, content, f"was found by its place and not consented to, so this in it is not heeded: {lines}")
    return _without(content.tables, {entry for entry, _ in refused})


def needing_consent(content: Content, harmless: Harmless) -> Iterator[tuple[str, int | None]]:
    """Entries that choose an address, a key, a file, a limit or a permission, each with its line (from 1).

    Parameters
    ----------
    content : Content
    harmless : mapping of str to callable
    """
    for table, key, value in entries(content.tables):
        entry = f"[{table}] {key}"
        if not harmless.get(entry, _never)(value):
            yield entry, _line(content.text, table, key)


def consent(file: Path) -> None:
    """Trust a file as it is now; once it changes, it must be consented to again.

    Parameters
    ----------
    file : Path

    Raises
    ------
    BadSetting
        It cannot be read, or the consent cannot be written down.
    """
    try:
        digest = _digest(file.read_bytes())
    except OSError as error:
        raise BadSetting(f"{file} cannot be read: {error}. Name a file that is there.") from error
    _write({**consents(), _absolute(file): digest})


def withdraw(file: Path) -> bool:
    """Take a consent back; whether there was one.

    Parameters
    ----------
    file : Path

    Raises
    ------
    BadSetting
        The consent cannot be written down.
    """
    kept = dict(consents())
    had = kept.pop(_absolute(file), None) is not None
    if had:
        _write(kept)
    return had


def is_consented(file: Path, content: bytes) -> bool:
    """Whether the user consented to a file as it is.

    Parameters
    ----------
    file : Path
    content : bytes
        What is in it.

    Raises
    ------
    BadSetting
        The record of consents is there and cannot be read.
    """
    return consents().get(_absolute(file)) == _digest(content)


def consents() -> Mapping[Path, str]:
    """Files consented to, each with the digest (SHA-256) of the content that is meant.

    Raises
    ------
    BadSetting
        The record is there and cannot be read.
    """
    record = config_folder() / _RECORD
    try:
        return _record(record)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        message = f"{record}, where consents are kept, cannot be read: {error}. Remove it and consent anew."
        raise BadSetting(message) from error


@ReadOnce
def _record(path: Path) -> Mapping[Path, str]:
    kept = json.loads(path.read_text(encoding="utf-8"))
    return {Path(name): str(digest) for name, digest in kept.items()}


def _write(kept: Mapping[Path, str]) -> None:
    record = config_folder() / _RECORD
    text = json.dumps({str(path): digest for path, digest in sorted(kept.items())}, indent=1)
    try:
        with replace_whole(record) as part:
            part.write_text(text, "utf-8")
    except OSError as error:
        raise BadSetting(f"{record} cannot be written: {error}. Make that folder writable.") from error


def _consented(file: Path, content: Content) -> bool:
    return is_consented(file, content.text.encode())


def _is_strangers(file: Path) -> bool:
    """Whether the file, or the link that stands for it, is of another user; a file that vanished is nobody's."""
    if not hasattr(os, "geteuid"):  # Windows, where a home is closed to others
        return False
    with suppress(FileNotFoundError):
        return {file.lstat().st_uid, file.stat().st_uid} != {os.geteuid()}
    return False


def _tell(file: Path, content: Content, what: str) -> None:
    if (file, content.text) not in _told:
        _told.add((file, content.text))
        command = f"vlmkit trust {shlex.quote(str(file))}"
        warn(f"{file} {what}. Read the file; if you want all that it says, consent: {command}")


def _without(tables: Mapping[str, Mapping[str, object]], refused: set[str]) -> Mapping[str, Mapping[str, object]]:
    kept: dict[str, dict[str, object]] = {}
    for name, key, value in entries(tables):
        if f"[{name}] {key}" not in refused:
            table, _, host = name.partition(".")
            place = kept.setdefault(table, {})
            if host:
                place = place.setdefault(host, {})  # type: ignore[assignment]
            place[key] = value
    return kept


def _line(text: str, table: str, key: str) -> int | None:
    """Line of an entry; None where the file writes it in a way that is not looked for, as in an inline table."""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            current = re.sub(r"[\"'\s]", "", header.group(1))
        elif (found := _KEY.match(line)) and ".".join(filter(None, (current, found.group(2)))) == f"{table}.{key}":
            return number
    return None


def _never(_value: object) -> bool:
    return False


def _absolute(file: Path) -> Path:
    return Path(os.path.abspath(file))  # noqa: PTH100  links stay: consent is to this name


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
