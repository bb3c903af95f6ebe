"""LLaVA 1.5 and others of its layout: options for text reach the pictures.

mlx_vlm's processor hands all its options to transformers' image processor, also those that are for the tokenizer, and
the image processor refuses what it does not know. No question with a picture gets through.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["OPTIONS"]

_FOR_TEXT = frozenset({"padding", "padding_side", "truncation", "add_special_tokens", "max_length"})
_SIDE_PX = 64


def _mend(_model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    pictures = processor.image_processor
    if not _refuses_padding(pictures):
        return False
    kind = type(pictures)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return kind.__call__(self, *args, **{name: kwargs[name] for name in kwargs.keys() - _FOR_TEXT})

    override(pictures, __call__=call)
    return True


def _refuses_padding(image_processor: Any) -> bool:
    try:
        image_processor(np.zeros((_SIDE_PX, _SIDE_PX, 3), np.uint8), padding=True)
    except TypeError:
        return True
    return False


OPTIONS = Repair(
    families=frozenset({"llava"}),
    remark="mlx_vlm hands options for text to the image processor, which refuses them: here they are kept from it.",
    after_load=_mend,
)
