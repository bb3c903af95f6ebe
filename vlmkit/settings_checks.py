"""What a setting's value may be: a raw value of the environment, a file or a call becomes a checked one, or an error.

Takes   one raw value.    Gives  the checked one; raises ValueError or TypeError, whose message nobody sees.
May use nothing.          Never  knows which setting it checks."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = [
    "FORMATS",
    "chooses_no_place",
    "count",
    "flag",
    "formats",
    "harmless",
    "isolate",
    "keep_loaded",
    "load_timeout_s",
    "needs_consent",
    "one_of",
    "retries",
    "seconds",
    "store",
    "switches_on",
    "text",
    "timeout_s",
    "wait_s",
    "workers",
]

FORMATS = frozenset({"jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "jpeg2000", "ppm", "ico", "qoi", "heif"})
"""Names of the formats that pictures can have here."""

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
# An address behind the name, a scheme, a folder; but not the one slash of a Hub id.
_PLACE = re.compile(r"@|://|^[./~\\]|\\|/\.\.")


def text(raw: object) -> str:
    """A text with something in it, without blanks around it. Raises ValueError or TypeError."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError
    return raw.strip()


def workers(raw: object) -> int | str:
    """A whole number from 1 up, or ``"auto"``. Raises ValueError or TypeError."""
    if raw == "auto":
        return "auto"
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise TypeError
    number = int(raw)
    if number < 1:
        raise ValueError
    return number


def timeout_s(raw: object) -> float | None:
    """Seconds above 0, or None for ``"none"``. Raises ValueError or TypeError."""
    if isinstance(raw, str) and raw.strip().lower() == "none":
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise TypeError
    number = float(raw)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def load_timeout_s(raw: object) -> float | str | None:
    """Seconds above 0, None for ``"none"``, or ``"auto"``. Raises ValueError or TypeError."""
    return "auto" if raw == "auto" else timeout_s(raw)


def keep_loaded(raw: object) -> bool | float:
    """Seconds from 0 up, True or False. Raises ValueError or TypeError."""
    if isinstance(raw, str) and raw.strip().lower() in _TRUE | _FALSE:
        return flag(raw)
    if isinstance(raw, bool):
        return raw
    if not isinstance(raw, int | float | str):
        raise TypeError
    number = float(raw)
    if not 0 <= number <= threading.TIMEOUT_MAX:
        raise ValueError
    return number


def seconds(raw: object) -> float:
    """Seconds from 0 up. Raises ValueError or TypeError."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise TypeError
    number = float(raw)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def count(raw: object) -> int:
    """A whole number from 1 up. Raises ValueError or TypeError."""
    return _whole(raw, least=1)


def retries(raw: object) -> int:
    """A whole number from 0 up. Raises ValueError or TypeError."""
    return _whole(raw, least=0)


def _whole(raw: object, *, least: int) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise TypeError
    number = int(raw)
    if number < least:
        raise ValueError
    return number


def wait_s(raw: object) -> float:
    """Seconds above 0. Raises ValueError or TypeError."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise TypeError
    number = float(raw)
    if not 0 < number < float("inf"):
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


def isolate(raw: object) -> bool | str:
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


def store(raw: object) -> bool | str:
    """A file, a replay of one, True or False. Raises ValueError or TypeError."""
    if isinstance(raw, bool):
        return raw
    name = text(str(raw) if isinstance(raw, Path) else raw)
    if name.lower() in _TRUE | _FALSE:
        return name.lower() in _TRUE
    file = name.removeprefix("replay").removeprefix(":") if name.startswith("replay:") or name == "replay" else name
    # A misspelled word is no file: "fales", "reply".
    if name != "replay" and not (Path(file).suffix or Path(file).name != file):
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


def needs_consent(_raw: object) -> bool:
    """Whether a value may come from any file: never, for what gives a permission or chooses a place."""
    return False


def switches_on(raw: object) -> bool:
    """Whether a value switches something on that protects, and does not take it away."""
    return raw is True


def chooses_no_place(raw: object) -> bool:
    """Whether a model's name says neither where a server is nor which folder the model is in."""
    if not isinstance(raw, str) or raw.strip() == "tiny":
        return True  # what is no name at all is said where it is checked
    name = raw.strip().removeprefix("mlx:")
    return not (_PLACE.search(name) or os.path.exists(name))  # noqa: PTH110  asked for by the picture
