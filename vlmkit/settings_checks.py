"""What a setting's value may be: a raw value of the environment, a file or a call becomes a checked one, or an error.

Takes   one raw value.    Gives  the checked one; raises ValueError or TypeError, whose message nobody sees.
May use nothing.          Never  knows which setting it checks."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = [
    "FORMATS",
    "above_0",
    "address",
    "chooses_no_place",
    "count",
    "count_from_0",
    "count_or_auto",
    "flag",
    "flag_or_foreign",
    "formats",
    "harmless",
    "is_empty",
    "json_file",
    "keep_loaded",
    "limit",
    "limit_or_auto",
    "names",
    "needs_consent",
    "one_of",
    "package_name",
    "packages",
    "port",
    "seconds",
    "store",
    "switches_on",
    "text",
]

FORMATS = frozenset({"jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "jpeg2000", "ppm", "ico", "qoi", "heif"})
"""Names of the formats that pictures can have here."""

_LARGEST_PORT = 65_535
_ADDRESS = re.compile(r"[A-Za-z0-9.:/*\[\]_-]+")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
# An address behind the name, a scheme, a folder; but not the one slash of a Hub id.
_PLACE = re.compile(r"@|://|^[./~\\]|\\|/\.\.")


def text(raw: object) -> str:
    """A text with something in it, without blanks around it. Raises ValueError or TypeError."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return raw.strip()


def json_file(raw: object) -> str:
    """A path of a file of JSON, as a text. Raises ValueError or TypeError."""
    name = _path(raw)
    if Path(name).suffix.lower() != ".json":
        raise ValueError
    return name


def _path(raw: object) -> str:
    return text(str(raw) if isinstance(raw, Path) else raw)


def seconds(raw: object) -> float:
    """A number of seconds from 0 up. Raises ValueError or TypeError."""
    return _number(raw, most=float("inf"))


def above_0(raw: object) -> float:
    """A number above 0. Raises ValueError or TypeError."""
    number = seconds(raw)
    if number == 0:
        raise ValueError
    return number


def limit(raw: object) -> float | None:
    """A number above 0, or None for ``"none"``. Raises ValueError or TypeError."""
    return None if isinstance(raw, str) and raw.strip().lower() == "none" else above_0(raw)


def limit_or_auto(raw: object) -> float | str | None:
    """A number above 0, None for ``"none"``, or ``"auto"``. Raises ValueError or TypeError."""
    return "auto" if raw == "auto" else limit(raw)


def keep_loaded(raw: object) -> bool | float:
    """Seconds from 0 up, True or False. Raises ValueError or TypeError."""
    if isinstance(raw, bool) or (isinstance(raw, str) and raw.strip().lower() in _TRUE | _FALSE):
        return flag(raw)
    return _number(raw, most=threading.TIMEOUT_MAX)


def count(raw: object) -> int:
    """A whole number from 1 up. Raises ValueError or TypeError."""
    number = count_from_0(raw)
    if number == 0:
        raise ValueError
    return number


def count_from_0(raw: object) -> int:
    """A whole number from 0 up. Raises ValueError or TypeError."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise TypeError
    number = int(raw)
    if number < 0:
        raise ValueError
    return number


def port(raw: object) -> int:
    """A number that a TCP port can have, or 0. Raises ValueError or TypeError."""
    number = count_from_0(raw)
    if number > _LARGEST_PORT:
        raise ValueError
    return number


def names(raw: object) -> tuple[str, ...]:
    """Texts, in order, each once. Raises ValueError or TypeError."""
    found = [part for part in raw.split(",") if part.strip()] if isinstance(raw, str) else raw
    if not isinstance(found, list | tuple):
        raise TypeError
    return tuple(dict.fromkeys(address(name) for name in found))


def address(raw: object) -> str:
    """A name or address of a machine, also with a scheme and a port. Raises ValueError or TypeError."""
    name = text(raw)
    if not _ADDRESS.fullmatch(name):
        raise ValueError
    return name


def count_or_auto(raw: object) -> int | str:
    """A whole number from 1 up, or ``"auto"``. Raises ValueError or TypeError."""
    return "auto" if raw == "auto" else count(raw)


def _number(raw: object, *, most: float) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise TypeError
    number = float(raw)
    if not (0 <= number <= most and number < float("inf")):
        raise ValueError
    return number


def flag(raw: object) -> bool:
    """True or False, as people write it. Raises ValueError or TypeError."""
    if isinstance(raw, bool):
        return raw
    word = text(raw).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def flag_or_foreign(raw: object) -> bool | str:
    """True, False or ``"foreign"``. Raises ValueError or TypeError."""
    return "foreign" if isinstance(raw, str) and raw.strip().lower() == "foreign" else flag(raw)


def formats(raw: object) -> tuple[str, ...] | None:
    """Some of `FORMATS`, in lower case and in order; None for ``"all"``. Raises ValueError or TypeError."""
    if isinstance(raw, str) and raw.strip().lower() == "all":
        return None
    names = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(names, list | tuple | set | frozenset):
        raise TypeError
    chosen = {text(name).lower() for name in names}
    if not chosen or not chosen <= FORMATS:
        raise ValueError
    return tuple(sorted(chosen))


_PACKAGE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def packages(raw: object) -> tuple[str, ...] | None:
    """Names of packages as PyPI compares them, in order; None for ``"all"``. Raises ValueError or TypeError."""
    if isinstance(raw, str) and raw.strip().lower() == "all":
        return None
    names = filter(str.strip, raw.split(",")) if isinstance(raw, str) else raw
    if isinstance(names, dict) or not isinstance(names, Iterable):
        raise TypeError
    checked = [text(name) for name in names]
    if not all(_PACKAGE.fullmatch(name) for name in checked):
        raise ValueError
    return tuple(sorted({package_name(name) for name in checked}))


def package_name(name: str) -> str:
    """Name of a package in the form in which PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name.lower())


def store(raw: object) -> bool | str:
    """A file, a replay of one, True or False. Raises ValueError or TypeError."""
    if isinstance(raw, bool):
        return raw
    name = _path(raw)
    if name.lower() in _TRUE | _FALSE:
        return name.lower() in _TRUE
    path = name.removeprefix("replay").removeprefix(":") if name.startswith("replay:") or name == "replay" else name
    # A misspelled word is not a file: "fales", "reply".
    if name != "replay" and not (Path(path).suffix or Path(path).name != path):
        raise ValueError
    return name


def one_of(*choices: str) -> Callable[[object], str]:
    """A check that takes these words and no other."""

    def check(raw: object) -> str:
        if raw not in choices:
            raise ValueError
        return str(raw)

    return check


def harmless(_raw: object) -> bool:
    """Whether a value may come from any file: always, for what costs nobody anything."""
    return True


def is_empty(raw: object) -> bool:
    """Whether a value allows nothing at all."""
    return raw == []


def needs_consent(_raw: object) -> bool:
    """Whether a value may come from any file: never, for what gives a permission or chooses a place."""
    return False


def switches_on(raw: object) -> bool:
    """Whether a value switches something on that protects, and does not take it away."""
    return raw is True


def chooses_no_place(raw: object) -> bool:
    """Whether a model's name says neither where a server is nor which folder the model is in."""
    if not isinstance(raw, str) or raw.strip() == "tiny":
        return True  # what is not a name at all is said where it is checked
    name = raw.strip().removeprefix("mlx:")
    return not (_PLACE.search(name) or os.path.exists(name))  # noqa: PTH110  asked for by the picture
