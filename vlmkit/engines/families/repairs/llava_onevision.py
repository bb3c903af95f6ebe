"""LLaVA-OneVision: several pictures in one prompt.

A picture that is alone is cut into tiles; of several each is one tile, padded to a square, as the model was trained.
mlx_vlm cuts each of several into tiles, too: several times the tokens, in an order that the model never saw.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx

from vlmkit.engines.families.repairs.evidence import reads
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    if not reads(type(processor).__call__, "self.image_processor(images, return_tensors="):
        return False
    _process_together(processor)
    _look_at_one_tile(model)
    return True


def _process_together(processor: Any) -> None:
    call = type(processor).__call__
    count = type(processor)._get_number_of_features  # noqa: SLF001  mlx_vlm counts nowhere else

    def process(self: Any, images: Any = None, text: Any = None, **options: Any) -> Any:
        several = isinstance(images, list | tuple) and len(images) > 1
        self.has_several = several
        # In a list of their own they belong together for the processor of pictures.
        return call(self, images=[list(images)] if several else images, text=text, **options)

    def tokens(self: Any, *sizes: int) -> Any:
        return self.num_image_tokens + 1 if self.has_several else count(self, *sizes)

    override(processor, __call__=process, _get_number_of_features=tokens)


def _look_at_one_tile(model: Any) -> None:
    original = type(model).get_image_features

    def look(self: Any, pixel_values: Any, image_sizes: Any) -> Any:
        # A picture that is cut has two tiles at least: itself and one of its own.
        if pixel_values.ndim == 5 and pixel_values.shape[1] == 1:
            return mx.concatenate(
                [original(self, picture, image_sizes[place : place + 1]) for place, picture in enumerate(pixel_values)]
            )
        return original(self, pixel_values, image_sizes)

    override(model, get_image_features=look)


REPAIR = Repair(
    families=frozenset({"llava_onevision"}),
    remark="mlx_vlm cuts each of several pictures into tiles; here each of several is one tile, as in training.",
    after_load=_mend,
)
