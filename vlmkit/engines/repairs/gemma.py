"""Gemma 3, PaliGemma and PaliGemma 2: strength of pictures, whom their tokens see, several pictures, windows.

Faults are looked for on a small model of the loaded one's class, without touching gigabytes of weights. Imported on the
desk only.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import mlx.core as mx
from mlx import nn
from mlx.utils import tree_map
from mlx_vlm.generate.common import DEFAULT_PREFILL_STEP_SIZE
from mlx_vlm.models import gemma3
from mlx_vlm.models.base import InputEmbeddingsFeatures, create_attention_mask
from mlx_vlm.models.cache import KVCache, RotatingKVCache

from vlmkit.engines.repairs.attention import mask_with_pictures
from vlmkit.engines.repairs.repair import Repair, override, place

__all__ = [
    "GEMMA3_ATTENTION",
    "GEMMA3_STRENGTH",
    "PALIGEMMA_PICTURES",
    "PALIGEMMA_WINDOW",
    "small_model",
    "small_pictures",
]

_VOCABULARY = 4
_PICTURE = 3
_PICTURE_TOKENS = 4
# Its root has no exact bfloat16.
_WIDTH = 10
_SIDE_PX = 4
_LAYER = {"intermediate_size": _WIDTH, "num_hidden_layers": 1, "num_attention_heads": 1}
_TEXT = {**_LAYER, "hidden_size": _WIDTH, "num_key_value_heads": 1, "head_dim": _WIDTH, "vocab_size": _VOCABULARY}
_VISION = {**_LAYER, "hidden_size": _WIDTH, "patch_size": _SIDE_PX // 2, "image_size": _SIDE_PX}


def small_model(
    model: Any, *, text: dict[str, Any] | None = None, vision: dict[str, Any] | None = None, **top: Any
) -> Any:
    """A model of the same class and settings but sizes; a picture is four tokens of the image token.

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
        image_token_index=_PICTURE,
        **top,
    )
    made = type(model)(replaced)
    # The same numbers in every process: those it was made with may hide a fault by chance.
    made.update(tree_map(lambda old: mx.random.normal(old.shape, key=mx.random.key(old.size)), made.parameters()))
    return made


def small_pictures(pictures: int) -> Any:
    """Pictures that differ, of shape (pictures, 3, 4, 4)."""
    count = pictures * 3 * _SIDE_PX**2
    return (mx.arange(count, dtype=mx.float32) % 7 - mx.arange(count) % 5).reshape(pictures, 3, _SIDE_PX, _SIDE_PX)


_GEMMA3 = frozenset({"gemma3"})
_IDS = ((1, *[_PICTURE] * _PICTURE_TOKENS, 2),)
_UNREAD = ("attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention")
_TOLERANCE = 1e-4


def _refuse_unread(config: dict[str, Any]) -> None:
    """Settings that released models leave at nothing, and which mlx_vlm does not read, where a checkpoint uses them."""
    text = config.get("text_config") or {}
    used = [name for name in _UNREAD if text.get(name) and name not in gemma3.TextConfig.__dataclass_fields__]
    if used:
        message = f"mlx_vlm does not read {', '.join(used)}, which this Gemma 3 uses"
        raise ValueError(message)


