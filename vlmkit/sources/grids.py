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
