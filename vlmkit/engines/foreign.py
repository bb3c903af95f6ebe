"""Everything taken from mlx_vlm, in one place: models, processors, prompt templates and the two halves of its batch.

Imported on the desk only. mlx_vlm's `BatchGenerator` is not used as a whole: it takes a decoding step before each
prompt it admits, so slots fill up one thin step at a time. Its halves, `PromptProcessingBatch` and the generation batch
that one becomes, are the same code without that order.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import inspect
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx_vlm
from mlx.utils import tree_flatten
from mlx_vlm.generate import PromptProcessingBatch, generation_stream, wired_limit
from mlx_vlm.generate.common import DEFAULT_PREFILL_STEP_SIZE, _chunked_prefill_enabled
from mlx_vlm.prompt_utils import SINGLE_IMAGE_ONLY_MODELS, apply_chat_template
from mlx_vlm.quant_utils import dequantize_model, get_total_parameters
from mlx_vlm.utils import get_model_and_args, get_model_type, prepare_inputs, should_add_special_tokens

from vlmkit.records import Turn

__all__ = [
    "FLOAT",
    "VERSION",
    "chat_prompt",
    "dequantize",
    "embed",
    "knows",
    "load",
    "model_inputs",
    "on_stream",
    "parameter_count",
    "plain_tokens",
    "prefill",
    "sees",
    "single_image_only",
    "takes_turns",
    "weight_bytes",
    "wired",
]

FLOAT = mx.float32

VERSION = f"{mlx_vlm.__version__} on mlx {importlib.metadata.version('mlx')}"

# Families that take the last message alone: a system text has to stand inside it.
_LAST_MESSAGE_ONLY = frozenset({"paligemma", "florence2", "falcon_ocr"})


def knows(config: dict[str, Any]) -> bool:
    """Whether mlx_vlm has the architecture that a config.json declares."""
    model_type = get_model_type(config)
    return bool(model_type) and importlib.util.find_spec(f"mlx_vlm.models.{model_type}") is not None


def sees(config: dict[str, Any]) -> bool:
    """Whether a known architecture takes pictures and writes text."""
    module, _ = get_model_and_args(config)
    embeddings = getattr(getattr(module, "Model", None), "get_input_embeddings", None)
    takes_pixels = embeddings is not None and "pixel_values" in inspect.signature(embeddings).parameters
    return takes_pixels and hasattr(module, "LanguageModel") and hasattr(module, "VisionConfig")


def single_image_only(model_type: str) -> bool:
    """Whether a family takes one picture per prompt."""
    return model_type in SINGLE_IMAGE_ONLY_MODELS


def load(directory: Path, *, adapter: Path | None, code_allowed: bool) -> tuple[Any, Any]:
    """Model and processor of a checkpoint; raises whatever mlx_vlm, transformers or mlx raise."""
    model, processor = mlx_vlm.load(
        str(directory),
        adapter_path=str(adapter) if adapter else None,
        lazy=True,
        trust_remote_code=code_allowed,
    )
    return model, processor


def dequantize(model: Any) -> Any:
    """The model with plain weights in place of packed ones."""
    return dequantize_model(model)


def parameter_count(model: Any) -> int:
    """Weights of a model; a packed one counts as the weights it stands for."""
    return int(get_total_parameters(model))


def weight_bytes(model: Any) -> int:
    """Memory of a model's weights."""
    return sum(weight.nbytes for weight in dict(tree_flatten(model.parameters())).values())


def takes_turns(model_type: str) -> bool:
    """Whether a family's template has room for more than the last message."""
    return model_type not in _LAST_MESSAGE_ONLY


def chat_prompt(
    model: Any, processor: Any, prompt: str, system: str | None, images: int, turns: Sequence[Turn] = ()
) -> str:
    """The finished text: the model's own chat template around what was said before, prompt and picture places.

    Parameters
    ----------
    model, processor : as `load` gives them
    prompt : str
    system : str or None
    images : int
        Of all turns and the prompt.
    turns : sequence of Turn, default ()
    """
    if system and takes_turns(model.config.model_type):
        messages = [{"role": "system", "content": system}, *_messages(prompt, images, turns)]
        try:
            return _templated(model, processor, messages, images)
        except Exception as error:
            if "system" not in str(error).lower():
                raise
    if system:
        prompt = f"{system}\n\n{prompt}"
    return _templated(model, processor, _messages(prompt, images, turns) if turns else prompt, images)


