"""LFM2-VL: into how many tiles a picture is cut.

mlx_vlm replaces what the checkpoint says about tiles by 2 to 10 of them, as some files say less than the model can.
Here the checkpoint's files count, as they do for transformers.
"""

from __future__ import annotations

from typing import Any

from vlmkit.engines.families.repairs.evidence import image_settings
from vlmkit.engines.families.repairs.repair import Repair

__all__ = ["REPAIR"]

_NAMES = ("do_image_splitting", "min_tiles", "max_tiles", "use_thumbnail")


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    images = processor.image_processor
    wanted = {
        name: value
        for name, value in image_settings(processor, _NAMES).items()
        if getattr(images, name, value) != value
    }
    for name, value in wanted.items():
        setattr(images, name, value)
    if wanted:
        tile = (images.tile_size // images.encoder_patch_size) ** 2 if images.do_image_splitting else 0
        images.max_num_patches = max(images.max_image_tokens * images.downsample_factor**2, tile)
    return bool(wanted)


REPAIR = Repair(
    families=frozenset({"lfm2_vl", "lfm2-vl"}),
    remark="mlx_vlm cuts pictures into 2 to 10 tiles whatever the checkpoint says; here its own settings hold.",
    after_load=_mend,
)
