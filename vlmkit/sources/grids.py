"""Pictures as a model cuts them: the patches drawn over them, large enough to be seen."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

__all__ = ["Raster", "draw_grid"]

Raster = tuple[int, int, bytes]
"""Width, height, and RGB bytes row by row."""

_SIDE_PX = 384  # of one tile, as shown
_GAP_PX = 8
_MOST_TILES = 12
_LINE = (255, 255, 255)
_EDGE = (0, 0, 0)


def draw_grid(tiles: Sequence[Raster], patch_px: int | None) -> Image.Image:
    """Draw tiles side by side, in rows of four, with lines between their patches.

    Parameters
    ----------
    tiles : sequence of Raster
        The first twelve are drawn.
    patch_px : int or None
        Side of a patch; None draws no lines.
    """
    drawn = [_drawn(tile, patch_px) for tile in tiles[:_MOST_TILES]]
    columns = min(4, len(drawn))
    width = max(tile.width for tile in drawn) + _GAP_PX
    height = max(tile.height for tile in drawn) + _GAP_PX
    rows = -(-len(drawn) // columns)
    sheet = Image.new("RGB", (columns * width - _GAP_PX, rows * height - _GAP_PX), "white")
    for number, tile in enumerate(drawn):
        sheet.paste(tile, (number % columns * width, number // columns * height))
    return sheet


def _drawn(tile: Raster, patch_px: int | None) -> Image.Image:
    width, height, data = tile
    scale = max(1, round(_SIDE_PX / max(width, height)))
    # Nearest, because a blurred picture would show more than the model has.
    picture = Image.frombytes("RGB", (width, height), data)
    picture = picture.resize((width * scale, height * scale), Image.Resampling.NEAREST)
    if patch_px:
        draw = ImageDraw.Draw(picture)
        for color, shift in ((_EDGE, 1), (_LINE, 0)):  # seen on any ground
            for x in range(patch_px * scale, picture.width, patch_px * scale):
                draw.line([(x + shift, 0), (x + shift, picture.height)], fill=color)
            for y in range(patch_px * scale, picture.height, patch_px * scale):
                draw.line([(0, y + shift), (picture.width, y + shift)], fill=color)
    return picture
