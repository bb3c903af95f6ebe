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
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx_vlm
from mlx.utils import tree_flatten
from mlx_vlm.generate import PromptProcessingBatch, generation_stream, wired_limit
from mlx_vlm.generate.common import DEFAULT_PREFILL_STEP_SIZE, _chunked_prefill_enabled
from mlx_vlm.prompt_utils import SINGLE_IMAGE_ONLY_MODELS, apply_chat_template, get_message_json
from mlx_vlm.quant_utils import dequantize_model, get_total_parameters
from mlx_vlm.utils import get_model_and_args, get_model_type, prepare_inputs
from transformers.models.auto.image_processing_auto import IMAGE_PROCESSOR_MAPPING_NAMES
from transformers.utils.chat_template_utils import render_jinja_template

from vlmkit.engines import rendering
from vlmkit.engines.desk import beat
from vlmkit.engines.template import ChatTemplate, one_template
from vlmkit.engines.template_ways import merged_systems
from vlmkit.errors import Refused
from vlmkit.records import Message, Picture

__all__ = [
    "FLOAT",
    "VERSION",
    "build_model",
    "chat_template",
    "dequantize",
    "embed",
    "has_processor",
    "has_processor_settings",
    "image_token_id",
    "knows",
    "load_model",
    "model_inputs",
    "on_stream",
    "parameter_count",
    "plain_prompt",
    "plain_tokens",
    "prefill",
    "sees",
    "single_image_only",
    "weight_bytes",
    "wired",
]

FLOAT = mx.float32

VERSION = f"{mlx_vlm.__version__} on mlx {importlib.metadata.version('mlx')}"

# Families that read one question as it is, whatever template their tokenizer brings from a text model.
_LAST_MESSAGE_ONLY = frozenset({"paligemma", "florence2", "falcon_ocr"})

# Families of which mlx_vlm reads the first picture alone, though it lets them have several.
_FIRST_PICTURE_ONLY = frozenset({"granite4_vision"})

_INTERNVL_CONTEXT = "<IMG_CONTEXT>"

_IMAGE_TOKEN_NAMES = (
    "image_token_id",
    "image_token_index",
    "img_context_token_id",
    "image_pad_token_id",
    "media_placeholder_token_id",
    "image_patch_id",
)


def knows(config: dict[str, Any]) -> bool:
    """Whether mlx_vlm has the architecture that a config.json declares."""
    try:
        model_type = get_model_type(config)
    except (TypeError, AttributeError):  # a name or a list of architectures that is none
        return False
    is_a_name = isinstance(model_type, str) and model_type.isidentifier()  # a stranger's: "os.path" would be imported
    return is_a_name and importlib.util.find_spec(f"mlx_vlm.models.{model_type}") is not None


def sees(config: dict[str, Any]) -> bool:
    """Whether a known architecture takes pictures and writes text."""
    module, _ = get_model_and_args(config)
    embeddings = getattr(getattr(module, "Model", None), "get_input_embeddings", None)
    takes_pixels = embeddings is not None and "pixel_values" in inspect.signature(embeddings).parameters
    return takes_pixels and hasattr(module, "LanguageModel") and hasattr(module, "VisionConfig")


def has_processor_settings(model_type: str) -> bool:
    """Whether checkpoints of a family come with settings of their processor, as transformers loads them."""
    return model_type in IMAGE_PROCESSOR_MAPPING_NAMES


def has_processor(config: dict[str, Any]) -> bool:
    """Whether mlx_vlm has a processor of its own for an architecture, known or not."""
    if not knows(config):
        return False
    spec = importlib.util.find_spec(f"mlx_vlm.models.{get_model_type(config)}")
    folders = spec.submodule_search_locations or () if spec else ()
    return any(True for folder in folders for _ in Path(folder).glob("process*.py"))


def single_image_only(model_type: str) -> bool:
    """Whether a family takes one picture per prompt."""
    return model_type in SINGLE_IMAGE_ONLY_MODELS or model_type in _FIRST_PICTURE_ONLY


def load_model(directory: Path, *, adapter: Path | None, code_allowed: bool) -> tuple[Any, Any]:
    """Model and processor of a checkpoint; raises whatever mlx_vlm, transformers or mlx raise."""
    model, processor = mlx_vlm.load(
        str(directory),
        adapter_path=str(adapter) if adapter else None,
        lazy=True,
        trust_remote_code=code_allowed,
    )
    return model, processor


def build_model(config: dict[str, Any]) -> Any:
    """A model without weights: those it begins with are never computed; raises whatever mlx_vlm raises.

    Parameters
    ----------
    config : dict
        Of config.json, as mlx_vlm reads it.
    """
    from vlmkit.engines.families import reading

    whole = next(part.mlx for part in reading.read_parts(config) if not part.name)
    return get_model_and_args(config)[0].Model(whole)


def dequantize(model: Any) -> Any:
    """The model with plain weights in place of packed ones."""
    return dequantize_model(model)