def _messages(prompt: str, images: int, turns: Sequence[Turn]) -> list[dict[str, Any]]:
    if not turns:
        return [{"role": "user", "content": prompt}]
    messages = []
    for turn in turns:
        messages.append({"role": "user", "content": _parts(turn.prompt, len(turn.pictures))})
        messages.append({"role": "assistant", "content": turn.answer})
        images -= len(turn.pictures)
    return [*messages, {"role": "user", "content": _parts(prompt, images)}]


def _parts(text: str, images: int) -> list[dict[str, Any]]:
    # Places only: which picture is meant follows from their order.
    return [*({"type": "image"} for _ in range(images)), {"type": "text", "text": text}]


def _templated(model: Any, processor: Any, prompt: Any, images: int) -> str:
    text = apply_chat_template(processor, model.config, prompt, num_images=images)
    return text if isinstance(text, str) else str(text["content"])


def model_inputs(model: Any, processor: Any, text: str, images: Sequence[Any]) -> dict[str, Any]:
    """Token ids, pixels and whatever else the processor makes of text and PIL images."""
    inputs: dict[str, Any] = prepare_inputs(
        processor,
        images=list(images) or None,
        prompts=text,
        image_token_index=getattr(model.config, "image_token_index", None),
        add_special_tokens=should_add_special_tokens(model.config.model_type, processor),
    )
    return inputs


def embed(model: Any, inputs: dict[str, Any], *, features: Any = None) -> dict[str, Any]:
    """What the language model is prefilled with: embeddings of text and pictures, positions, masks.

    Parameters
    ----------
    model : mlx_vlm model
    inputs : dict
        As `model_inputs` makes them.
    features : mlx array of shape (image tokens, width), or None
        What the vision tower makes of the pictures, where that is known; None asks it.
    """
    rest = {k: v for k, v in inputs.items() if k not in ("input_ids", "pixel_values", "attention_mask")}
    known = {} if features is None else {"cached_image_features": features}
    embedded = model.get_input_embeddings(
        inputs["input_ids"], inputs.get("pixel_values"), mask=inputs.get("attention_mask"), **rest, **known
    )
    return rest | {k: v for k, v in embedded.to_dict().items() if v is not None}


def image_token_id(model: Any) -> int | None:
    """Token that stands for a part of a picture; None where the configuration names none."""
    ids = (getattr(model.config, name, None) for name in ("image_token_index", "image_token_id"))
    return next((token for token in ids if isinstance(token, int)), None)


def prefill(model: Any, row: int, token_ids: list[int], kwargs: dict[str, Any], processors: list[Any]) -> Any:
    """Run one prompt through the language model; a generation batch of one row, its first token chosen."""
    kwargs = dict(kwargs)
    batch = PromptProcessingBatch(
        model=model.language_model,
        uids=[row],
        input_ids=[token_ids],
        # Length is counted by the caller, who also knows about stop texts.
        max_tokens=[2**31],
        inputs_embeds=kwargs.pop("inputs_embeds"),
        prompt_kwargs=kwargs,
        logits_processors=[processors],
        # The full model is asked, because a language model does not know that its prefix must not be cut.
        prefill_step_size=DEFAULT_PREFILL_STEP_SIZE if _chunked_prefill_enabled(model, prefill_kwargs={}) else None,
        greedy_sampling=True,
    )
    while batch.needs_processing():
        batch.prompt_step()
    return batch.generate(lambda scores: mx.argmax(scores, axis=-1), lambda _token: False, compute_logprobs=False)


def plain_tokens(
    model: Any, processor: Any, text: str, images: Sequence[Any], *, max_tokens: int, processors: list[Any]
) -> Iterator[tuple[int, Any]]:
    """Tokens of mlx_vlm's own generation, with the log-probabilities they were chosen by; greedy after `processors`."""
    stream = mlx_vlm.stream_generate(
        model,
        processor,
        text,
        image=list(images) or None,
        max_tokens=max_tokens,
        temperature=0.0,
        logits_processors=processors or None,
    )
    for result in stream:
        if result.token is not None and result.finish_reason != "length":
            yield int(result.token), result.logprobs


def on_stream() -> AbstractContextManager[Any]:
    """Context in which arrays are computed on the stream that generation uses."""
    context: AbstractContextManager[Any] = mx.stream(generation_stream)
    return context


def wired(model: Any) -> AbstractContextManager[Any]:
    """Context that keeps a model's weights resident on Metal; nothing elsewhere."""
    context: AbstractContextManager[Any] = wired_limit(model, [generation_stream])
    return context
