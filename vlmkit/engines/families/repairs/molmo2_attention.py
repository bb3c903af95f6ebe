"""Molmo 2: whom the tokens of pictures see.

It was trained with all tokens of all pictures of a question seeing each other in both directions, rows' ends and marks
around a picture among them; mlx_vlm masks them causally. A prompt longer than a chunk of the prefill is read whole
where it has pictures, as a chunk might cut one.
"""

from __future__ import annotations

from typing import Any

import mlx.core as mx
from mlx_vlm.generate.common import DEFAULT_PREFILL_STEP_SIZE

from vlmkit.engines.families.repairs.evidence import reads
from vlmkit.engines.families.repairs.gemma3 import mask_with_pictures
from vlmkit.engines.families.repairs.repair import Repair, override

__all__ = ["REPAIR"]

_MARKS = ("<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<im_end>", "<im_low>")
_CAUSAL = "create_attention_mask(hidden_states, cache)"


def _mend(model: Any, processor: Any, config: dict[str, Any]) -> bool:  # noqa: ARG001
    decoder = model.language_model.model
    kind = type(decoder)
    if not reads(kind.__call__, _CAUSAL):
        return False
    found = processor.tokenizer.convert_tokens_to_ids(list(_MARKS))
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


REPAIR = Repair(
    families=frozenset({"molmo2"}),
    remark="mlx_vlm lets the tokens of a picture see only those before them: here they see all pictures whole.",
    after_load=_mend,
)