def parameter_count(model: Any) -> int:
    """Weights of a model; a packed one counts as the weights it stands for."""
    return int(get_total_parameters(model))


def weight_bytes(model: Any) -> int:
    """Memory of a model's weights."""
    return sum(weight.nbytes for weight in dict(tree_flatten(model.parameters())).values())


def chat_template(
    model_type: str, processor: Any, own: str | None, *, name: str = "", is_ours: bool = False
) -> ChatTemplate | None:
    """What puts a conversation into words for a model; None for families that were made without a template.

    Parameters
    ----------
    model_type : str
    processor : as `load_model` gives it
    own : str or None
        The checkpoint's own template. Only where it has none that of mlx_vlm's processor is taken.
    name : str, default ""
        Of the model, for messages.
    is_ours : bool, default False
        Whether the template is not a stranger's, and can be rendered in this process.

    Raises
    ------
    ValueError
        The processor brings several, and none of them is called "default".
    """
    if model_type in _LAST_MESSAGE_ONLY:
        return None
    tokenizer = getattr(processor, "tokenizer", processor)
    built_in = (one_template(getattr(holder, "chat_template", None)) for holder in (processor, tokenizer))
    template = own or next((text for text in built_in if isinstance(text, str) and text), None)
    if template is None:
        return None
    # Of templates that know two ways to begin an answer, the one without thinking: a caption is wanted.
    given = {"enable_thinking": False} | getattr(tokenizer, "special_tokens_map", {})

    def render(messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generates: bool) -> str:
        rendered, _ = render_jinja_template(
            conversations=[messages], tools=tools, chat_template=template, add_generation_prompt=generates, **given
        )
        return str(rendered[0])

    def render_elsewhere(messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, generates: bool) -> str:
        values = {name: _plain(value) for name, value in given.items()}
        values |= {"messages": messages, "tools": tools, "documents": None, "add_generation_prompt": generates}
        return rendering.render(template, values, name=name)

    return ChatTemplate(render=render if is_ours else render_elsewhere, marks=partial(_marks, model_type, processor))


def _plain(value: Any) -> Any:
    """Special tokens come as texts, and lists of them."""
    return [str(each) for each in value] if isinstance(value, list | tuple) else value


def _marks(model_type: str, processor: Any, images: int) -> list[str]:
    """What a text holds in place of each picture, where a template takes nothing but text."""
    contents = _contents(model_type, images)
    if contents and all(isinstance(content, str) for content in contents):
        return [longer.removeprefix(content) for content, longer in pairwise(contents)]
    holders = (processor, getattr(processor, "tokenizer", None))
    tokens = (getattr(holder, "image_token", None) for holder in holders)
    return [next((token for token in tokens if isinstance(token, str) and token), "<image>") + "\n"] * images


def _contents(model_type: str, images: int) -> list[Any]:
    """What mlx_vlm writes for no picture, for one, and so on; empty where it cannot."""
    # Unknown families, and more pictures than a family takes.
    with suppress(ValueError):
        messages = [get_message_json(model_type, "", num_images=number) for number in range(images + 1)]
        return [message["content"] if isinstance(message, dict) else message for message in messages]
    return []


def plain_prompt(model: Any, processor: Any, messages: Sequence[Message]) -> str:
    """The finished text for a model without any template: as mlx_vlm writes it.

    Raises
    ------
    Refused
        The family reads one question, and something was said before; or there are results of tools, or no question is
        last.
    """
    last_only = model.config.model_type in _LAST_MESSAGE_ONLY
    messages = merged_systems(messages)
    if fault := _untemplated_fault(messages, last_only=last_only):
        raise Refused(fault)
    pictures = sum(len(message.pictures) for message in messages)
    # As messages the picture comes first, as a text where mlx_vlm's table of families puts it.
    asked = messages[-1].text if last_only else [_as_parts(message) for message in messages]
    # mlx_vlm writes one picture's mark in families that took one before they were repaired.
    more = max(pictures - 1, 0) if last_only else 0
    text = apply_chat_template(processor, model.config, asked, num_images=pictures - more)
    marks = _marks(model.config.model_type, processor, 1) * more
    return "".join(marks) + (text if isinstance(text, str) else str(text["content"]))


def _untemplated_fault(messages: Sequence[Message], *, last_only: bool) -> str:
    if last_only and len(messages) > 1:
        return "This model reads one question and nothing said before. Ask without examples or earlier turns."
    if messages[-1].role != "user" or any(message.role == "tool" for message in messages):
        return "This model has no chat template, so it takes questions and answers only. Ask without tools."
    return ""


def _as_parts(message: Message) -> dict[str, Any]:
    if message.role != "user":
        return {"role": message.role, "content": message.text}
    parts = (
        {"type": "image"} if isinstance(part, Picture) else {"type": "text", "text": part} for part in message.content
    )
    return {"role": "user", "content": list(parts)}


