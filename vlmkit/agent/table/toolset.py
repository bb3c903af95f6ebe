"""The tools over a table of pictures: one list for the loop in this process and for the MCP server."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit import settings
from vlmkit.agent.table.asking_tools import AskingTools
from vlmkit.agent.table.edit_tools import EditTools
from vlmkit.agent.table.picture_table import PictureTable
from vlmkit.agent.table.picture_tools import PictureTools
from vlmkit.agent.table.reading_tools import ReadingTools
from vlmkit.backends import Abilities, Backend, parse
from vlmkit.errors import SetupError

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.agent.tools import Tool

__all__ = ["TableTools", "table_tools"]


class TableTools:
    """Tools over one table, and what became of it through them.

    They speak of rows by number, from 0, and never of paths: the table is all that can be seen. Those that answer
    about pictures ask a vision model through the runner, and find in the store what was asked before. Every mistake of
    a caller is a `ToolError` that says what to give instead; a picture that cannot be read is the fault of its row.

    Parameters
    ----------
    table : DataFrame or Series
        With pictures; any index. Is not changed.
    model : str, open backend or None, default None
        Who is asked about pictures, as for `vlmkit.ask`; None takes the setting.
    image : str or None, default None
        Column of pictures; None takes ``path``, else ``image``.
    store : bool, path or None, default None
        Where answers are kept, as for `vlmkit.ask`; None takes the setting.
    allow_edits : bool, default False
        Whether there are tools that change a copy of the table.
    timeout_s : float, default 120
        How long one call may ask about pictures. What is answered by then is its result, and is kept.

    Attributes
    ----------
    tools : list of Tool
        describe_table, list_rows, find_rows, filter_rows, summarize, look, crop, ask, describe_image and run_status;
        with `allow_edits` also set_cell and add_column.

    Raises
    ------
    SetupError
        There is no such column, or two of that name.

    Examples
    --------
    >>> import pandas as pd
    >>> from vlmkit.tiny import scenes
    >>> table = pd.DataFrame({"image": [scenes.make(seed).draw() for seed in range(3)], "shop": ["A", "B", "B"]})
    >>> found = TableTools(table, model="tiny")
    >>> filter_rows = next(tool for tool in found.tools if tool.name == "filter_rows")
    >>> filter_rows.run({"column": "shop", "operator": "=", "value": "b"}).rows
    (1, 2)
    """

    def __init__(
        self,
        table: pd.DataFrame | pd.Series[Any],
        *,
        model: str | Backend | None = None,
        image: str | None = None,
        store: bool | str | Path | None = None,
        allow_edits: bool = False,
        timeout_s: float = 120.0,
    ) -> None:
        self._table = PictureTable(table, image=image)
        self._stop = threading.Event()
        asking = AskingTools(
            self._table,
            model=model,
            store=store,
            timeout_s=timeout_s,
            stop=self._stop,
            open_world=_leaves_this_process(model),
        )
        groups: list[Any] = [ReadingTools(self._table, _name_of(model)), PictureTools(self._table), asking]
        groups += [EditTools(self._table, asking)] if allow_edits else []
        self.tools: list[Tool] = [tool for group in groups for tool in group.tools()]

    def __repr__(self) -> str:
        return f"TableTools({len(self._table)} rows; {', '.join(tool.name for tool in self.tools)})"

    @property
    def table(self) -> pd.DataFrame:
        """The table with what tools changed; where they changed nothing, the table that was given.

        What was suggested by set_cell has the status "suggested" in ``<column>_status``, and what stood there before
        in ``<column>_original``: `vlmkit.views.review` shows both, and ``df.vlm.merge_edits`` takes them over.
        """
        return self._table.frame

    def stop(self) -> None:
        """End what is being asked, from any thread: those calls give what was answered. Nothing is asked any more."""
        self._stop.set()


def table_tools(
    table: pd.DataFrame | pd.Series[Any],
    *,
    model: str | Backend | None = None,
    allow_edits: bool = False,
    **options: Any,
) -> list[Tool]:
    """Tools over a table of pictures; `TableTools` for whoever wants to know what became of it.

    Parameters
    ----------
    table : DataFrame or Series
    model, allow_edits
        As for `TableTools`.
    **options
        image, store, timeout_s: as for `TableTools`.

    Returns
    -------
    list of Tool
        Call one by ``tool.run({…})``, which gives a `ToolResult`: a text, pictures, data, and the rows it is about.

    Raises
    ------
    SetupError
        As `TableTools`.
    """
    return TableTools(table, model=model, allow_edits=allow_edits, **options).tools


def _leaves_this_process(model: str | Backend | None) -> bool:
    """Whether pictures do, as far as a model's name tells."""
    if isinstance(model, Backend):
        return model.abilities.destination != Abilities().destination
    named = model or settings.get("model")
    try:
        return named is not None and parse(named).engine != "mlx"
    except SetupError:  # a name that means nothing, which is said when it is asked
        return True


def _name_of(model: str | Backend | None) -> str:
    if isinstance(model, Backend):
        return model.model
    return model or settings.get("model") or "nobody: no model was named"
