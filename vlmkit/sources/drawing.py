"""Drawn pictures: shapes whose truth is known, to find out whether a model sees; and the patches that a model sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image, ImageDraw

__all__ = ["COLORS", "OUTLINES", "PLACES", "SHAPES", "Raster", "Shape", "draw_grid", "draw_shapes"]

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


def draw_shapes(shapes: Sequence[Shape], *, background: str, side_px: int = 192, orientation: int = 1) -> bytes:
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


Raster = tuple[int, int, bytes]
"""Width, height, and RGB bytes row by row."""

_SIDE_PX = 384  # of one tile, as shown
_GAP_PX = 8
_MOST_TILES = 12
_LINE = (255, 255, 255)
_EDGE = (0, 0, 0)


def draw_grid(tiles: Sequence[Raster], patch_px: int | None, token_px: int | None = None) -> Image.Image:
    """Draw tiles side by side, in rows of four, with lines between their patches, and thicker ones between tokens.

    Parameters
    ----------
    tiles : sequence of Raster
        The first twelve are drawn.
    patch_px : int or None
        Side of a patch; None draws no lines.
    token_px : int or None, default None
        Side of the square of patches that becomes one token; None where this is not known, or is one patch.
    """
    drawn = [_drawn(tile, patch_px, token_px) for tile in tiles[:_MOST_TILES]]
    columns = min(4, len(drawn))
    width = max(tile.width for tile in drawn) + _GAP_PX
    height = max(tile.height for tile in drawn) + _GAP_PX
    rows = -(-len(drawn) // columns)
    sheet = Image.new("RGB", (columns * width - _GAP_PX, rows * height - _GAP_PX), "white")
    for number, tile in enumerate(drawn):
        sheet.paste(tile, (number % columns * width, number // columns * height))
    return sheet


def _drawn(tile: Raster, patch_px: int | None, token_px: int | None) -> Image.Image:
    width, height, data = tile
    scale = max(1, round(_SIDE_PX / max(width, height)))
    # Nearest, because a blurred picture would show more than the model has.
    picture = Image.frombytes("RGB", (width, height), data)
    picture = picture.resize((width * scale, height * scale), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    for step_px, reach_px in ((patch_px, 0), (token_px, 2)):
        if step_px:
            _rule(draw, picture.size, step_px * scale, reach_px)
    return picture


def _rule(draw: ImageDraw.ImageDraw, size: tuple[int, int], step_px: int, reach_px: int) -> None:
    """Draw lines at each step in both directions, `reach_px` wider to either side than one pixel."""
    width, height = size
    # A dark edge beside the light line: one of them is seen on any ground.
    for color, reach, shift in ((_EDGE, reach_px, 1), (_LINE, reach_px, 0)):
        for x in range(step_px, width, step_px):
            draw.rectangle([x - reach + shift, 0, x + reach + shift, height], fill=color)
        for y in range(step_px, height, step_px):
            draw.rectangle([0, y - reach + shift, width, y + reach + shift], fill=color)
