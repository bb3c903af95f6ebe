"""Exporters: tables out to files that trainers and reviewers read, and back with what people changed.

Takes   a frame of pictures and texts.         Gives  files, an account of each; a frame of what files say.
May use frame, sources, pyarrow for its own.   Never  destroys a text unasked, or writes outside the folder named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vlmkit.exporters.formats import EXPORT_FORMATS
from vlmkit.extras import lazy_exports

__all__ = ["EXPORT_FORMATS", "TABLE_FORMATS", "ExportFormat", "merge_edits", "read_dataset", "read_sidecars"]
__all__ += ["write_table"]
__all__ += [f"to_{row.name}" for row in EXPORT_FORMATS.own()]

if TYPE_CHECKING:
    from vlmkit.exporters.formats import TABLE_FORMATS, ExportFormat
    from vlmkit.exporters.merging import merge_edits
    from vlmkit.exporters.plain_tables import write_table
    from vlmkit.exporters.reading import read_dataset
    from vlmkit.exporters.sidecars import read_sidecars

_get, _ = lazy_exports(
    __name__,
    {
        "formats": "EXPORT_FORMATS TABLE_FORMATS ExportFormat",
        "merging": "merge_edits",
        "plain_tables": "write_table",
        "reading": "read_dataset",
        "sidecars": "read_sidecars",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """A name of this room; ``to_NAME`` is the writer of a format, also of one that a plugin brings."""
    row = EXPORT_FORMATS.find(name.removeprefix("to_")) if name.startswith("to_") else None
    return _get(name) if row is None else row.open_writer()
