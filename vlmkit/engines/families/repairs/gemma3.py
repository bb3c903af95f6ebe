"""Gemma 3: how strong pictures are beside words, and whom the tokens of a picture see.

mlx_vlm divides picture features by the root of a top-level ``hidden_size``, which released configurations do not have,
so of its default, 2048; its language model multiplies by the root of its own width. Pictures become too strong by the
root of the quotient: 1.12 in the 4B, 1.62 in the 27B. That factor is also rounded to bfloat16 whatever the precision of
the weights; Gemma rounds it to theirs.

Gemma 3 was trained with the tokens of one picture seeing each other in both directions, and mlx_vlm masks them
causally. Here, as in transformers, global layers see what comes before or belongs to the same picture, sliding ones of
that what is within the window. A picture is a run of image tokens. A prompt longer than a chunk of the prefill is read
whole where it has pictures, as a chunk might cut one.

Both faults are looked for on a small model of the loaded one's class. Settings that released models leave at nothing,
and which mlx_vlm does not read, are refused where a checkpoint uses them.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx import nn
from mlx_vlm.generate.common import DEFAULT_PREFILL_STEP_SIZE
from mlx_vlm.models import gemma3
from mlx_vlm.models.base import create_attention_mask

from vlmkit.engines.families.repairs import trial
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["ATTENTION", "STRENGTH", "mask_with_pictures"]

_FAMILY = frozenset({"gemma3"})
_IDS = ((1, *[trial.PICTURE] * trial.PICTURE_TOKENS, 2),)
_UNREAD = ("attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention")
_TOLERANCE = 1e-4


def _refuse_unread(config: dict[str, Any]) -> None:
    text = config.get("text_config") or {}
    used = [name for name in _UNREAD if text.get(name) and name not in gemma3.TextConfig.__dataclass_fields__]
    if used:
        message = f"mlx_vlm does not read {', '.join(used)}, which this Gemma 3 uses"
        raise ValueError(message)


def _mend_strength(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    width = model.config.text_config.hidden_size
    root, rounded = width**0.5, _rounded_root(width, mx.bfloat16)
    if (model.config.hidden_size == width and root == rounded) or _is_strong_enough(_twin(model)):
        return False
    model.config.hidden_size = width
    language = model.language_model
    kind = type(language)

    def call(self: Any, inputs: Any, inputs_embeds: Any = None, **kwargs: Any) -> Any:
        words = self.model.embed_tokens(inputs) if inputs_embeds is None else inputs_embeds
        given = words * (_rounded_root(width, words.dtype) / rounded)
        return kind.__call__(self, inputs, inputs_embeds=given, **kwargs)

    override(language, __call__=call)
    return True


def _rounded_root(width: int, dtype: Any) -> float:
    root: Any = mx.array(width**0.5, dtype).item()
    return float(root)


def _mend_attention(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    if _sees_ahead(_twin(model)):
        return False
    image_token = model.config.image_token_index
    decoder = model.language_model.model
    kind = type(decoder)

    def read(self: Any, inputs: Any, inputs_embeds: Any = None, mask: Any = None, cache: Any = None) -> Any:
        pictures = _pictures(inputs, image_token)
        if pictures is None or inputs_embeds is None:
            return kind.__call__(self, inputs, inputs_embeds, mask, cache)
        return _read_pictures(self, inputs_embeds, pictures, cache or [None] * len(self.layers))

    def chunked_prefill_policy(_self: Any, input_ids: Any = None, **_: Any) -> bool:
        too_long = input_ids is not None and input_ids.shape[1] > DEFAULT_PREFILL_STEP_SIZE
        return not (too_long and _pictures(input_ids, image_token) is not None)

    override(decoder, __call__=read)
    override(model.language_model, chunked_prefill_policy=chunked_prefill_policy)
    return True


def _pictures(ids: Any, image_token: int) -> Any:
    """Number of the picture that each token belongs to, 0 for words; None where there is none."""
    is_image = ids == image_token
    if ids.shape[1] == 1 or not is_image.any().item():
        return None
    begins = is_image & ~mx.pad(is_image, [(0, 0), (1, 0)])[:, :-1]
    return mx.where(is_image, mx.cumsum(begins.astype(mx.int32), axis=1), 0)


def _read_pictures(decoder: Any, embeddings: Any, pictures: Any, cache: list[Any]) -> Any:
    """The decoder's own loop, with masks of its own."""
    h = embeddings * mx.array(decoder.config.hidden_size**0.5, mx.bfloat16).astype(embeddings.dtype)
    masks: dict[bool, Any] = {}
    for layer, seen in zip(decoder.layers, cache, strict=True):
        is_sliding = layer.self_attn.is_sliding
        if is_sliding not in masks:
            masks[is_sliding] = mask_with_pictures(h, seen, pictures, decoder.window_size if is_sliding else None)
        h = layer(h, masks[is_sliding], seen)
    # Nobody asks for the logits of a prompt but the last, and those of a long one would fill gigabytes.
    return decoder.norm(h[:, -1:] if h.shape[1] > DEFAULT_PREFILL_STEP_SIZE else h)


