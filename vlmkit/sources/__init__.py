"""Sources: pictures in, from wherever they are, the same for every backend.

Takes   a folder, a glob, paths, bytes, PIL images.      Gives  `ImageRef`, `Header`, `Picture`: upright RGB bytes.
May use errors, records, PIL (the only room that does).  Never  a model, a frame, an untyped error for a bad picture."""

from __future__ import annotations

from vlmkit.sources.headers import Header, read_header
from vlmkit.sources.locations import read, refer
from vlmkit.sources.pictures import decode, normalize

__all__ = ["Header", "decode", "normalize", "read", "read_header", "refer"]
