"""What a model gets to see of an ask: the finished text, and pictures as its processor made them.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vlmkit.backends.protocol import Insight, Tile
from vlmkit.engines import mlx_vlm_api
from vlmkit.engines.language import LoadedModel
from vlmkit.records import Ask

__all__ = ["look_inside"]


def look_inside(language: LoadedModel, ask: Ask, images: Sequence[Any]) -> Insight:
    """Prepare an ask as for an answer, and tell what came of it.

    Parameters
    ----------
    language : LoadedModel
    ask : Ask
    images : sequence of PIL.Image.Image
        Its pictures, decoded.
    """
    prompt = language.prompt(ask, images)
    config = language.model.config
    patch_px = _whole(getattr(config, "vision_config", None), "patch_size")
    # Families that fold squares of patches into tokens ("pixel shuffle", arXiv:2504.05299) name the side of the square.
    folded = _whole(config, "scale_factor")
    return Insight(
        text=language.as_read(prompt),
        prompt_tokens=len(prompt.token_ids),
        image_tokens=None if prompt.image_token is None else prompt.token_ids.count(prompt.image_token),
        tiles=tuple(_tiles(prompt.inputs, language.processor)),
        patch_px=patch_px,
        token_px=folded * patch_px if folded and patch_px and folded > 1 else None,
    )


def _whole(config: Any, name: str) -> int | None:
    value = getattr(config, name, None)
    return value if isinstance(value, int) else None


def _tiles(inputs: dict[str, Any], processor: Any) -> Iterator[Tile]:
    """Pixels as colors again; none where a family cuts pictures into something else than rectangles."""
    pixels = inputs.get("pixel_values")
    if pixels is None or not hasattr(pixels, "shape") or len(pixels.shape) < 3:
        return
    values = np.array(pixels.astype(mlx_vlm_api.FLOAT), np.float32)
    values = values.reshape(-1, *values.shape[-3:])
    if values.shape[1] == 3:
        values = values.transpose(0, 2, 3, 1)
    if values.shape[-1] != 3:
        return
    image_processor = getattr(processor, "image_processor", processor)
    mean, std = (getattr(image_processor, name, None) for name in ("image_mean", "image_std"))
    if getattr(image_processor, "do_normalize", True) and mean is not None and std is not None:
        values = values * np.array(std, np.float32) + np.array(mean, np.float32)
    for tile in (values * 255).round().clip(0, 255).astype(np.uint8):
        yield Tile(width=tile.shape[1], height=tile.shape[0], data=tile.tobytes())
