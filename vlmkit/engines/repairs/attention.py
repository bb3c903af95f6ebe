"""Who sees what in a prompt with pictures: Idefics 2, Llama 3.2 Vision, Molmo 2.

Imported on the desk only.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np
from mlx_vlm.generate.common import DEFAULT_PREFILL_STEP_SIZE
from mlx_vlm.models.base import create_attention_mask

from vlmkit.engines.repairs.repair import Repair, override, reads

__all__ = ["IDEFICS2", "MLLAMA", "MOLMO2", "mask_with_pictures"]


def _features_of_one(model: Any, pixels: Any, mask: np.ndarray[Any, Any]) -> Any:
    """What is seen in one picture, given as (channels, height, width) with the mask of its padding."""
    size = model.config.vision_config.patch_size
    # A part that lies in the padding with its last pixels is left out, too.
    rows, columns = (max(int(line.sum()) // size, 1) * size for line in (mask.any(1), mask.any(0)))
    seen, *_ = model.vision_model(pixels[None, :, :rows, :columns].transpose(0, 2, 3, 1))
    return model.connector(seen.astype(pixels.dtype))


def _mend_idefics2(model: Any, _processor: Any, _config: dict[str, Any]) -> bool:
    """Idefics 2: pictures of different sizes in one prompt.

    They are padded to the same size, and what is padding must not be looked at. mlx_vlm computes the mask and uses it
    in no attention, so the padding of a smaller picture changes what is seen in it. Here each picture is cut out of its
    padding and looked at alone, which gives what the mask would.
    """
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
    return mx.concatenate([_features_of_one(model, pictures[place], given[place]) for place in real.tolist()])


IDEFICS2 = Repair(
    families=frozenset({"idefics2"}),
    remark="mlx_vlm lets the padding of smaller pictures be seen when several are asked about; here it is cut off.",
    after_load=_mend_idefics2,
)


def _mend_mllama(model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """Llama 3.2 Vision: what text sees of pictures, with and without one, and while an answer is written.

    Three faults of mlx_vlm. Without a picture its cross-attention layers attend to the text instead of being left out.
    While an answer is written the mask of the prompt is gone, so tiles that are padding are seen. And the most tiles of
    a picture are always 4.

    Layers are left out where there is nothing to look at; what goes on to the next token is only what the last one of
    the prompt may see, so no mask is needed; the most tiles are the checkpoint's.
    """
    text = model.language_model
    looking = [text.model.layers[place] for place in text.config.cross_attention_layers]
    if not looking or not reads(type(looking[0].cross_attn).__call__, "mx.split(query, 2, axis=1)"):
        return False
    for layer in looking:
        _leave_out(layer)
    _narrow(text)
    _set_most_tiles(processor)
    return True


def _leave_out(layer: Any) -> None:
    original = type(layer).__call__

    def call(self: Any, hidden_states: Any, cross_attention_states: Any = None, **options: Any) -> Any:
        if cross_attention_states is None:
            return hidden_states
        return original(self, hidden_states, cross_attention_states=cross_attention_states, **options)

    override(layer, __call__=call)


def _narrow(text: Any) -> None:
    original = type(text).__call__

    def call(self: Any, *inputs: Any, cross_attention_mask: Any = None, **options: Any) -> Any:
        output = original(self, *inputs, cross_attention_mask=cross_attention_mask, **options)
        if output.cross_attention_states is not None and cross_attention_mask is not None:
            output.cross_attention_states = _visible(output.cross_attention_states, cross_attention_mask)
        return output

    override(text, __call__=call)


def _visible(states: Any, mask: Any) -> Any:
    """States that the last token of a prompt may attend to: those whose scores are not put down."""
    places = np.flatnonzero(np.array(mask[0, 0, -1]) > -1)
    return states[:, mx.array(places)] if len(states) == 1 and 0 < len(places) < states.shape[1] else states


def _set_most_tiles(processor: Any) -> None:
    original = type(processor).__call__

    def call(self: Any, *inputs: Any, **options: Any) -> Any:
        options.setdefault("max_image_tiles", self.image_processor.max_image_tiles)
        return original(self, *inputs, **options)

    override(processor, __call__=call)


MLLAMA = Repair(
    families=frozenset({"mllama"}),
    remark="mlx_vlm lets text without a picture attend to itself twice, and answers see padding; here neither happens.",
    after_load=_mend_mllama,
)


_MOLMO2_MARKS = ("<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<im_end>", "<im_low>")
_CAUSAL = "create_attention_mask(hidden_states, cache)"


def _mend_molmo2(model: Any, processor: Any, _config: dict[str, Any]) -> bool:
    """Molmo 2: whom the tokens of pictures see.

    It was trained with all tokens of all pictures of a question seeing each other in both directions, rows' ends and
    marks around a picture among them; mlx_vlm masks them causally. A prompt longer than a chunk of the prefill is read
    whole where it has pictures, as a chunk might cut one.
    """
    decoder = model.language_model.model
    kind = type(decoder)
    if not reads(kind.__call__, _CAUSAL):
        return False
    found = processor.tokenizer.convert_tokens_to_ids(list(_MOLMO2_MARKS))
    marks = mx.array([number for number in found if number is not None])

    def pictures(ids: Any) -> Any:
        return (ids[:, :, None] == marks).any(axis=-1)

    def read(self: Any, input_ids: Any, inputs_embeds: Any = None, mask: Any = None, cache: Any = None) -> Any:
        if input_ids.shape[1] > 1 and inputs_embeds is not None and pictures(input_ids).any().item():
            mask = mask_with_pictures(inputs_embeds, cache and cache[0], pictures(input_ids).astype(mx.int32))
        return kind.__call__(self, input_ids, inputs_embeds, mask, cache)

    def chunked_prefill_policy(_self: Any, input_ids: Any = None, **_: Any) -> bool:
        too_long = input_ids is not None and input_ids.shape[1] > DEFAULT_PREFILL_STEP_SIZE
        return not (too_long and pictures(input_ids).any().item())

    override(decoder, __call__=read)
    override(model.language_model, chunked_prefill_policy=chunked_prefill_policy)
    return True


MOLMO2 = Repair(
    families=frozenset({"molmo2"}),
    remark="mlx_vlm lets the tokens of a picture see only those before them: here they see all pictures whole.",
    after_load=_mend_molmo2,
)


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