def model_inputs(model: Any, processor: Any, text: str, images: Sequence[Any]) -> dict[str, Any]:
    """Token ids, pixels and whatever else the processor makes of text and PIL images.

    A text that begins with the tokenizer's own beginning gets no second one, whatever the processor asks for or writes.
    """
    tokenizer = getattr(processor, "tokenizer", processor)
    begins_itself = text.startswith(_beginnings(tokenizer))
    if images and hasattr(processor, "img_context_token_id"):  # InternVL's chat processor knows but one mark
        text = text.replace(_INTERNVL_CONTEXT, "<image>")
    with _without_added_tokens(tokenizer) if begins_itself else nullcontext():
        inputs: dict[str, Any] = prepare_inputs(
            processor,
            images=list(images) or None,
            prompts=text,
            image_token_index=getattr(model.config, "image_token_index", None),
            add_special_tokens=not begins_itself,
        )
    return _begun_once(tokenizer, text, inputs) if begins_itself else inputs


def _begun_once(tokenizer: Any, text: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Without the begin mark that a processor wrote besides the template's."""
    begin, ids = getattr(tokenizer, "bos_token_id", None), inputs["input_ids"]
    if begin is None or text.startswith(tokenizer.bos_token * 2) or ids[0, :2].tolist() != [begin, begin]:
        return inputs
    return {name: value[:, 1:] if _is_per_token(name, value, ids) else value for name, value in inputs.items()}


def _is_per_token(name: str, value: Any, ids: Any) -> bool:
    # A picture may have as many patches as its prompt has tokens.
    return isinstance(value, mx.array) and value.shape[:2] == ids.shape and not name.startswith("pixel")


def _beginnings(tokenizer: Any) -> tuple[str, ...]:
    """How a text begins that needs no mark put before it."""
    bare = tokenizer("x", add_special_tokens=False)["input_ids"]
    marked = tokenizer("x")["input_ids"]
    first = next((place for place in range(len(marked)) if marked[place : place + len(bare)] == bare), 0)
    return tuple(filter(None, (getattr(tokenizer, "bos_token", None), tokenizer.decode(marked[:first]))))


@contextmanager
def _without_added_tokens(tokenizer: Any) -> Iterator[None]:
    """Many processors do not hand the wish on to their tokenizer, so it is told itself."""
    encode = tokenizer._encode_plus  # noqa: SLF001  where all calls of a tokenizer meet
    tokenizer._encode_plus = lambda *args, **options: encode(*args, **options | {"add_special_tokens": False})  # noqa: SLF001
    try:
        yield
    finally:
        del tokenizer._encode_plus  # noqa: SLF001


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
    beat()
    rest = {k: v for k, v in inputs.items() if k not in ("input_ids", "pixel_values", "attention_mask")}
    known = {} if features is None else {"cached_image_features": features}
    embedded = model.get_input_embeddings(
        inputs["input_ids"], inputs.get("pixel_values"), mask=inputs.get("attention_mask"), **rest, **known
    )
    return rest | {k: v for k, v in embedded.to_dict().items() if v is not None}


def image_token_id(model: Any, processor: Any, config: dict[str, Any], inputs: dict[str, Any]) -> int | None:
    """Token that stands for a part of a picture; None where nothing names one.

    Parameters
    ----------
    model, processor : as `load_model` gives them
    config : dict
        Of config.json. A model's own configuration also holds defaults, which may be another checkpoint's.
    inputs : dict
        As `model_inputs` makes them. Of several names the one that occurs here counts.
    """
    sources = (config, inputs, vars(model.config))
    named = [source.get(name) for source in sources for name in _IMAGE_TOKEN_NAMES]
    named.append(getattr(processor, "image_token_id", None))
    tokens = [token for token in named if isinstance(token, int)]
    occurring = set(inputs["input_ids"][0].tolist())
    return next((token for token in tokens if token in occurring), next(iter(tokens), None))


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
        beat()
        batch.prompt_step()
    return batch.generate(lambda scores: mx.argmax(scores, axis=-1), lambda _token: False, compute_logprobs=False)


def plain_tokens(
    model: Any, processor: Any, inputs: dict[str, Any], *, max_tokens: int, processors: list[Any]
) -> Iterator[tuple[int, Any]]:
    """Tokens of mlx_vlm's own generation, with the log-probabilities they were chosen by; greedy after `processors`.

    Parameters
    ----------
    model, processor : as `load_model` gives them
    inputs : dict
        As `model_inputs` makes them.
    max_tokens : int
    processors : list of logits processors
    """
    prepared = {"mask" if name == "attention_mask" else name: value for name, value in inputs.items()}
    stream = mlx_vlm.stream_generate(
        model,
        processor,
        "",
        **prepared,
        max_tokens=max_tokens,
        temperature=0.0,
        logits_processors=processors or None,
    )
    for result in stream:
        beat()
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
