"""The tool that writes a table, with what tools changed in it, below one folder, and replaces nothing there."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vlmkit.agent.tools import Tool
from vlmkit.errors import SetupError, ToolError
from vlmkit.exporters import EXPORT_FORMATS, TABLE_FORMATS, write_table
from vlmkit.files import replace_whole
from vlmkit.untrusted import quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExportTool"]

_NAME = re.compile(r"\w[\w .-]{0,79}")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[ .]")  # what Windows takes for something else


class ExportTool:
    """Tool that writes a table to a new file or folder.

    Parameters
    ----------
    table : callable
        Gives the table as it is now.
    folder : Path
        All that it writes lies in there; made when it is needed.
    """

    def __init__(self, table: Callable[[], pd.DataFrame], folder: Path) -> None:
        self._table = table
        self._folder = folder

    def tool(self) -> Tool:
        """It writes, so it needs consent; it destroys nothing."""
        return Tool.from_function(self.export, read_only=False, destructive=False, idempotent=False, open_world=False)

    def export(
        self,
        format: Literal["csv", "json", "jsonl", "parquet", "imagefolder", "coco", "kohya", "llava", "messages"],  # noqa: A002  as models say
        name: str,
        column: str | None = None,
    ) -> dict[str, Any]:
        """Write the table, with all that was changed in it, as a new file or data set in the server's output folder.

        Parameters
        ----------
        format : str
            "csv", "json", "jsonl" and "parquet" are the whole table; the others are data sets of pictures with texts,
            for trainers.
        name : str
            Of the new file or folder, without a path, such as "reviewed.csv". Nothing that is there is replaced.
        column : str or None, default None
            Column of texts, for a data set.

        Raises
        ------
        ToolError
            The name is none, or is taken; or the table cannot be written in this format.
        """
        place = self._place(name)
        try:
            if format in TABLE_FORMATS:
                self._write(place, format)
            else:
                self._export(place, format, column)
        except SetupError as error:
            raise ToolError(self._told(error)) from error
        except OSError as error:
            raise ToolError(f"{name}: it cannot be written ({error.strerror or 'no reason given'}).") from error
        return {"written": place.name, "format": format, "rows": len(self._table())}

    def _place(self, name: str) -> Path:
        """Where the file goes.

        Raises
        ------
        ToolError
            The name is a path, hidden, or taken.
        """
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
            advice = "Give a plain name of letters, digits, dots, dashes and blanks, such as 'reviewed.csv'."
            raise ToolError(f"name {quoted(name)}: {advice}")
        place = self._folder / name
        if os.path.lexists(place):
            raise ToolError(f"name {quoted(name)}: there is a file of this name already. Give another name.")
        return place

    def _write(self, place: Path, form: str) -> None:
        with replace_whole(place) as partial, partial.open("xb") as stream:
            write_table(self._table(), form, stream)

    def _export(self, place: Path, form: str, column: str | None) -> None:
        row = EXPORT_FORMATS.find(form)
        if row is None:
            raise ToolError(f"format {form!r} is unknown.")
        self._folder.mkdir(parents=True, exist_ok=True)
        row.open_writer()(self._table(), place, column=column, progress=False)

    def _told(self, error: Exception) -> str:
        return str(error).replace(f"{self._folder}{os.sep}", "")
