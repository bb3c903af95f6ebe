"""Idefics 2: pictures of different sizes in one prompt.

They are padded to the same size, and what is padding must not be looked at. mlx_vlm computes the mask and uses it in no
attention, so the padding of a smaller picture changes what is seen in it. Here each picture is cut out of its padding
and looked at alone, which gives what the mask would.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from vlmkit.engines.families.repairs.evidence import reads
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]


def _features(model: Any, pixels: Any, mask: np.ndarray[Any, Any]) -> Any:
    """What is seen in one picture, given as (channels, height, width) with the mask of its padding."""
    size = model.config.vision_config.patch_size
    # A part that lies in the padding with its last pixels is left out, too.
    rows, columns = (max(int(line.sum()) // size, 1) * size for line in (mask.any(1), mask.any(0)))
    seen, *_ = model.vision_model(pixels[None, :, :rows, :columns].transpose(0, 2, 3, 1))
    return model.connector(seen.astype(pixels.dtype))


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    if not reads(type(model.vision_model).__call__, "self.encoder(x=x, output_hidden_states=output_hidden_states)"):
        return False
    original = type(model).get_input_embeddings

    def get_input_embeddings(self: Any, input_ids: Any = None, pixel_values: Any = None, **options: Any) -> Any:
        if pixel_values is None:
            return original(self, input_ids, **options)
        count, pictures, _, height, width = pixel_values.shape
        if options.get("pixel_attention_mask") is None:
            options["pixel_attention_mask"] = mx.ones((count, pictures, height, width), mx.bool_)
        if options.get("cached_image_features") is None:
            options["cached_image_features"] = _all_features(self, pixel_values, options["pixel_attention_mask"])
        return original(self, input_ids, pixel_values, **options)

    override(model, get_input_embeddings=get_input_embeddings)
    return True


def _all_features(model: Any, pixel_values: Any, mask: Any) -> Any:
    pictures = pixel_values.reshape(-1, *pixel_values.shape[2:])
    given = np.array(mask).astype(bool).reshape(-1, *pictures.shape[2:])
    # A prompt with fewer pictures than another is filled up with pictures of zeros.
    real = np.flatnonzero(np.array(mx.any(pictures != 0, axis=(1, 2, 3))))
    return mx.concatenate([_features(model, pictures[place], given[place]) for place in real.tolist()])


REPAIR = Repair(
    families=frozenset({"idefics2"}),
    remark="mlx_vlm lets the padding of smaller pictures be seen when several are asked about; here it is cut off.",
    after_load=_mend,
)
