"""Whether faults so far are about single rows or about the model: then no further row is spent on it."""

from __future__ import annotations

from vlmkit.errors import (
    BackendError,
    Cancelled,
    ImageTooLarge,
    RunError,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnsupportedFormat,
)

__all__ = ["ALIKE_LIMIT", "FailFast", "is_of_the_run"]

ALIKE_LIMIT = 5
"""So many rows failing alike, one after another and none that worked between, condemn a model."""

_OF_THE_ROW = (UnreadableImage, UnsupportedFormat, ImageTooLarge, Cancelled)
_OF_THE_SERVER = (ServerFault, Unreachable)


def is_of_the_run(fault: RunError) -> bool:
    """Whether a fault concerns every further row of its model for certain: a refused key, no credit, no such model."""
    return isinstance(fault, Unauthorized) or (isinstance(fault, BackendError) and fault.is_fatal)


class FailFast:
    """Watches the rows of each model end, and says when the rest is not worth spending on it.

    What is certain condemns at once. An address that cannot be reached does so where nothing worked before. Everything
    else does after several rows alike: as long as nothing worked, whatever the fault; later only faults of the server,
    since five pictures that a model cannot answer may well follow each other. Pictures that cannot be read cost nothing
    and prove nothing about the model, so they never count.

    Parameters
    ----------
    total : int
        Rows of the run.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._worked: set[int] = set()
        self._alike: dict[int, tuple[type[RunError], int]] = {}

    def acquit(self, level: int) -> None:
        """A row worked.

        Parameters
        ----------
        level : int
            Which of the plan's targets it was.
        """
        self._worked.add(level)
        self._alike.pop(level, None)

    def doubts(self, level: int, fault: RunError) -> bool:
        """Whether the rows before ended with the same fault of their server, so that a row needs fewer tries to tell.

        Parameters
        ----------
        level : int
            Which of the plan's targets it was.
        fault : RunError
        """
        return isinstance(fault, _OF_THE_SERVER) and level in self._alike and self._alike[level][0] is type(fault)

    def condemns(self, level: int, fault: RunError, *, of_server: bool = True) -> bool:
        """Take a row's last fault with a model into account; whether it condemns the model.

        Parameters
        ----------
        level : int
            Which of the plan's targets it was.
        fault : RunError
        of_server : bool, default True
            Whether a server was asked; a model in this process that is late with some pictures is not gone.
        """
        if isinstance(fault, _OF_THE_ROW):
            return False
        if is_of_the_run(fault):
            return True
        if level not in self._worked and isinstance(fault, Unreachable):
            return True
        may_be_gone = isinstance(fault, _OF_THE_SERVER) or (of_server and isinstance(fault, TimedOut))
        if level in self._worked and not may_be_gone:
            self._alike.pop(level, None)
            return False
        kind, alike = self._alike.get(level, (type(fault), 0))
        self._alike[level] = type(fault), alike + 1 if kind is type(fault) else 1
        return self._alike[level][1] >= ALIKE_LIMIT < self._total
