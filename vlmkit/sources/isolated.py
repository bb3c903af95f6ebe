"""What runs in a process of its own that decodes pictures for another one: started by `isolation` only.

A decoder that hangs, crashes or takes more memory than it asked for ends this process and costs one picture. It ends
when its line is closed.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from vlmkit.children import limit_growth
from vlmkit.errors import RunError
from vlmkit.framing import receive, send
from vlmkit.records import ImageRef, Picture
from vlmkit.sources.headers import read_header
from vlmkit.sources.limits import BUDGET, Limits
from vlmkit.sources.pictures import decode, examine, normalize
from vlmkit.sources.thumbnails import thumbnail

__all__ = ["main"]

_MOST_BYTES = 2**40  # whatever the parent sends has its place in its memory already
_SLACK_BYTES = 256 * 2**20  # libraries that are loaded with the first picture that needs them
_SLACK_RATIO = 1.25
_LATE_S = 5.0  # the parent ends this process at the deadline; where there is none any more, it does so itself

_Result = tuple[dict[str, Any], bytes]


def main() -> None:
    """Work on what comes over standard input until it is closed."""
    line_in, line_out = os.dup(0), os.dup(1)
    os.dup2(2, 1)  # a library that prints must not write into the messages

    def ask(size_bytes: int) -> None:
        send(line_out, {"need": size_bytes})
        if size_bytes:
            answer, _ = receive(line_in, 0)
            if "refused" in answer:
                raise MemoryError(answer["refused"])
            _limit_memory(size_bytes)

    BUDGET.kept_by(ask)
    while True:
        try:
            order, block = receive(line_in, _MOST_BYTES)
        except EOFError:
            return
        _limit_memory(2 * len(block))
        if order["timeout_s"] is not None:
            faulthandler.dump_traceback_later(order["timeout_s"] + _LATE_S, exit=True)
        answer, data = _result(order, block)
        send(line_out, answer, data)


def _result(order: dict[str, Any], block: bytes) -> _Result:
    ref = ImageRef(source=order["path"] or block, label=order["label"])
    try:
        return _WORK[order["work"]](ref, Limits(**order["limits"]), **order["options"])
    except RunError as fault:
        return {"fault": type(fault).__name__, "message": str(fault)}, b""


def _limit_memory(size_bytes: int) -> None:
    """Let this process grow by this much, and not by what a decoder takes beyond it."""
    limit_growth(_SLACK_BYTES + int(_SLACK_RATIO * size_bytes))


def _header(ref: ImageRef, limits: Limits, *, digest: bool, exif: bool) -> _Result:
    header = asdict(read_header(ref, digest=digest, exif=exif, limits=limits))
    metadata = header["metadata"]
    header["metadata"] = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in metadata.items()
    }
    return header, b""


def _normalized(ref: ImageRef, limits: Limits, *, longest_side_px: int, lossless: bool, pixels: bool) -> _Result:
    picture = normalize(ref, longest_side_px, lossless=lossless, limits=limits)
    if not pixels:
        return _said(picture)
    image = decode(picture)
    return _about("image/x-portable-pixmap", image.width, image.height), image.tobytes()


def _thumbnail(ref: ImageRef, limits: Limits, *, longest_side_px: int) -> _Result:
    return _said(thumbnail(ref, longest_side_px, limits=limits))


def _examined(ref: ImageRef, limits: Limits) -> _Result:
    found = examine(ref, limits=limits)
    return {"is_blank": found.is_blank, "tones": found.tones}, b""


def _said(picture: Picture) -> _Result:
    """What was encoded; never a pixmap, as whoever gets one asks for pixels."""
    return _about(picture.media_type, picture.width, picture.height), picture.data


def _about(media_type: str, width: int, height: int) -> dict[str, Any]:
    return {"media_type": media_type, "width": width, "height": height}


_WORK: dict[str, Callable[..., _Result]] = {
    "header": _header,
    "normalize": _normalized,
    "thumbnail": _thumbnail,
    "examine": _examined,
}
