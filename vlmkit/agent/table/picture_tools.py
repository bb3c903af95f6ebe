"""Tools that show pictures of a table: whole ones, and a part of one as sharp as it is."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from vlmkit.agent.results import ToolResult
from vlmkit.agent.table.picture_table import PictureTable
from vlmkit.agent.table.reading_tools import RowNumber
from vlmkit.agent.tools import Tool
from vlmkit.errors import RunError, ToolError
from vlmkit.records import Picture
from vlmkit.sources import crop_picture, normalize

__all__ = ["PictureTools"]

_Fraction = Annotated[float, Field(ge=0, le=1)]
_Side = Annotated[int, Field(ge=64, le=1024)]


class PictureTools:
    """Tools that show pictures.

    Parameters
    ----------
    table : PictureTable
    """

    def __init__(self, table: PictureTable) -> None:
        self._table = table

    def tools(self) -> list[Tool]:
        """All of them; none changes anything."""
        hints: dict[str, Any] = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
        return [Tool.from_function(function, **hints) for function in (self.look, self.crop)]

    def look(
        self, rows: Annotated[list[RowNumber], Field(min_length=1, max_length=4)], longest_side_px: _Side = 512
    ) -> ToolResult:
        """Look at the pictures of some rows yourself. Use crop for details, and ask where there are many rows.

        Parameters
        ----------
        rows : list of int
            Numbers of one to four rows.
        longest_side_px : int, default 512
            Width or height at most, whichever is larger, from 64 to 1024.

        Raises
        ------
        ToolError
            There is no such row.
        """
        shown: list[Picture] = []
        told = [self._shown(row, longest_side_px, shown) for row in self._table.check_rows(rows)]
        return _result(told, shown)

    def _shown(self, row: int, longest_side_px: int, shown: list[Picture]) -> dict[str, Any]:
        try:
            picture = normalize(self._table.ref(row), longest_side_px)
        except RunError as fault:
            return {"row": row, "error": self._table.fault(fault, row)}
        shown.append(picture)
        return {"row": row, "picture": len(shown), "width_px": picture.width, "height_px": picture.height}

    def crop(
        self,
        row: RowNumber,
        left: _Fraction,
        top: _Fraction,
        right: _Fraction,
        bottom: _Fraction,
        longest_side_px: _Side = 512,
    ) -> ToolResult:
        """Look closer at a part of one picture, as sharp as the picture has it.

        Parameters
        ----------
        row : int
            Number of the row.
        left, top, right, bottom : float
            Edges of the part, as fractions of the picture from 0 (left, top) to 1 (right, bottom). The lower right
            quarter is 0.5, 0.5, 1, 1.
        longest_side_px : int, default 512
            Width or height of what is shown at most, whichever is larger, from 64 to 1024.

        Raises
        ------
        ToolError
            There is no such row, its picture cannot be read, or the part has nothing in it.
        """
        self._table.check_rows([row])
        if left >= right or top >= bottom:
            given = f"left={left}, top={top}, right={right}, bottom={bottom}"
            raise ToolError(f"{given}: nothing is in there. Give left < right and top < bottom.")
        try:
            picture = crop_picture(self._table.ref(row), (left, top, right, bottom), longest_side_px)
        except RunError as fault:
            raise ToolError(f"row {row}: {self._table.fault(fault, row)}") from fault
        told = {"row": row, "picture": 1, "width_px": picture.width, "height_px": picture.height}
        return _result([told], [picture])


def _result(told: list[dict[str, Any]], pictures: list[Picture]) -> ToolResult:
    return ToolResult(
        text="\n".join(map(_line, told)),
        pictures=pictures,
        data={"rows": told},
        failed=not pictures,
        rows=[each["row"] for each in told],
    )


def _line(told: dict[str, Any]) -> str:
    if "error" in told:
        return f"row {told['row']}: {told['error']}"
    size = f"{told['width_px']} × {told['height_px']} pixels"
    return f"row {told['row']}: picture {told['picture']} of this result, {size}"
