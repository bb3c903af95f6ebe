"""Into how many tiles a picture is cut, and how it is shrunk: InternVL, LFM2-VL, Molmo 2, PaddleOCR-VL.

Imported on the desk only.
"""

from __future__ import annotations

from types import FunctionType, SimpleNamespace
from typing import Any

import mlx.core as mx
import numpy as np
import transformers
from transformers.image_utils import PILImageResampling

from vlmkit.engines.repairs.repair import Repair, image_settings, override, reads

__all__ = ["INTERNVL", "LFM2_VL", "MOLMO2", "PADDLEOCR_VL", "bilinear"]


def _mend_internvl(_model: Any, processor: Any, config: dict[str, Any]) -> bool:
    """InternVL: into how many tiles a picture is cut, and their colors.

    Where two grids of tiles fit the shape of a picture equally well, mlx_vlm takes the one nearest in area. The
    released models were made with another rule: the one with more tiles, as long as the picture fills more than half of
    it. The limits of tiles, their size and the mean of their colors are read from config.json or fixed, where
    transformers' layout has them in the processor's file. Here pictures go through transformers' own processor.
    """
    given = processor.image_processor
    if not hasattr(given, "dynamic_max_num"):
        return False
    tiler = _tiler_of_files(processor) if config["model_type"] == "internvl" else _tiler_of_settings(given)

    def preprocess(self: Any, images: Any, **options: Any) -> Any:  # noqa: ARG001
        made = tiler(images=images, crop_to_patches=True, return_tensors="np")
        pixels = mx.array(made["pixel_values"])[None]
        return transformers.BatchFeature({"pixel_values": pixels, "num_patches_list": made["num_patches"].tolist()})

    override(given, preprocess=preprocess)
    return True


def _tiler_of_files(processor: Any) -> Any:
    return transformers.AutoImageProcessor.from_pretrained(processor.tokenizer.name_or_path, local_files_only=True)


def _tiler_of_settings(given: Any) -> Any:
    return transformers.GotOcr2ImageProcessorPil(
        min_patches=given.dynamic_min_num,
        max_patches=given.dynamic_max_num,
        size={"height": given.size, "width": given.size},
        image_mean=given.image_mean,
        image_std=given.image_std,
    )


INTERNVL = Repair(
    families=frozenset({"internvl", "internvl_chat"}),
    remark="mlx_vlm cuts pictures into another number of tiles in some shapes; here they are cut as in transformers.",
    after_load=_mend_internvl,
)


_LFM2_VL_NAMES = ("do_image_splitting", "min_tiles", "max_tiles", "use_thumbnail")


def _mend_lfm2_vl(_model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """LFM2-VL: into how many tiles a picture is cut.

    mlx_vlm replaces what the checkpoint says about tiles by 2 to 10 of them, as some files say less than the model can.
    Here the checkpoint's files count, as they do for transformers.
    """
    images = processor.image_processor
    wanted = {
        name: value
        for name, value in image_settings(processor, _LFM2_VL_NAMES).items()
        if getattr(images, name, value) != value
    }
    for name, value in wanted.items():
        setattr(images, name, value)
    if wanted:
        tile = (images.tile_size // images.encoder_patch_size) ** 2 if images.do_image_splitting else 0
        images.max_num_patches = max(images.max_image_tokens * images.downsample_factor**2, tile)
    return bool(wanted)


LFM2_VL = Repair(
    families=frozenset({"lfm2_vl", "lfm2-vl"}),
    remark="mlx_vlm cuts pictures into 2 to 10 tiles whatever the checkpoint says; here its own settings hold.",
    after_load=_mend_lfm2_vl,
)


_MOLMO2_NAMES = (
    "size",
    "resample",
    "image_mean",
    "image_std",
    "max_crops",
    "overlap_margins",
    "patch_size",
    "pooling_size",
)
_MOLMO2_STEPS = ("build_resized_image", "build_overlapping_crops")

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


def _with_names(function: Any, **names: Any) -> Any:
    """A function that finds other things under some names; the one in its module stays as it is."""
    return FunctionType(function.__code__, {**function.__globals__, **names}, None, function.__defaults__)


def _mend_molmo2(_model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """Molmo 2: how pictures are cut and shrunk.

    mlx_vlm cuts every picture as the released models want it, whatever the checkpoint's files say. It smooths what it
    shrinks, where the models were trained with two neighbours for each pixel and no more. Here the files count, and
    pixels are interpolated as in transformers.
    """
    images = processor.image_processor
    own = SimpleNamespace(**type(images).preprocess.__globals__)
    settings = image_settings(processor, _MOLMO2_NAMES)
    wanted = {name: value for name, value in settings.items() if getattr(images, name, value) != value}
    for name, value in wanted.items():
        setattr(images, name, value)
    is_smooth = _smooths(own.resize_image_pil)
    if is_smooth:
        steps = {name: _with_names(getattr(own, name), resize_image_pil=bilinear) for name in _MOLMO2_STEPS}
        cut = _with_names(own.image_to_patches_and_grids, **steps)
        override(images, preprocess=_with_names(type(images).preprocess, image_to_patches_and_grids=cut))
    return is_smooth or bool(wanted)


def _smooths(resize: Any) -> bool:
    """Whether one bright pixel of eight is seen between two others, four pixels away."""
    line = np.zeros((1, 8, 3), np.uint8)
    line[:, 0] = 255
    return bool(resize(line, [1, 2], PILImageResampling.BILINEAR).any())


MOLMO2 = Repair(
    families=frozenset({"molmo2"}),
    remark="mlx_vlm cuts and smooths pictures in its own way; here it is done as in transformers.",
    after_load=_mend_molmo2,
)


_TAKES_FRAMES = "grid_t = patches.shape[0] // temporal_patch_size"


def _mend_paddleocr_vl(_model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """PaddleOCR-VL: into how many parts a picture is cut, and several pictures.

    mlx_vlm's processor has limits of its own, whatever the checkpoint's files say, and takes several pictures for the
    frames of one: those of different sizes fail, those of one size become one. Here pictures go through transformers'
    processor, with the settings of the files.
    """
    given = processor.image_processor
    if not reads(type(given).preprocess, _TAKES_FRAMES):
        return False
    own = transformers.AutoImageProcessor.from_pretrained(processor.tokenizer.name_or_path, local_files_only=True)

    def preprocess(self: Any, images: Any, **options: Any) -> Any:  # noqa: ARG001
        made = own(images=images, return_tensors="np")
        parts, grids = made["pixel_values"], made["image_grid_thw"]
        return transformers.BatchFeature({"pixel_values": np.asarray(parts)[None], "image_grid_thw": np.asarray(grids)})

    given.merge_size, given.patch_size = own.merge_size, own.patch_size
    given.min_pixels, given.max_pixels = own.size["shortest_edge"], own.size["longest_edge"]
    given.size = {"shortest_edge": given.min_pixels, "longest_edge": given.max_pixels}
    override(given, preprocess=preprocess)
    return True


PADDLEOCR_VL = Repair(
    families=frozenset({"paddleocr_vl"}),
    remark="mlx_vlm cuts pictures in its own way and takes several for one; here they are cut as in transformers.",
    after_load=_mend_paddleocr_vl,
)
