"""What an export does, or would do: one line per picture and file."""

from __future__ import annotations

from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.frame import text_array

__all__ = ["ACTIONS", "Changes"]

ACTIONS = ("create", "replace", "append", "prepend", "unchanged", "skip", "remove", "conflict", "leave out")
"""What can happen to a text or file; a conflict is what ``if_exists="fail"`` refuses to touch."""

_COLUMNS = ("path", "action", "before", "after", "reason")


class Changes:
    """Lines of what happens, in order."""

    def __init__(self) -> None:
        self._lists: dict[str, list[str | None]] = {name: [] for name in _COLUMNS}
        self.counts: dict[str, int] = dict.fromkeys(ACTIONS, 0)

    def add(
        self, path: str, action: str, *, before: str | None = None, after: str | None = None, reason: str | None = None
    ) -> None:
        """Note one line.

        Parameters
        ----------
        path : str
            What is concerned.
        action : str
            One of `ACTIONS`.
        before, after : str or None, default None
            Texts, where there are any.
        reason : str or None, default None
            Why something is left out.
        """
        self.counts[action] += 1
        for name, value in zip(_COLUMNS, (path, action, before, after, reason), strict=True):
            self._lists[name].append(value)

    @property
    def reasons(self) -> list[str]:
        """Reasons so far, one for each row that was left out."""
        return [reason for reason in self._lists["reason"] if reason is not None]

    def check_written(self, *, of: int) -> None:
        """Make sure that an export is of something.

        Parameters
        ----------
        of : int
            Rows of the table.

        Raises
        ------
        SetupError
            All rows were left out.
        """
        if of == 0:
            raise SetupError("there is nothing to write: the table has no rows.")
        if self.counts["leave out"] == of:
            raise SetupError(f"there is nothing to write: all {of} rows are left out; the first: {self.reasons[0]}")

    def table(self) -> pd.DataFrame:
        """The lines as a table: path, action (category), before, after, reason (string)."""
        arrays: dict[str, Any] = {name: text_array(values) for name, values in self._lists.items()}
        arrays["action"] = _category(self._lists["action"])
        return pd.DataFrame(arrays)


def _category(values: Any) -> Any:
    return pd.Categorical(values, categories=list(ACTIONS))
