"""Answers that a person stands by."""

from __future__ import annotations

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.evaluation.alignment import BROUGHT
from vlmkit.frame import column_of

__all__ = ["ACCEPTED", "accepted"]

ACCEPTED = ("accepted", "edited")
"""Statuses of a review that say: this is right."""

_SUFFIX = "_status"


def accepted(table: pd.DataFrame, *fields: str) -> pd.DataFrame:
    """Rows whose answers a person accepted or edited: examples for ``describe(…, examples=…)``, or a truth.

    Parameters
    ----------
    table : DataFrame
        With ``<field>_status``, as a review or an import of edits writes it.
    *fields : str
        Reviewed columns that must all be accepted or edited; default all that have a status.

    Returns
    -------
    DataFrame
        These rows, without the columns that the fields brought with them (``<field>_status``, ``_original``,
        ``_error``, ``_confidence``, details).

    Raises
    ------
    SetupError
        No such field, or none was reviewed.
    """
    names = [str(name) for name in table.columns]
    reviewed = list(fields) or [
        name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX) and name.removesuffix(_SUFFIX) in names
    ]
    if not reviewed:
        raise SetupError("accepted: no column was reviewed; there is no '<field>_status'. Begin with df.vlm.review().")
    chosen = pd.Series(True, index=table.index)
    for field in reviewed:
        column_of(table, field)
        if f"{field}{_SUFFIX}" not in names:
            raise SetupError(f"accepted: {field!r} was not reviewed; there is no column '{field}{_SUFFIX}'.")
        chosen &= column_of(table, f"{field}{_SUFFIX}").isin(ACCEPTED)
    brought = {f"{field}_{suffix}" for field in reviewed for suffix in BROUGHT}
    return table.loc[chosen.to_numpy(), [name for name in table.columns if name not in brought]]
