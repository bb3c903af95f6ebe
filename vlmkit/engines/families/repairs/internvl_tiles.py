"""InternVL: into how many tiles a picture is cut, and their colors.

Where two grids of tiles fit the shape of a picture equally well, mlx_vlm takes the one nearest in area. The released
models were made with another rule: the one with more tiles, as long as the picture fills more than half of it. The
limits of tiles, their size and the mean of their colors are read from config.json or fixed, where transformers' layout
has them in the processor's file. Here pictures go through transformers' own processor.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import transformers

from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    given = processor.image_processor
    if not hasattr(given, "dynamic_max_num"):
        return False
    tiler = _of_files(processor) if config["model_type"] == "internvl" else _of_settings(given)

    def preprocess(self: Any, images: Any, **options: Any) -> Any:  # noqa: ARG001
        made = tiler(images=images, crop_to_patches=True, return_tensors="np")
        pixels = mx.array(made["pixel_values"])[None]
        return transformers.BatchFeature({"pixel_values": pixels, "num_patches_list": made["num_patches"].tolist()})

    override(given, preprocess=preprocess)
    return True


def _of_files(processor: Any) -> Any:
    return transformers.AutoImageProcessor.from_pretrained(processor.tokenizer.name_or_path, local_files_only=True)


def _of_settings(given: Any) -> Any:
    return transformers.GotOcr2ImageProcessorPil(
        min_patches=given.dynamic_min_num,
        max_patches=given.dynamic_max_num,
        size={"height": given.size, "width": given.size},
        image_mean=given.image_mean,
        image_std=given.image_std,
    )


REPAIR = Repair(
    families=frozenset({"internvl", "internvl_chat"}),
    remark="mlx_vlm cuts pictures into another number of tiles in some shapes; here they are cut as in transformers.",
    after_load=_mend,
)
