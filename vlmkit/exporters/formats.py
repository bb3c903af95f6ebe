"""Export formats as rows: how each is called, written, read, and recognized.

From these rows come the `to_*` functions of this room and of ``df.vlm``, and what `read_dataset` reads. Other packages
add rows by an entry point of the group ``vlmkit.exporters``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vlmkit.plugins import Table, open_foreign

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXPORT_FORMATS", "TABLE_FORMATS", "ExportFormat"]

TABLE_FORMATS = {
    "csv": (".csv",),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet",),
}
"""What `write_table` writes, with the endings of such files."""

_TARS = (".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
_JSON = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportFormat:
    """One format.

    Attributes
    ----------
    name : str
        As in ``to_NAME`` and ``read_dataset(path, "NAME")``.
    title : str
        In words, for people.
    writer : str
        Dotted name of ``(frame, target, **options) -> DataFrame``, the account of what was written.
    reader : str
        Dotted name of ``(path, **options) -> DataFrame``; options are keyword-only.
    layout : {"file", "folder", "beside"}
        What the target of a writer is: one file, a folder of its own, or nothing, as each picture gets a file.
    suffixes : tuple of str, default ()
        Endings of files that are, or may be, of this format; the first is the usual one.
    inside : tuple of str, default ()
        Patterns of files by which a folder is known.
    sniffer : str or None, default None
        Dotted name of ``(candidate) -> bool or None``, which is asked of a folder, and of a file with one of
        `suffixes`; None is "where nothing else fits". Without a sniffer, `suffixes` and `inside` tell it.
    keeps_failed : bool, default False
        Whether rows that failed are written, too.
    """

    name: str
    title: str
    writer: str
    reader: str
    layout: Literal["file", "folder", "beside"] = "file"
    suffixes: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    sniffer: str | None = None
    keeps_failed: bool = False

    def open_writer(self) -> Callable[..., pd.DataFrame]:
        """The function that writes it; what a plugin's raises is a `BrokenPlugin`."""
        return open_foreign(self.writer, f"{self.name} cannot be written")

    def open_reader(self) -> Callable[..., pd.DataFrame]:
        """The function that reads it; what a plugin's raises is a `BrokenPlugin`."""
        return open_foreign(self.reader, f"{self.name} cannot be read")


_ROWS = (
    ExportFormat(
        name="imagefolder",
        title="imagefolder",
        writer="vlmkit.exporters.imagefolder:to_imagefolder",
        reader="vlmkit.exporters.imagefolder:read_imagefolder",
        layout="folder",
        sniffer="vlmkit.exporters.imagefolder:is_imagefolder",
    ),
    ExportFormat(
        name="parquet",
        title="Parquet with pictures inside",
        writer="vlmkit.exporters.parquet:to_parquet",
        reader="vlmkit.exporters.parquet:read_parquet",
        suffixes=(".parquet",),
    ),
    ExportFormat(
        name="webdataset",
        title="WebDataset",
        writer="vlmkit.exporters.webdataset:to_webdataset",
        reader="vlmkit.exporters.webdataset:read_webdataset",
        layout="folder",
        suffixes=(*_TARS, ".zip"),
        inside=("*.tar",),
    ),
    ExportFormat(
        name="xmp",
        title="XMP",
        writer="vlmkit.exporters.xmp:to_xmp",
        reader="vlmkit.exporters.xmp:read_xmp",
        layout="beside",
        inside=("*.xmp",),
    ),
    ExportFormat(
        name="sidecars",
        title="text files beside pictures",
        writer="vlmkit.exporters.sidecars:to_sidecars",
        reader="vlmkit.exporters.sidecars:read_sidecars",
        layout="beside",
        inside=("*.txt", "*.caption"),
    ),
    ExportFormat(
        name="llava",
        title="LLaVA",
        writer="vlmkit.exporters.conversations:to_llava",
        reader="vlmkit.exporters.conversations:read_llava",
        suffixes=_JSON,
        sniffer="vlmkit.exporters.conversations:is_llava",
    ),
    ExportFormat(
        name="messages",
        title="chat messages",
        writer="vlmkit.exporters.messages:to_messages",
        reader="vlmkit.exporters.messages:read_messages",
        suffixes=(".jsonl", ".ndjson", ".json"),
        sniffer="vlmkit.exporters.messages:is_messages",
    ),
    ExportFormat(
        name="label_studio",
        title="Label Studio",
        writer="vlmkit.exporters.label_studio:to_label_studio",
        reader="vlmkit.exporters.review_tasks:read_label_studio",
        suffixes=_JSON,
        sniffer="vlmkit.exporters.review_tasks:is_label_studio",
        keeps_failed=True,
    ),
    ExportFormat(
        name="coco",
        title="COCO",
        writer="vlmkit.exporters.coco:to_coco",
        reader="vlmkit.exporters.coco:read_coco",
        suffixes=(".json",),
        sniffer="vlmkit.exporters.coco:is_coco",
    ),
    ExportFormat(
        name="kohya",
        title="kohya metadata",
        writer="vlmkit.exporters.kohya:to_kohya",
        reader="vlmkit.exporters.kohya:read_kohya",
        suffixes=(".json",),
        sniffer="vlmkit.exporters.kohya:is_kohya",
    ),
    ExportFormat(
        name="jsonl",
        title="JSON Lines",
        writer="vlmkit.exporters.jsonl:to_jsonl",
        reader="vlmkit.exporters.jsonl:read_jsonl",
        suffixes=(".jsonl", ".ndjson", ".json"),
        sniffer="vlmkit.exporters.jsonl:is_jsonl",
        keeps_failed=True,
    ),
    ExportFormat(
        name="csv",
        title="CSV",
        writer="vlmkit.exporters.csv:to_csv",
        reader="vlmkit.exporters.csv:read_csv",
        suffixes=(".csv", ".tsv"),
        keeps_failed=True,
    ),
)

EXPORT_FORMATS = Table("vlmkit.exporters", ExportFormat, _ROWS)
