"""Sources: pictures in, from wherever they are, the same for every backend.

Takes   folders, globs, archives, URLs, bytes, objects.  Gives  `ImageRef`, `Header`, `Picture`: upright RGB bytes.
May use errors, records, settings, PIL, a socket.        Never  a model, a frame, an untyped error for a bad picture."""

from __future__ import annotations

from vlmkit.sources.grids import Raster, draw_grid
from vlmkit.sources.headers import Header, read_header
from vlmkit.sources.identity import RECIPE, fingerprint, loaded, stamp
from vlmkit.sources.limits import Limits
from vlmkit.sources.locations import read, refer
from vlmkit.sources.pictures import Examination, decode, examine, normalize
from vlmkit.sources.thumbnails import thumbnail

__all__ = [
    "RECIPE",
    "Examination",
    "Header",
    "Limits",
    "Raster",
    "decode",
    "draw_grid",
    "examine",
    "fingerprint",
    "loaded",
    "normalize",
    "read",
    "read_header",
    "refer",
    "stamp",
    "thumbnail",
]
