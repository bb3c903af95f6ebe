"""Sources: pictures in, from wherever they are, the same for every backend.

Takes   folders, globs, archives, URLs, bytes, objects.  Gives  `ImageRef`, `Header`, `Picture`: upright RGB bytes.
May use errors, records, settings, PIL, a socket.        Never  a model, a frame, an untyped error for a bad picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "COLORS",
    "OUTLINES",
    "PICTURE_SUFFIXES",
    "PLACES",
    "RECIPE",
    "SHAPES",
    "SOURCES",
    "Examination",
    "Header",
    "Limits",
    "Metadata",
    "PictureSource",
    "Raster",
    "Shape",
    "color_grid",
    "crop_picture",
    "decode",
    "draw_grid",
    "draw_shapes",
    "examine",
    "fetch",
    "fingerprint",
    "is_archive",
    "is_compressed",
    "is_picture",
    "is_url",
    "loaded",
    "normalize",
    "path_from_text",
    "path_in_text",
    "path_of_url",
    "read",
    "read_header",
    "refer",
    "shown_url",
    "split_member",
    "stamp",
    "thumbnail",
]

if TYPE_CHECKING:
    from vlmkit.sources.archives import is_archive, is_compressed, split_member
    from vlmkit.sources.drawing import COLORS, OUTLINES, PLACES, SHAPES, Raster, Shape, draw_grid, draw_shapes
    from vlmkit.sources.formats import PICTURE_SUFFIXES
    from vlmkit.sources.headers import Header, read_header
    from vlmkit.sources.identity import RECIPE, fingerprint, loaded, stamp
    from vlmkit.sources.limits import Limits
    from vlmkit.sources.locations import read, refer
    from vlmkit.sources.metadata import Metadata
    from vlmkit.sources.objects import is_picture
    from vlmkit.sources.pictures import Examination, decode, examine, normalize
    from vlmkit.sources.remote import fetch
    from vlmkit.sources.thumbnails import color_grid, crop_picture, thumbnail
    from vlmkit.sources.urls import SOURCES, PictureSource, is_url, path_from_text, path_in_text, path_of_url, shown_url
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "archives": "is_archive is_compressed split_member",
            "drawing": "COLORS OUTLINES PLACES SHAPES Raster Shape draw_grid draw_shapes",
            "formats": "PICTURE_SUFFIXES",
            "headers": "Header read_header",
            "identity": "RECIPE fingerprint loaded stamp",
            "limits": "Limits",
            "locations": "read refer",
            "metadata": "Metadata",
            "objects": "is_picture",
            "pictures": "Examination decode examine normalize",
            "remote": "fetch",
            "thumbnails": "color_grid crop_picture thumbnail",
            "urls": "SOURCES PictureSource is_url path_from_text path_in_text path_of_url shown_url",
        },
    )
