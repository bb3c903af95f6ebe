"""Llama 3.2 Vision: what text sees of pictures, with and without one, and while an answer is written.

Three faults of mlx_vlm. Without a picture its cross-attention layers attend to the text instead of being left out.
While an answer is written the mask of the prompt is gone, so tiles that are padding are seen. And the most tiles of a
picture are always 4.

Layers are left out where there is nothing to look at; what goes on to the next token is only what the last one of the
prompt may see, so no mask is needed; the most tiles are the checkpoint's.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
import numpy as np

from vlmkit.engines.families.repairs.evidence import reads
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    text = model.language_model
    looking = [text.model.layers[place] for place in text.config.cross_attention_layers]
    if not looking or not reads(type(looking[0].cross_attn).__call__, "mx.split(query, 2, axis=1)"):
        return False
    for layer in looking:
        _leave_out(layer)
    _narrow(text)
    _set_tiles(processor)
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


def _set_tiles(processor: Any) -> None:
    original = type(processor).__call__

    def call(self: Any, *inputs: Any, **options: Any) -> Any:
        options.setdefault("max_image_tiles", self.image_processor.max_image_tiles)
        return original(self, *inputs, **options)

    override(processor, __call__=call)


REPAIR = Repair(
    families=frozenset({"mllama"}),
    remark="mlx_vlm lets text without a picture attend to itself twice, and answers see padding; here neither happens.",
    after_load=_mend,
)
