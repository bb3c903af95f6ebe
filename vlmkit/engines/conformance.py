"""Does a batch write what mlx_vlm's plain generation writes? Asked of every model before it serves; else one by one.

Two drawn pictures with prompts of different lengths are answered plainly, then as two rows of one batch. What the model
holds of each next token must agree up to rounding: tokens alone agree by luck where a batch is only a little wrong. The
verdict depends on the architecture, not on the weights, and is remembered on disk.

Imported on the desk only.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mlx.core as mx
import numpy as np

from vlmkit.engines import mlx_vlm_api
from vlmkit.engines.decoding import Decoder, OneByOne, Prompt, SharedBatch
from vlmkit.engines.load_errors import explain_load_error
from vlmkit.engines.probe import PROMPTS, Recorder, picture
from vlmkit.errors import ModelLoadFailed
from vlmkit.files import cache_folder, replace_whole

if TYPE_CHECKING:
    from vlmkit.engines.language import LoadedModel

__all__ = ["TokenStep", "decoder_for", "difference", "first_difference", "remembered"]

TOKENS = 8
# Differences of log-probabilities that another order of summation makes; half precision rounds logits to 1/16 or more.
_TOLERANCE_SINGLE = 1e-3
_TOLERANCE_HALF = 0.5
# Less likely tokens are never chosen, and their logarithms are mostly rounding.
_SMALLEST_LOG_PROBABILITY = -10.0


@dataclass(frozen=True, slots=True)
class TokenStep:
    """A token and the log-probabilities it was chosen by."""

    token: int
    scores: np.ndarray[Any, Any]
    tolerance: float = _TOLERANCE_SINGLE


def decoder_for(
    language: LoadedModel, config: dict[str, Any], slots: int, *, repairs: tuple[str, ...] = ()
) -> tuple[Decoder, str]:
    """Decoder that is right for a model.

    Parameters
    ----------
    language : LoadedModel
    config : dict
        Of config.json.
    slots : int
        Rows wanted at once.
    repairs : tuple of str, default ()
        What was changed in the loaded model, on which the verdict depends, too.

    Returns
    -------
    decoder : Decoder
    why : str
        Why it is not the shared batch; empty where it is.

    Raises
    ------
    ModelLoadFailed
        The model does not answer at all.
    """
    why = remembered(language, config, repairs)
    if why:
        return OneByOne(language.model, language.processor), why
    return SharedBatch(language.model, slots), ""


def remembered(language: LoadedModel, config: dict[str, Any], repairs: tuple[str, ...] = ()) -> str:
    """`difference`, asked once for each architecture, its repairs, version and device.

    Raises
    ------
    ModelLoadFailed
        As `difference`.
    """
    ingredients = (config, repairs, mlx_vlm_api.VERSION, str(mx.default_device()), PROMPTS, TOKENS)
    key = hashlib.blake2b(json.dumps(ingredients, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
    file = cache_folder() / "conformance" / key
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8")
    why = difference(language)
    # A home that cannot be written to costs the probe again, nothing else.
    with suppress(OSError), replace_whole(file) as part:
        part.write_text(why, encoding="utf-8")
    return why


def difference(language: LoadedModel) -> str:
    """What a batch does differently from plain generation; empty where nothing.

    Raises
    ------
    ModelLoadFailed
        Plain generation fails, so there is nothing to serve.
    """
    try:
        prompts = [language.question(text, [picture(seed)]) for seed, text in enumerate(PROMPTS)]
        plain = [_plain(language, prompt) for prompt in prompts]
    except Exception as error:
        what = f"{language.name} was loaded and cannot answer about a picture"
        raise ModelLoadFailed(explain_load_error(what, error, language.checkpoint)) from error
    try:
        batched = _batched(language, prompts)
    except Exception as error:  # noqa: BLE001  a family that cannot share a batch may fail in any way
        return f"a batch fails with {type(error).__name__}: {error}"
    return next(filter(None, map(first_difference, plain, batched)), "")


def first_difference(plain: list[TokenStep], batched: list[TokenStep]) -> str:
    """Where a row of a batch first parts from plain generation; empty where it does not.

    Parameters
    ----------
    plain, batched : list of TokenStep
        The shorter one ends the comparison.
    """
    for place, (expected, got) in enumerate(zip(plain, batched, strict=False), start=1):
        likely = expected.scores > _SMALLEST_LOG_PROBABILITY
        gap = float(np.abs(expected.scores - got.scores)[likely].max())
        if not gap <= expected.tolerance:
            return f"in a batch log-probabilities of token {place} differ by {gap:.2g} from plain generation"
        if got.token != expected.token:
            lead = float(expected.scores[expected.token] - expected.scores[got.token])
            # Of two tokens equally likely up to rounding either may come; what follows answers another beginning.
            return "" if lead <= expected.tolerance else f"a batch writes another token {place} than plain generation"
    return ""


def _plain(language: LoadedModel, prompt: Prompt) -> list[TokenStep]:
    stream = mlx_vlm_api.plain_tokens(
        language.model, language.processor, prompt.inputs, max_tokens=TOKENS, processors=[]
    )
    return [_step(token, scores) for token, scores in stream]


def _batched(language: LoadedModel, prompts: list[Prompt]) -> list[list[TokenStep]]:
    batch = SharedBatch(language.model, len(prompts))
    recorders = [Recorder() for _ in prompts]
    for row, prompt in enumerate(prompts):
        batch.admit(row, prompt, [recorders[row]], TOKENS)
    written: list[list[int]] = [[] for _ in prompts]
    for _ in range(TOKENS):
        for row, token in batch.step():
            written[row].append(token)
    batch.close()
    return [
        [_step(token, logits) for token, logits in zip(tokens, recorder.logits, strict=False)]
        for tokens, recorder in zip(written, recorders, strict=True)
    ]


def _step(token: int, logits: Any) -> TokenStep:
    tolerance = _TOLERANCE_SINGLE if logits.dtype == mx.float32 else _TOLERANCE_HALF
    values = np.array(logits.astype(mx.float32), np.float64).reshape(-1)
    values -= values.max()
    return TokenStep(token, values - np.log(np.exp(values).sum()), tolerance)