def _mend_strength(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    """Gemma 3: how strong pictures are beside words.

    mlx_vlm divides picture features by the root of a top-level ``hidden_size``, which released configurations do not
    have, so of its default, 2048; its language model multiplies by the root of its own width. Pictures become too
    strong by the root of the quotient: 1.12 in the 4B, 1.62 in the 27B. That factor is also rounded to bfloat16
    whatever the precision of the weights; Gemma rounds it to theirs.
    """
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
    """Gemma 3: whom the tokens of a picture see.

    It was trained with the tokens of one picture seeing each other in both directions, and mlx_vlm masks them causally.
    Here, as in transformers, global layers see what comes before or belongs to the same picture, sliding ones of that
    what is within the window. A picture is a run of image tokens. A prompt longer than a chunk of the prefill is read
    whole where it has pictures, as a chunk might cut one.
    """
    if _sees_ahead(_twin(model)):
        return False
    image_token = model.config.image_token_index
    decoder = model.language_model.model
    kind = type(decoder)

    def read(self: Any, inputs: Any, inputs_embeds: Any = None, mask: Any = None, cache: Any = None) -> Any:
        pictures = _picture_numbers(inputs, image_token)
        if pictures is None or inputs_embeds is None:
            return kind.__call__(self, inputs, inputs_embeds, mask, cache)
        return _read_pictures(self, inputs_embeds, pictures, cache or [None] * len(self.layers))

    def chunked_prefill_policy(_self: Any, input_ids: Any = None, **_: Any) -> bool:
        too_long = input_ids is not None and input_ids.shape[1] > DEFAULT_PREFILL_STEP_SIZE
        return not (too_long and _picture_numbers(input_ids, image_token) is not None)

    override(decoder, __call__=read)
    override(model.language_model, chunked_prefill_policy=chunked_prefill_policy)
    return True


def _picture_numbers(ids: Any, image_token: int) -> Any:
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


def _twin(model: Any) -> Any:
    width = model.config.hidden_size
    is_told = width == model.config.text_config.hidden_size
    layers = {"sliding_window_pattern": 1, "mm_tokens_per_image": _PICTURE_TOKENS}
    return small_model(model, text=layers, hidden_size=_WIDTH if is_told else width)


def _embed(twin: Any) -> tuple[Any, dict[str, Any]]:
    ids = mx.array(_IDS)
    made = twin.get_input_embeddings(ids, small_pictures(1), mask=mx.ones_like(ids)).to_dict()
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
    hidden, _, _ = twin.vision_tower(small_pictures(1).transpose(0, 2, 3, 1), output_hidden_states=True)
    words = decoder.embed_tokens(mx.array(_IDS)) * _WIDTH**0.5
    right = mx.concatenate([words[:, :1], twin.multi_modal_projector(hidden), words[:, -1:]], axis=1)
    made = decoder(mx.array(_IDS), inputs_embeds=embeddings, cache=[None])
    return bool(mx.allclose(made, right, atol=_TOLERANCE).item())


GEMMA3_STRENGTH = Repair(
    families=_GEMMA3,
    remark="mlx_vlm reads the strength of pictures from a setting that Gemma 3 does not have: it is set to its width.",
    before_load=_refuse_unread,
    after_load=_mend_strength,
)
GEMMA3_ATTENTION = Repair(
    families=_GEMMA3,
    remark="mlx_vlm lets the tokens of a picture see only those before them: here they see their whole picture.",
    after_load=_mend_attention,
)


_PALIGEMMA = frozenset({"paligemma"})


def _mend_pictures(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    """PaliGemma and PaliGemma 2: several pictures.

    mlx_vlm puts what it sees at the beginning of the prompt, whatever the places, and the first of several pictures
    only. Here each vector goes to its image token, as strong as the width of the language model says.
    """
    if _sees_two(small_model(model, vision={"projection_dim": _WIDTH})):
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
    ids = mx.array([[*[_PICTURE] * _PICTURE_TOKENS * 2, 1]])
    pixels = small_pictures(2)
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
    """PaliGemma 2: windows of attention, and rows that share a batch.

    Every second layer of Gemma 2 looks back no further than a window once it writes. mlx_vlm has no window: answers go
    wrong where prompt and answer are longer, with pictures of 896 pixels always. While it writes, it also masks
    nothing, so that in a batch a row sees the padding of shorter ones. Here layers have caches of their own kind, and
    masks come from these. The prompt itself is seen whole, in both directions, as before.
    """
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


PALIGEMMA_PICTURES = Repair(
    families=_PALIGEMMA,
    remark="mlx_vlm shows PaliGemma the first of several pictures only: here it sees all of them.",
    is_for_several=True,
    after_load=_mend_pictures,
)
PALIGEMMA_WINDOW = Repair(
    families=_PALIGEMMA,
    remark="mlx_vlm knows no window of attention in PaliGemma and no padding while it writes: both are minded here.",
    after_load=_mend_window,
)
