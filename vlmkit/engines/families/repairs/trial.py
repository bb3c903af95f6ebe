"""A small model of a loaded one's class, to try out whether a fault is there, without touching gigabytes of weights.

Imported on the desk only.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import mlx.core as mx
from mlx.utils import tree_map

__all__ = ["PICTURE", "PICTURE_TOKENS", "VOCABULARY", "WIDTH", "pixels", "small"]

VOCABULARY = 4
PICTURE = 3
PICTURE_TOKENS = 4
# Its root has no exact bfloat16.
WIDTH = 10
_SIDE_PX = 4
_LAYER = {"intermediate_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 1}
_TEXT = {**_LAYER, "hidden_size": WIDTH, "num_key_value_heads": 1, "head_dim": WIDTH, "vocab_size": VOCABULARY}
_VISION = {**_LAYER, "hidden_size": WIDTH, "patch_size": _SIDE_PX // 2, "image_size": _SIDE_PX}


def small(model: Any, *, text: dict[str, Any] | None = None, vision: dict[str, Any] | None = None, **top: Any) -> Any:
    """A model of the same class and settings but sizes; a picture is four tokens of the number `PICTURE`.

    Parameters
    ----------
    model : mlx_vlm model
    text, vision : dict or None, default None
        Further settings of its parts.
    **top : object
        Of the whole.
    """
    config = model.config
    replaced = dataclasses.replace(
        config,
        text_config=dataclasses.replace(config.text_config, **_TEXT | (text or {})),
        vision_config=dataclasses.replace(config.vision_config, **_VISION | (vision or {})),
        image_token_index=PICTURE,
        **top,
    )
    made = type(model)(replaced)
    # The same numbers in every process: those it was made with may hide a fault by chance.
    made.update(tree_map(lambda old: mx.random.normal(old.shape, key=mx.random.key(old.size)), made.parameters()))
    return made


def pixels(pictures: int) -> Any:
    """Pictures that differ, of shape (pictures, 3, 4, 4)."""
    count = pictures * 3 * _SIDE_PX**2
    return (mx.arange(count, dtype=mx.float32) % 7 - mx.arange(count) % 5).reshape(pictures, 3, _SIDE_PX, _SIDE_PX)
