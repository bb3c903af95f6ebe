"""PaddleOCR-VL: into how many parts a picture is cut, and several pictures.

mlx_vlm's processor has limits of its own, whatever the checkpoint's files say, and takes several pictures for the
frames of one: those of different sizes fail, those of one size become one. Here pictures go through transformers'
processor, with the settings of the files.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import transformers

from vlmkit.engines.families.repairs.evidence import reads
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]

_FRAMES = "grid_t = patches.shape[0] // temporal_patch_size"


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    given = processor.image_processor
    if not reads(type(given).preprocess, _FRAMES):
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


REPAIR = Repair(
    families=frozenset({"paddleocr_vl"}),
    remark="mlx_vlm cuts pictures in its own way and takes several for one; here they are cut as in transformers.",
    after_load=_mend,
)
