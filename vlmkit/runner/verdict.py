"""Whether faults so far are about single rows or about the whole run."""

from __future__ import annotations

from vlmkit.errors import (
    Cancelled,
    ImageTooLarge,
    RunError,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnsupportedFormat,
)

__all__ = ["ALIKE_LIMIT", "Verdict", "is_of_the_run"]

ALIKE_LIMIT = 5
"""So many rows failing alike, and none that worked, end a run that has more rows to spend."""

_OF_THE_ROW = (UnreadableImage, UnsupportedFormat, ImageTooLarge, Cancelled)
_OF_THE_RUN = (Unauthorized, Unreachable)


def is_of_the_run(fault: RunError) -> bool:
    """Whether a fault concerns every row of its model alike, as long as none has worked."""
    return isinstance(fault, _OF_THE_RUN)


class Verdict:
    """Watches rows end, and says when the rest is not worth spending.

    Pictures that cannot be read cost nothing and prove nothing about the model, so they never count.

    Parameters
    ----------
    total : int
        Rows of the run.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._worked = False
        self._kind: type[RunError] | None = None
        self._alike = 0

    def is_run_fault(self, fault: RunError | None, *, is_telling: bool = True) -> bool:
        """Take one row's end into account; whether it condemns the run.

        Parameters
        ----------
        fault : RunError or None
            None for a row that worked.
        is_telling : bool, default True
            A stored answer says nothing about a model today, nor does what stands in for a late one.
        """
        if not is_telling:
            return False
        if fault is None:
            self._worked = True
        if fault is None or self._worked or isinstance(fault, _OF_THE_ROW):
            return False
        self._alike = self._alike + 1 if type(fault) is self._kind else 1
        self._kind = type(fault)
        return is_of_the_run(fault) or self._alike >= ALIKE_LIMIT < self._total
