"""Molmo 2: how pictures are cut and shrunk.

mlx_vlm cuts every picture as the released models want it, whatever the checkpoint's files say. It smooths what it
shrinks, where the models were trained with two neighbours for each pixel and no more. Here the files count, and
pixels are interpolated as in transformers.
"""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
from transformers.image_utils import PILImageResampling

from vlmkit.engines.families.repairs.evidence import image_settings
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR", "bilinear"]

_NAMES = ("size", "resample", "image_mean", "image_std", "max_crops", "overlap_margins", "patch_size", "pooling_size")
_STEPS = ("build_resized_image", "build_overlapping_crops")

Pixels = np.ndarray[Any, Any]


def bilinear(image: Pixels, size: Any, resample: Any = PILImageResampling.BILINEAR) -> Pixels:
    """A picture in another size, each pixel from the four nearest alone.

    Parameters
    ----------
    image : uint8 array of shape (height, width, channels)
    size : sequence of int
        Height and width.
    resample : PIL filter, default bilinear

    Returns
    -------
    float32 array of shape (*size, channels)
        From 0 to 1, in steps of 1/255.

    Raises
    ------
    ValueError
        The filter is another one.
    """
    if resample != PILImageResampling.BILINEAR:
        message = f"pictures cannot be resized with filter {resample} as transformers does; write 2 into the file"
        raise ValueError(message)
    pixels = image.astype(np.float32)
    left, right, share = _neighbours(size[1], image.shape[1])
    across = _mixed(pixels[:, left], pixels[:, right], share[:, None])
    above, below, share = _neighbours(size[0], image.shape[0])
    whole = _mixed(across[above], across[below], share[:, None, None])
    levels: Pixels = np.clip(np.rint(whole), 0, 255) / np.float32(255)
    return levels


def _neighbours(length: int, size: int) -> tuple[Pixels, Pixels, Pixels]:
    """Of each of `length` places the two of `size` beside it, and the share of the second; in single precision."""
    step, half = np.float32(size) / np.float32(length), np.float32(0.5)
    at = np.maximum((np.arange(length, dtype=np.float32) + half) * step - half, np.float32(0))
    first = at.astype(int)
    return first, np.minimum(first + 1, size - 1), at - first.astype(np.float32)


def _mixed(one: Pixels, other: Pixels, share: Pixels) -> Pixels:
    mixed: Pixels = one * (np.float32(1) - share) + other * share
    return mixed


def _with(function: Any, **names: Any) -> Any:
    """A function that finds other things under some names; the one in its module stays as it is."""
    return FunctionType(function.__code__, {**function.__globals__, **names}, None, function.__defaults__)


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    images = processor.image_processor
    own = SimpleNamespace(**type(images).preprocess.__globals__)
    settings = image_settings(processor, _NAMES)
    wanted = {name: value for name, value in settings.items() if getattr(images, name, value) != value}
    for name, value in wanted.items():
        setattr(images, name, value)
    is_smooth = _is_smooth(own.resize_image_pil)
    if is_smooth:
        steps = {name: _with(getattr(own, name), resize_image_pil=bilinear) for name in _STEPS}
        cut = _with(own.image_to_patches_and_grids, **steps)
        override(images, preprocess=_with(type(images).preprocess, image_to_patches_and_grids=cut))
    return is_smooth or bool(wanted)


def _is_smooth(resize: Any) -> bool:
    """Whether one bright pixel of eight is seen between two others, four pixels away."""
    line = np.zeros((1, 8, 3), np.uint8)
    line[:, 0] = 255
    return bool(resize(line, [1, 2], PILImageResampling.BILINEAR).any())


REPAIR = Repair(
    families=frozenset({"molmo2"}),
    remark="mlx_vlm cuts and smooths pictures in its own way; here it is done as in transformers.",
    after_load=_mend,
)
