"""How large a picture a model looks at, read off its processor: of which pixels it shrinks a picture itself.

Processors say it in many ways: a square, a longest edge, a number of pixels, of patches or of tiles, a list of grids.
What is read is what a processor has, not what its family is called. It may be an object or the contents of its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from math import isqrt
from typing import Any

__all__ = ["Resolution", "resolution_of", "side_to_keep"]

_PHOTO = 1.5
"""Width by height of a usual photograph."""
_LEAST_SIDE_PX = 1568
_PHI3_TILE_PX = 336
_PHI4_TILE_PX = 448
# Most tokens of a picture, and how many patches along a side become one.
_TOKENS = (
    ("max_soft_tokens", ("pooling_kernel_size",)),
    ("max_image_tokens", ("downsample_factor", "merge_size")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """Largest pictures of which a model sees every pixel.

    Attributes
    ----------
    longest_side_px : int
        Of any picture; where only the area is limited, of a photograph of 3:2.
    most_pixels : int
        Of any picture.
    """

    longest_side_px: int
    most_pixels: int


def resolution_of(processor: Any, config: Any = None) -> Resolution | None:
    """Resolution of a model.

    Parameters
    ----------
    processor : processor, image processor, or mapping
        The contents of preprocessor_config.json or processor_config.json do, too.
    config : model configuration or mapping, default None
        Asked where the processor does not say it.

    Returns
    -------
    Resolution or None
        None where neither says it.
    """
    fields, whole = _Fields(_image_part(processor)), _Fields(config)
    vision = whole.within("vision_config")
    tries = (
        *(partial(rule, fields) for rule in _RULES),
        partial(_dynamic, fields, whole),
        partial(_fixed, fields),
        partial(_tiles, vision),
        partial(_fixed, vision),
    )
    return next((found for look in tries if (found := look()) is not None), None)


def side_to_keep(resolution: Resolution | None) -> int:
    """Longest side that loses nothing a model would see of a photograph, in pixels; 1568 at least.

    Parameters
    ----------
    resolution : Resolution or None
        None is not known.
    """
    if resolution is None:
        return _LEAST_SIDE_PX
    return max(_LEAST_SIDE_PX, min(resolution.longest_side_px, _side_of_area(resolution.most_pixels)))


class _Fields:
    """Settings of an object or of a mapping, read alike."""

    def __init__(self, source: Any) -> None:
        self._source = source

    def get(self, name: str) -> Any:
        if isinstance(self._source, Mapping):
            return self._source.get(name)
        return getattr(self._source, name, None)

    def number(self, *names: str) -> int | None:
        """The first of these that is a number above 0."""
        values = (self.get(name) for name in names)
        return next((int(value) for value in values if _is_number(value)), None)

    def within(self, name: str) -> _Fields:
        return _Fields(self.get(name))

    @property
    def kind(self) -> str:
        named = self.get("image_processor_type")
        return named if isinstance(named, str) else type(self._source).__name__

    def side(self, *names: str) -> int | None:
        """The longer side of the first of these that is a size: a number, a pair, or height and width."""
        return next((max(size) for name in names if (size := _size(self.get(name)))), None)


def _image_part(processor: Any) -> Any:
    part = _Fields(processor).get("image_processor")
    return processor if part is None else part


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _size(value: Any) -> tuple[int, int] | None:
    if _is_number(value):
        return int(value), int(value)
    if isinstance(value, list | tuple):
        return (int(value[0]), int(value[1])) if len(value) == 2 and all(map(_is_number, value)) else None
    fields = _Fields(value)
    height, width = fields.number("height"), fields.number("width")
    return (height, width) if height and width else None


def _side_of_area(pixels: int) -> int:
    return isqrt(int(_PHOTO * pixels))


def _of_area(pixels: int | None) -> Resolution | None:
    return Resolution(longest_side_px=_side_of_area(pixels), most_pixels=pixels) if pixels else None


def _of_tiles(side: int | None, count: int | None) -> Resolution | None:
    """Tiles of one size, which may all lie in a row."""
    if not side or not count:
        return None
    return Resolution(longest_side_px=side * count, most_pixels=side * side * count)


def _of_sizes(sizes: Iterable[tuple[int, int]]) -> Resolution | None:
    known = list(sizes)
    if not known:
        return None
    longest, most = max(map(max, known)), max(height * width for height, width in known)
    return Resolution(longest_side_px=longest, most_pixels=most)


def _grids(fields: _Fields) -> Resolution | None:
    listed = fields.get("image_grid_pinpoints") or fields.get("candidate_resolutions") or ()
    return _of_sizes(size for each in listed if (size := _size(each)))


def _tiles(fields: _Fields) -> Resolution | None:
    tile = fields.side("tile_size", "crop_size" if fields.get("max_crops") else "size", "size", "base_image_input_size")
    names = ["max_image_tiles", "max_tiles", "max_crops", "dynamic_max_num"]
    if fields.get("crop_to_patches") is not False:
        names.append("max_patches")
    if fields.get("do_pan_and_scan"):
        names.append("pan_and_scan_max_num_crops")
    if fields.get("do_image_splitting") is False and fields.get("max_tiles"):
        return None
    if crops := fields.number("num_crops"):
        return _of_tiles(fields.side("img_size") or _PHI3_TILE_PX, crops)
    if crops := fields.number("dynamic_hd"):
        return _of_tiles(tile or _PHI4_TILE_PX, crops)
    return _of_tiles(tile, fields.number(*names))


def _dynamic(fields: _Fields, config: _Fields) -> Resolution | None:
    """Tiles whose number stands in the model's configuration."""
    if config.get("dynamic_image_size") is False:
        return None
    return _of_tiles(config.side("force_image_size") or fields.side("size"), config.number("max_dynamic_patch"))


