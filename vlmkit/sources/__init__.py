"""Sources: pictures in, from wherever they are, the same for every backend.

Takes   folders, globs, archives, URLs, bytes, objects.  Gives  `ImageRef`, `Header`, `Picture`: upright RGB bytes.
May use errors, records, settings, PIL, a socket.        Never  a model, a frame, an untyped error for a bad picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "RECIPE",
    "SOURCES",
    "Examination",
    "Header",
    "Limits",
    "PictureSource",
    "Raster",
    "decode",
    "draw_grid",
    "examine",
    "fetch",
    "fingerprint",
    "loaded",
    "normalize",
    "read",
    "read_header",
    "refer",
    "stamp",
    "thumbnail",
]

if TYPE_CHECKING:
    from vlmkit.sources.drawing import Raster, draw_grid
    from vlmkit.sources.headers import Header, read_header
    from vlmkit.sources.identity import RECIPE, fingerprint, loaded, stamp
    from vlmkit.sources.limits import Limits
    from vlmkit.sources.locations import read, refer
    from vlmkit.sources.pictures import Examination, decode, examine, normalize
    from vlmkit.sources.remote import fetch
    from vlmkit.sources.thumbnails import thumbnail
    from vlmkit.sources.urls import SOURCES, PictureSource
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "drawing": "Raster draw_grid",
            "headers": "Header read_header",
            "identity": "RECIPE fingerprint loaded stamp",
            "limits": "Limits",
            "locations": "read refer",
            "urls": "SOURCES PictureSource",
            "pictures": "Examination decode examine normalize",
            "remote": "fetch",
            "thumbnails": "thumbnail",
        },
    )
