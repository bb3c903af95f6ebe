"""Exporters: tables out to files that trainers and reviewers read, and back with what people changed.

Takes   a frame of pictures and texts.         Gives  files, an account of each; a frame of what files say.
May use frame, sources, pyarrow for its own.   Never  destroys a text unasked, or writes outside the folder named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.lazy import lazy_exports

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
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "coco": "to_coco",
            "csv": "to_csv",
            "imagefolder": "to_imagefolder",
            "jsonl": "to_jsonl",
            "kohya": "to_kohya",
            "label_studio": "to_label_studio",
            "llava": "to_llava",
            "merging": "merge_edits",
            "messages": "to_messages",
            "parquet": "to_parquet",
            "reading": "read_dataset",
            "sidecars": "read_sidecars to_sidecars",
            "webdataset": "to_webdataset",
            "xmp": "to_xmp",
        },
    )
