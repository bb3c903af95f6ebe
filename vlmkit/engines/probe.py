"""Does a loaded model see and answer? Asked at every load, of drawn pictures; and what it is given, for who asks.

A family whose pictures are put in the wrong place still writes fluent text. It shows before any text is written: in how
many rows the prompt becomes, and in which of them change when the picture is another one or none. Some families put
pictures elsewhere than into the rows of their tokens; then something else of what is prefilled has to change.

Imported on the desk only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlx.core as mx
import numpy as np

from vlmkit import sources
from vlmkit.backends import Insight, Tile
from vlmkit.engines import mlx_vlm_api
from vlmkit.engines.load_errors import explain_load_error
from vlmkit.errors import ModelLoadFailed

if TYPE_CHECKING:
    from vlmkit.engines.decoding import Decoder, Prompt
    from vlmkit.engines.language import LoadedModel
    from vlmkit.records import Ask

__all__ = ["PROMPTS", "Recorder", "answers", "examine_sight", "look_inside", "picture"]

PROMPTS = ("Describe this image.", "What can be seen here, and what stands in the upper left corner of it?")

_SIDE_PX = 96
_BLOCKS = 6
_ANSWER_TOKENS = 2
# Of the largest value: a family may multiply its words in another order where there is no picture.
_TOLERANCE = 1e-5


def picture(seed: int) -> Any:
    """A coarse random pattern: every processor takes it, and two of them look different."""
    colors = np.random.default_rng(seed).integers(0, 256, (_BLOCKS, _BLOCKS, 3), dtype=np.uint8)
    pixels = colors.repeat(_SIDE_PX // _BLOCKS, axis=0).repeat(_SIDE_PX // _BLOCKS, axis=1)
    ref = sources.refer(b"P6 %d %d 255\n" % (_SIDE_PX, _SIDE_PX) + pixels.tobytes())
    return sources.decode(sources.normalize(ref, _SIDE_PX))


class Recorder:
    """A logits processor that changes nothing and keeps what it saw."""

    def __init__(self) -> None:
        self.logits: list[Any] = []

    def __call__(self, _tokens: Any, logits: Any) -> Any:
        """What mlx_vlm asks of one."""
        self.logits.append(logits)
        return logits

    def process_last_token(self, _token: int, logits: Any) -> Any:
        """The same for a token alone."""
        return self(None, logits)


@dataclass(frozen=True, slots=True)
class _Embedded:
    """What a prompt was made into.

    Attributes
    ----------
    rows : mlx array of shape (rows, width)
    rest : dict
        Whatever else was made for the language model.
    """

    rows: Any
    rest: dict[str, Any]


def examine_sight(language: LoadedModel) -> tuple[str, ...]:
    """What is wrong with the way in which a model gets to see pictures; nothing where all is well.

    Parameters
    ----------
    language : LoadedModel

    Raises
    ------
    ModelLoadFailed
        A question about a picture cannot even be prepared.
    """
    try:
        prompts = [language.question(PROMPTS[0], [picture(seed)]) for seed in (0, 1)]
        with mlx_vlm_api.on_stream():
            one, other = (_embedded(language, prompt.inputs) for prompt in prompts)
            blind = _without_picture(language, prompts[0])
            return tuple(filter(None, (_doubled(language, prompts[0]), *_misplaced(prompts[0], one, other, blind))))
    except Exception as error:
        raise _mute(language, error) from error


def answers(language: LoadedModel, decoder: Decoder) -> None:
    """Let the decoder that will serve write a few tokens about a picture.

    Parameters
    ----------
    language : LoadedModel
    decoder : Decoder

    Raises
    ------
    ModelLoadFailed
        It breaks, or its tokens are chosen from no numbers.
    """
    recorder = Recorder()
    try:
        decoder.admit(0, language.question(PROMPTS[0], [picture(0)]), [recorder], _ANSWER_TOKENS)
        for _ in range(_ANSWER_TOKENS):
            if decoder.step()[0][1] in language.eos_token_ids:
                break
        decoder.remove({0})
        numbers = all(mx.isnan(logits).any().item() is False for logits in recorder.logits)
    except Exception as error:
        decoder.reset()
        raise _mute(language, error) from error
    if not numbers:
        raise _mute(language, ValueError("what it holds of the next token is not a number"))


def _mute(language: LoadedModel, error: Exception) -> ModelLoadFailed:
    what = f"{language.name} was loaded and cannot answer about a picture"
    return ModelLoadFailed(explain_load_error(what, error, language.checkpoint))


def _embedded(language: LoadedModel, inputs: dict[str, Any]) -> _Embedded:
    made = mlx_vlm_api.embed(language.model, inputs)
    rows = made.pop("inputs_embeds")[0].astype(mlx_vlm_api.FLOAT)
    return _Embedded(rows, {name: value for name, value in made.items() if value is not inputs.get(name)})


def _without_picture(language: LoadedModel, prompt: Prompt) -> _Embedded | None:
    """The same tokens with nothing behind them; None where a family does not take that."""
    try:
        return _embedded(language, {name: prompt.inputs.get(name) for name in ("input_ids", "attention_mask")})
    except Exception:  # noqa: BLE001  a family may say so in any way
        return None


def _doubled(language: LoadedModel, prompt: Prompt) -> str:
    begin = getattr(language.tokenizer, "bos_token_id", None)
    doubled = begin is not None and prompt.token_ids[:2] == [begin, begin]
    return "its prompt begins with two begin-of-text marks" if doubled else ""


def _misplaced(prompt: Prompt, one: _Embedded, other: _Embedded, blind: _Embedded | None) -> Iterator[str]:
    places = {place for place, token in enumerate(prompt.token_ids) if token == prompt.image_token}
    tokens, rows = len(prompt.token_ids), len(one.rows)
    if rows != tokens and len(places) > 1:
        yield f"{tokens} tokens, of which {len(places)} stand for the picture, become {rows} rows"
        return
    seen = _changed(one, other)
    if not seen and _is_same(one.rest, other.rest):
        yield "another picture changes nothing of what it reads"
    if rows == tokens and seen:
        filled = None if blind is None else _changed(one, blind, _TOLERANCE)
        yield _beside_its_tokens(prompt, places, seen, filled)


def _beside_its_tokens(prompt: Prompt, places: set[int], seen: set[int], filled: set[int] | None) -> str:
    """What is wrong where a picture changes rows that do not stand for it; empty where nothing is.

    Parameters
    ----------
    prompt : Prompt
    places : set of int
        Of the tokens that stand for the picture.
    seen, filled : set of int, set of int or None
        Rows that another picture changes, and none at all; None is not known.
    """
    changed = seen if filled is None else filled
    if places:
        is_right = seen <= places and filled in (None, places)
        what = f"the picture changes {len(changed | seen)} rows of its prompt, and {len(places)} tokens stand for it"
        return "" if is_right else what
    if prompt.image_token is not None and len({prompt.token_ids[place] for place in changed}) > 1:
        return f"token {prompt.image_token}, which its configuration names for pictures, is not in its prompt"
    return ""


def _changed(one: _Embedded, other: _Embedded, tolerance: float = 0.0) -> set[int]:
    """Rows that differ; all where their number does."""
    if one.rows.shape != other.rows.shape:
        return set(range(len(one.rows)))
    gap = mx.abs(one.rows - other.rows).max(axis=-1)
    differs: Any = (~(gap <= tolerance * mx.abs(one.rows).max())).tolist()
    return {place for place, flag in enumerate(differs) if flag}


def _is_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(_equals(one[name], other.get(name)) for name in one)


def _equals(one: Any, other: Any) -> bool:
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equals, one, other))
    if not isinstance(one, mx.array):
        return True
    return one.shape == other.shape and bool(mx.array_equal(one, other).item())


def look_inside(language: LoadedModel, ask: Ask, images: Sequence[Any]) -> Insight:
    """Prepare an ask as for an answer, and tell what came of it.

    Parameters
    ----------
    language : LoadedModel
    ask : Ask
    images : sequence of PIL.Image.Image
        Its pictures, decoded.
    """
    prompt = language.prompt(ask, images)
    config = language.model.config
    patch_px = _whole(getattr(config, "vision_config", None), "patch_size")
    # Families that fold squares of patches into tokens ("pixel shuffle", arXiv:2504.05299) name the side of the square.
    folded = _whole(config, "scale_factor")
    return Insight(
        text=language.as_read(prompt),
        prompt_tokens=len(prompt.token_ids),
        image_tokens=None if prompt.image_token is None else prompt.token_ids.count(prompt.image_token),
        tiles=tuple(_tiles(prompt.inputs, language.processor)),
        patch_px=patch_px,
        token_px=folded * patch_px if folded and patch_px and folded > 1 else None,
    )


def _whole(config: Any, name: str) -> int | None:
    value = getattr(config, name, None)
    return value if isinstance(value, int) else None


def _tiles(inputs: dict[str, Any], processor: Any) -> Iterator[Tile]:
    """Pixels as colors again; none where a family cuts pictures into something else than rectangles."""
    pixels = inputs.get("pixel_values")
    if pixels is None or not hasattr(pixels, "shape") or len(pixels.shape) < 3:
        return
    values = np.array(pixels.astype(mlx_vlm_api.FLOAT), np.float32)
    values = values.reshape(-1, *values.shape[-3:])
    if values.shape[1] == 3:
        values = values.transpose(0, 2, 3, 1)
    if values.shape[-1] != 3:
        return
    for tile in (_as_levels(values, processor) * 255).round().clip(0, 255).astype(np.uint8):
        yield Tile(width=tile.shape[1], height=tile.shape[0], data=tile.tobytes())


def _as_levels(values: np.ndarray[Any, Any], processor: Any) -> np.ndarray[Any, Any]:
    """Channels from 0 to 1, as they were before a processor put their mean to 0."""
    image_processor = getattr(processor, "image_processor", processor)
    mean, std = (getattr(image_processor, name, None) for name in ("image_mean", "image_std"))
    if not getattr(image_processor, "do_normalize", True) or mean is None or std is None:
        return values
    return values * np.array(std, np.float32) + np.array(mean, np.float32)
