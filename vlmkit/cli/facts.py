"""A described picture as a flat record, as all formats write it; with what its file says, where that was asked for."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from vlmkit.cli.results import Record
from vlmkit.errors import RunError
from vlmkit.frame import Description
from vlmkit.records import ImageRef
from vlmkit.sources import read_header
from vlmkit.sources.metadata import Metadata

__all__ = ["CONFIDENCE", "METADATA", "record_of"]

_CAMERA = tuple(field.name for field in fields(Metadata))
METADATA = ("orientation", "frames", "digest", *_CAMERA, "exif")
CONFIDENCE = ("confidence",)


def record_of(description: Description, ref: ImageRef, *, metadata: bool, confidence: bool = False) -> Record:
    """One result: the keys of `results.FIELDS`, and those of `CONFIDENCE` and `METADATA` where asked for.

    Parameters
    ----------
    description : Description
    ref : ImageRef
        Its picture.
    metadata : bool
        Whether the file is read for its digest and for what the camera wrote.
    confidence : bool, default False
        Whether how likely the description was to the model is there, from 0 to 1; None where it did not say.
    """
    facts = description.metadata
    record = {
        "path": ref.label,
        "description": description.text,
        "error": description.error,
        **{name: facts[name] for name in ("format", "width", "height", "size_bytes")},
        "seconds": round(description.seconds, 4),
        "model": description.model,
        "model_revision": description.revision,
        "prompt_tokens": description.prompt_tokens,
        "completion_tokens": description.completion_tokens,
        "finish_reason": description.finish_reason,
        "from_store": description.from_store,
        "is_duplicate": description.is_duplicate,
        "retries": description.retries,
    }
    if confidence:
        sure = description.columns.get("description_confidence")
        record["confidence"] = None if sure is None else round(sure, 4)
    return {**record, **_metadata(ref)} if metadata else record


def _metadata(ref: ImageRef) -> dict[str, Any]:
    try:
        header = read_header(ref, digest=True, exif=True)
    except RunError:
        return dict.fromkeys(METADATA)
    camera = asdict(header.metadata)
    facts = {"orientation": header.orientation, "frames": header.frames, "digest": header.digest, **camera}
    facts["exif"] = header.exif
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()}