def _split(fields: _Fields) -> Resolution | None:
    """A longest edge, cut into squares; without cutting, one of these squares."""
    square = fields.within("max_image_size").number("longest_edge") or fields.side("max_image_size")
    if square is None:
        return None
    edge = fields.within("size").number("longest_edge") if fields.get("do_image_splitting") is not False else None
    return _of_sizes([(edge or square, edge or square)])


def _area(fields: _Fields) -> Resolution | None:
    size = fields.within("size")
    if pixels := fields.number("max_pixels") or size.number("max_pixels"):
        return _of_area(pixels)
    if fields.number("merge_size", "temporal_patch_size") and (pixels := size.number("longest_edge")):
        # GLM counts the pixels of all frames, and takes a picture for a film of two.
        frames = fields.number("temporal_patch_size") if fields.kind.startswith("Glm") else None
        return _of_area(pixels // (frames or 1))
    return _of_patches(fields)


def _of_patches(fields: _Fields) -> Resolution | None:
    patch = fields.side("patch_size", "encoder_patch_size")
    for most, folded in _TOKENS:
        if tokens := fields.number(most):
            return _of_area(tokens * ((patch or 1) * (fields.number(*folded) or 1)) ** 2)
    if slices := fields.number("max_slice_nums"):
        return _of_area(slices * (fields.side("scale_resolution") or 0) ** 2)
    patches = fields.number("in_token_limit", "max_num_patches", "max_patches")
    return _of_area(patches * patch * patch) if patches and patch and fields.side("size") is None else None


def _edge(fields: _Fields) -> Resolution | None:
    edge = fields.within("size").number("longest_edge")
    if edge is None:
        return None
    side = 2 * edge if fields.get("do_image_splitting") else edge  # four quarters, each as large
    return _of_sizes([(side, side)])


def _fixed(fields: _Fields) -> Resolution | None:
    names = ("crop_size", "size") if fields.get("do_center_crop") else ("size", "crop_size")
    for name in (*names, "image_size", "img_size"):
        if size := _size(fields.get(name)):
            return _of_sizes([size])
        if edge := fields.within(name).number("shortest_edge"):
            return _of_sizes([(edge, edge)])
    return None


_RULES: tuple[Callable[[_Fields], Resolution | None], ...] = (_grids, _split, _tiles, _area, _edge)
