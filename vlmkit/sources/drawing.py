"""Pictures drawn on purpose: plain shapes whose truth is known, to find out whether a model really sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image, ImageDraw

__all__ = ["COLORS", "OUTLINES", "PLACES", "SHAPES", "Shape", "draw"]

COLORS = {
    "red": (214, 30, 36),
    "orange": (250, 138, 24),
    "yellow": (250, 224, 48),
    "green": (34, 146, 58),
    "blue": (32, 74, 206),
    "purple": (132, 40, 168),
    "white": (250, 250, 250),
    "black": (16, 16, 16),
    "gray": (142, 142, 142),
    "brown": (112, 70, 38),
    "pink": (252, 186, 206),
}
"""Names and RGB values; kept apart in brightness, too, for small eyes and for color-blind people."""

SHAPES = ("circle", "square", "triangle", "star", "cross")

PLACES = (
    "top left", "top", "top right",
    "left", "center", "right",
    "bottom left", "bottom", "bottom right",
)  # fmt: skip

_OVERSAMPLING = 2
_RADIUS = 0.42  # in parts of a cell's side
_STORED_AS = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
_Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """One shape: ``shape`` of `SHAPES`, ``color`` of `COLORS`, ``place`` of `PLACES`."""

    shape: str
    color: str
    place: str


def draw(shapes: Sequence[Shape], *, background: str, side_px: int = 192, orientation: int = 1) -> bytes:
    """Draw shapes, each in its cell of a grid of three by three.

    Parameters
    ----------
    shapes : sequence of Shape
    background : str
        Of `COLORS`.
    side_px : int, default 192
    orientation : {1, 3, 6, 8}, default 1
        EXIF orientation: how the pixels are stored, so that turned upright they are the picture meant.

    Returns
    -------
    bytes
        A JPEG file.
    """
    side = side_px * _OVERSAMPLING
    image = Image.new("RGB", (side, side), COLORS[background])
    pen = ImageDraw.Draw(image)
    for shape in shapes:
        row, column = divmod(PLACES.index(shape.place), 3)
        center, radius = ((column + 0.5) * side / 3, (row + 0.5) * side / 3), _RADIUS * side / 3
        if shape.shape == "circle":
            box = (center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius)
            pen.ellipse(box, fill=COLORS[shape.color])
        else:
            outline = [(center[0] + x * radius, center[1] + y * radius) for x, y in OUTLINES[shape.shape]]
            pen.polygon(outline, fill=COLORS[shape.color])
    image = image.resize((side_px, side_px), Image.Resampling.BOX)
    turn = _STORED_AS[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    buffer = BytesIO()
    (image if turn is None else image.transpose(turn)).save(buffer, "JPEG", quality=92, exif=exif)
    return buffer.getvalue()


def _star() -> list[_Point]:
    corners = [(math.pi * corner / 5, 1.0 if corner % 2 == 0 else 0.38) for corner in range(10)]
    return [(reach * math.sin(turn), -reach * math.cos(turn)) for turn, reach in corners]


_ARM = 0.3  # half the width of the cross's bars
_QUARTER: list[_Point] = [(-_ARM, -1), (_ARM, -1), (_ARM, -_ARM)]
OUTLINES: dict[str, list[_Point]] = {
    "square": [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    "triangle": [(0.0, -0.95), (0.9, 0.7), (-0.9, 0.7)],
    "star": _star(),
    "cross": [
        point
        for cos, sin in ((1, 0), (0, 1), (-1, 0), (0, -1))
        for point in ((x * cos - y * sin, x * sin + y * cos) for x, y in _QUARTER)
    ],
}
"""Corners of the shapes that have any, upright, in parts of their radius."""
