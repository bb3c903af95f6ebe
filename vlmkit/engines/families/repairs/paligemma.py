"""PaliGemma and PaliGemma 2: several pictures, windows of attention, and rows that share a batch.

mlx_vlm puts what it sees at the beginning of the prompt, whatever the places, and the first of several pictures only.
Here each vector goes to its image token, as strong as the width of the language model says.

Every second layer of Gemma 2 looks back no further than a window once it writes. mlx_vlm has no window: answers go
wrong where prompt and answer are longer, with pictures of 896 pixels always. While it writes, it also masks nothing, so
that in a batch a row sees the padding of shorter ones. Here layers have caches of their own kind, and masks come from
these. The prompt itself is seen whole, in both directions, as before.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx_vlm.models.base import InputEmbeddingsFeatures, create_attention_mask
from mlx_vlm.models.cache import KVCache, RotatingKVCache

from vlmkit.engines.families.repairs import trial
from vlmkit.engines.families.repairs.repair import Repair, override, place

__all__ = ["PICTURES", "WINDOW"]

_FAMILY = frozenset({"paligemma"})


def _mend_pictures(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    if _sees_two(trial.small(model, vision={"projection_dim": trial.WIDTH})):
        return False

    def get_input_embeddings(self: Any, input_ids: Any = None, pixel_values: Any = None, **kwargs: Any) -> Any:
        words = self.language_model.model.embed_tokens(input_ids)
        if pixel_values is None:
            return InputEmbeddingsFeatures(inputs_embeds=words)
        features = kwargs.get("cached_image_features")
        if features is None:
            features = _looked_at(self, pixel_values.astype(words.dtype)) / self.config.text_config.hidden_size**0.5
        return InputEmbeddingsFeatures(inputs_embeds=place(words, input_ids, self.config.image_token_index, features))

    override(model, get_input_embeddings=get_input_embeddings)
    return True


def _sees_two(small: Any) -> bool:
    """Whether a second picture changes what is made of the last image token."""
    ids = mx.array([[*[trial.PICTURE] * trial.PICTURE_TOKENS * 2, 1]])
    pixels = trial.pixels(2)
    first, other = (
        small.get_input_embeddings(ids, given, mask=mx.ones_like(ids)).inputs_embeds[:, -2]
        for given in (pixels, mx.concatenate([pixels[:1], pixels[1:] + 1]))
    )
    return not mx.allclose(first, other).item()


def _looked_at(model: Any, pixel_values: Any) -> Any:
    tower = model.vision_tower
    # What the tower itself returns is of the first picture.
    *_, hidden = tower(pixel_values.transpose(0, 2, 3, 1), output_hidden_states=True)
    seen = model.multi_modal_projector(tower.vision_model.post_layernorm(hidden[-1]))
    return seen.reshape(-1, seen.shape[-1])


def _mend_window(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    if hasattr(model.language_model, "make_cache"):
        return False
    config = model.config.text_config
    windows = [config.sliding_window if kind == "sliding_attention" else None for kind in config.layer_types or ()]
    windows = windows or [None] * config.num_hidden_layers

    def make_cache(_self: Any) -> list[Any]:
        return [RotatingKVCache(max_size=window) if window else KVCache() for window in windows]

    def read(self: Any, inputs: Any, inputs_embeds: Any = None, mask: Any = None, cache: Any = None) -> Any:
        h = self.embed_tokens(inputs) if inputs_embeds is None else inputs_embeds
        is_prompt = h.shape[1] > 1
        h = h * self.config.hidden_size**0.5
        for layer, seen, window in zip(self.layers, cache or make_cache(self), windows, strict=True):
            if not (is_prompt and self.config.use_bidirectional_attention):
                mask = create_attention_mask(h, seen, window_size=window, return_array=True)
            h = layer(h, mask, seen)
        return self.norm(h)

    override(model.language_model, make_cache=make_cache)
    override(model.language_model.model, __call__=read)
    return True


PICTURES = Repair(
    families=_FAMILY,
    remark="mlx_vlm shows PaliGemma the first of several pictures only: here it sees all of them.",
    is_for_several=True,
    after_load=_mend_pictures,
)
WINDOW = Repair(
    families=_FAMILY,
    remark="mlx_vlm knows no window of attention in PaliGemma and no padding while it writes: both are minded here.",
    after_load=_mend_window,
)
