"""Sources: pictures in, from wherever they are, the same for every backend.

Takes   a folder, a glob, paths, bytes, PIL images.      Gives  `ImageRef`, `Header`, `Picture`: upright RGB bytes.
May use errors, records, PIL (the only room that does).  Never  a model, a frame, an untyped error for a bad picture."""

from __future__ import annotations

from vlmkit.sources.headers import Header, read_header
from vlmkit.sources.identity import RECIPE, fingerprint, loaded, stamp
from vlmkit.sources.locations import read, refer
from vlmkit.sources.pictures import decode, normalize

__all__ = [
    "RECIPE",
    "Header",
    "decode",
    "fingerprint",
    "loaded",
    "normalize",
    "read",
    "read_header",
    "refer",
    "stamp",
]