def mask_with_pictures(h: Any, cache: Any, pictures: Any, window: int | None = None) -> Any:
    """Mask for tokens that see what comes before, and what belongs to the same picture.

    Parameters
    ----------
    h : mlx array of shape (rows, tokens, width)
    cache : mlx_vlm cache of a layer, or None
    pictures : int array of shape (rows, tokens)
        Number of the picture that each token belongs to, 0 for words.
    window : int or None, default None
        How far back a token sees; None is to the beginning.
    """
    causal = create_attention_mask(h, cache, window_size=window, return_array=True)
    same = (pictures[:, :, None] == pictures[:, None, :]) & (pictures[:, :, None] > 0)
    if window is not None:
        places = mx.arange(pictures.shape[1])
        same = same & (places[None, :] > places[:, None] - window)
    before = causal.shape[-1] - pictures.shape[1]
    return causal | mx.pad(same, [(0, 0), (0, 0), (before, 0)])[:, None]


def _twin(model: Any) -> Any:
    width = model.config.hidden_size
    is_told = width == model.config.text_config.hidden_size
    layers = {"sliding_window_pattern": 1, "mm_tokens_per_image": trial.PICTURE_TOKENS}
    return trial.small(model, text=layers, hidden_size=trial.WIDTH if is_told else width)


def _embed(twin: Any) -> tuple[Any, dict[str, Any]]:
    ids = mx.array(_IDS)
    made = twin.get_input_embeddings(ids, trial.pixels(1), mask=mx.ones_like(ids)).to_dict()
    return made.pop("inputs_embeds"), {name: value for name, value in made.items() if value is not None}


def _sees_ahead(twin: Any) -> bool:
    """Whether the last token of a picture changes what is made of the first."""
    ids = mx.array(_IDS)
    embeddings, rest = _embed(twin)
    changed = mx.where(mx.arange(ids.shape[1])[None, :, None] == 4, embeddings + 1, embeddings)
    first, other = (
        twin.language_model(ids, inputs_embeds=given, cache=twin.language_model.make_cache(), **rest).logits[:, 1]
        for given in (embeddings, changed)
    )
    return not mx.allclose(first, other, atol=_TOLERANCE).item()


def _is_strong_enough(twin: Any) -> bool:
    """Whether words are multiplied by the root of the width, and pictures by nothing."""
    decoder = twin.language_model.model
    decoder.layers, decoder.norm = [], nn.Identity()
    embeddings, _ = _embed(twin)
    hidden, _, _ = twin.vision_tower(trial.pixels(1).transpose(0, 2, 3, 1), output_hidden_states=True)
    words = decoder.embed_tokens(mx.array(_IDS)) * trial.WIDTH**0.5
    right = mx.concatenate([words[:, :1], twin.multi_modal_projector(hidden), words[:, -1:]], axis=1)
    made = decoder(mx.array(_IDS), inputs_embeds=embeddings, cache=[None])
    return bool(mx.allclose(made, right, atol=_TOLERANCE).item())


STRENGTH = Repair(
    families=_FAMILY,
    remark="mlx_vlm reads the strength of pictures from a setting that Gemma 3 does not have: it is set to its width.",
    before_load=_refuse_unread,
    after_load=_mend_strength,
)
ATTENTION = Repair(
    families=_FAMILY,
    remark="mlx_vlm lets the tokens of a picture see only those before them: here they see their whole picture.",
    after_load=_mend_attention,
)
