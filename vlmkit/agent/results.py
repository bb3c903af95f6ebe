"""Results of tools: whatever a function returns, as a text, pictures and data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from vlmkit import sources
from vlmkit.errors import RunError
from vlmkit.records import ImageRef, Picture

__all__ = ["ToolResult", "json_text"]

_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
_NOTHING = "Done."
_FILES = frozenset({"image/jpeg", "image/png"})


@dataclass(frozen=True, kw_only=True)
class ToolResult:
    """What a tool gave.

    Attributes
    ----------
    text : str, default ""
        What the model reads.
    pictures : sequence of pictures, default ()
        In any form that vlmkit reads; unopened, as `ImageRef`, unless they are a `Picture` already.
    data : object, default None
        The same as the text for programs: what JSON can say.
    failed : bool, default False
        Whether the tool could not do what it was asked to; the text then says why.
    rows : sequence of int, default ()
        Rows of a table that the tool found, looked at, asked about or changed, by their places from 0.
    """

    text: str = ""
    pictures: Sequence[Any] = ()
    data: Any = None
    failed: bool = False
    rows: Sequence[int] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "pictures", tuple(map(_kept, self.pictures)))
        object.__setattr__(self, "rows", tuple(self.rows))

    @classmethod
    def of(cls, value: Any) -> ToolResult:
        """Whatever a tool returned, as a result.

        Parameters
        ----------
        value : object
            A text; a picture (of text, a path is one only as ``pathlib.Path``); anything JSON can say, dataclasses,
            pydantic models and tables included, with pictures in it or without; a list of these; a `ToolResult`.

        Raises
        ------
        TypeError
            It is none of these.

        Examples
        --------
        >>> ToolResult.of({"row": 3, "shapes": ["circle"]}).text
        '{"row": 3, "shapes": ["circle"]}'
        """
        if isinstance(value, cls):
            return value
        if value is None:
            return cls(text=_NOTHING)
        if isinstance(value, str):
            return cls(text=value)
        pictures: list[Any] = []
        named = _without_pictures(value, pictures)
        if sources.is_picture(value):
            return cls(pictures=pictures)
        data = _jsonable(named)
        if pictures and isinstance(value, list | tuple):  # parts of a message, in order
            return cls(text="\n".join(map(_line, data)), pictures=pictures)
        return cls(text=json_text(data), pictures=pictures, data=data)

    @classmethod
    def about(cls, rows: Sequence[int], data: Any) -> ToolResult:
        """A result that is about some rows of a table.

        Parameters
        ----------
        rows : sequence of int
        data : object
            What JSON can say.
        """
        return cls(text=json_text(data), data=data, rows=rows)

    @classmethod
    def fault(cls, text: str) -> ToolResult:
        """The result of a call that did not work.

        Parameters
        ----------
        text : str
            Why, and what to do instead.
        """
        return cls(text=text, failed=True)

    def shrunk(self, longest_side_px: int) -> ToolResult:
        """The same with every picture as JPEG or PNG, upright, and within a pixel budget.

        Parameters
        ----------
        longest_side_px : int

        Returns
        -------
        ToolResult
            Its pictures are all `Picture`; one that cannot be read is a line of the text.
        """
        pictures: list[Picture] = []
        faults = []
        for number, picture in enumerate(self.pictures, 1):
            try:
                pictures.append(_shrunk(picture, longest_side_px))
            except RunError as error:
                faults.append(f"[picture {number} cannot be shown: {error}]")
        return replace(self, text="\n".join(filter(None, [self.text, *faults])), pictures=tuple(pictures))


def json_text(data: Any) -> str:
    """Data as JSON on one line, in its own letters.

    Parameters
    ----------
    data : object
        What JSON can say.
    """
    return json.dumps(data, ensure_ascii=False)


def _kept(picture: Any) -> Picture | ImageRef:
    return picture if isinstance(picture, Picture) else sources.refer(picture)


def _without_pictures(value: Any, pictures: list[Any]) -> Any:
    """The same value with a word in place of each picture, which is put into the list."""
    if sources.is_picture(value):
        pictures.append(value)
        return f"[picture {len(pictures)}]"
    if isinstance(value, Mapping):
        return {key: _without_pictures(each, pictures) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_pictures(each, pictures) for each in value]
    return value


def _line(part: Any) -> str:
    return part if isinstance(part, str) else json_text(part)


def _jsonable(value: Any) -> Any:
    try:
        return json.loads(_ANYTHING.dump_json(value, fallback=_plain))
    except ValueError as error:
        advice = "Return a text, a picture, what JSON can say, a list of these, or a ToolResult."
        raise TypeError(f"The tool returned what no model can read ({error}). {advice}") from error


def _plain(value: Any) -> Any:
    """Arrays, tables and their values, whose libraries need not be here, as lists and numbers."""
    to_dict: Callable[..., Any] | None = getattr(value, "to_dict", None)
    if to_dict is not None and hasattr(value, "columns"):
        return to_dict(orient="records")
    for name in ("to_dict", "tolist"):
        if (convert := getattr(value, name, None)) is not None:
            return convert()
    message = f"a value of type {type(value).__name__}"
    raise TypeError(message)


def _shrunk(picture: Picture | ImageRef, longest_side_px: int) -> Picture:
    if isinstance(picture, ImageRef):
        return sources.normalize(picture, longest_side_px)
    if picture.media_type in _FILES and max(picture.width, picture.height) <= longest_side_px:
        return picture
    return sources.normalize(sources.refer(sources.decode(picture)), longest_side_px)
