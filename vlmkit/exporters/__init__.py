"""Exporters: tables out to files that trainers and reviewers read, and back with what people changed.

Takes   a frame of pictures and texts.         Gives  files, an account of each; a frame of what files say.
May use frame, sources, pyarrow for its own.   Never  destroys a text unasked, or writes outside the folder named."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlmkit.exporters.coco import to_coco
    from vlmkit.exporters.csv import to_csv
    from vlmkit.exporters.imagefolder import to_imagefolder
    from vlmkit.exporters.jsonl import to_jsonl
    from vlmkit.exporters.kohya import to_kohya
    from vlmkit.exporters.label_studio import to_label_studio
    from vlmkit.exporters.llava import to_llava
    from vlmkit.exporters.merging import merge_edits
    from vlmkit.exporters.messages import to_messages
    from vlmkit.exporters.parquet import to_parquet
    from vlmkit.exporters.reading import read_dataset
    from vlmkit.exporters.sidecars import read_sidecars, to_sidecars
    from vlmkit.exporters.webdataset import to_webdataset
    from vlmkit.exporters.xmp import to_xmp

__all__ = [
    "merge_edits",
    "read_dataset",
    "read_sidecars",
    "to_coco",
    "to_csv",
    "to_imagefolder",
    "to_jsonl",
    "to_kohya",
    "to_label_studio",
    "to_llava",
    "to_messages",
    "to_parquet",
    "to_sidecars",
    "to_webdataset",
    "to_xmp",
]

_MODULE_OF = {name: name.partition("_")[2] for name in __all__} | {"merge_edits": "merging", "read_dataset": "reading"}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'vlmkit.exporters' has no attribute {name!r}; it has: {', '.join(__all__)}.")
    value = getattr(import_module(f"vlmkit.exporters.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
