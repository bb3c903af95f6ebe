"""Which process something belongs to, so that another process can tell whether that one has ended."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["Process", "exists", "this_process"]

_PROC = Path("/proc")  # Linux: what the system tells of its processes
_ENDED = (["Z"], ["X"])  # killed; only the number is left until its parent has asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process of this or another computer.

    Attributes
    ----------
    machine : str
        The computer since it was started, and its space of process numbers, as a container has its own.
    number : int
    started : str
        When it was started, as the system counts; empty where it does not say. Numbers are used again.
    """

    machine: str
    number: int
    started: str

    @property
    def has_ended(self) -> bool:
        """Whether it is certain to have ended; of another computer's processes nothing is certain."""
        if self.machine != this_machine() or os.name == "nt":
            return False
        if not exists(self.number):
            return True
        started = _started(self.number)
        return bool(started and self.started) and started != self.started


def this_process() -> Process:
    """The process that calls."""
    number = os.getpid()
    return Process(machine=this_machine(), number=number, started=_started(number))


@lru_cache(maxsize=1)
def this_machine() -> str:
    """Name of this computer, other after each start of it, and in each container."""
    parts = [platform.node()]
    with suppress(OSError):
        parts += [(_PROC / "sys/kernel/random/boot_id").read_text().strip(), str((_PROC / "self/ns/pid").readlink())]
    return " ".join(parts)


def exists(number: int) -> bool:
    """Whether a process of this computer lives.

    Parameters
    ----------
    number : int

    Returns
    -------
    bool
        Also True where the system does not say.
    """
    if number == os.getpid() or os.name == "nt":  # there signal 0 is not a question but an end
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        return True
    return _facts(number)[:1] not in _ENDED


def _started(number: int) -> str:
    facts = _facts(number)
    return facts[19] if len(facts) > 19 else ""


def _facts(number: int) -> list[str]:
    """State, …, at the 20th place the start in ticks since the computer's; nothing where the system does not say."""
    try:
        told = (_PROC / str(number) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return told.rpartition(")")[2].split()  # before it stands the program's name, which may hold anything
