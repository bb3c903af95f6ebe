"""What opening a model brings together: the loaded checkpoint, the decoder that is right for it, facts for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlmkit.backends.facts import ModelInfo
from vlmkit.backends.protocol import Abilities
from vlmkit.engines import loading
from vlmkit.engines.resolution import resolution_of, side_to_keep

if TYPE_CHECKING:
    from pathlib import Path

    from vlmkit.engines.inspection import Checkpoint
    from vlmkit.engines.language import LoadedModel
    from vlmkit.engines.scheduler import Scheduler

__all__ = ["Opened", "open_on_desk"]

# A step costs a GPU little until memory is short, and a CPU the less per row the more rows share it.
_SLOTS_CPU = 16
_SLOTS_GPU = 8
_IMAGES_PER_ASK = 8


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An open model.

    Attributes
    ----------
    language : LoadedModel
    scheduler : Scheduler
    info : ModelInfo
    abilities : Abilities
    """

    language: LoadedModel
    scheduler: Scheduler
    info: ModelInfo
    abilities: Abilities


def open_on_desk(
    checkpoint: Checkpoint,
    *,
    name: str,
    revision: str,
    adapter: Path | None,
    slots: int | None,
    kv_cache_tokens: int | None,
    code_allowed: bool,
) -> Opened:
    """Load a checkpoint and put a scheduler on it; on the desk only.

    Parameters
    ----------
    checkpoint : Checkpoint
    name : str
        Full name, as ``mlx:…``.
    revision : str
    adapter : Path or None
    slots : int or None
        Answers wanted at the same time; None is what suits the device.
    kv_cache_tokens : int or None
    code_allowed : bool

    Raises
    ------
    SetupError
        As `loading.load`.
    """
    loaded = loading.load(checkpoint, name=name, adapter=adapter, code_allowed=code_allowed)
    # Importable only now that mlx is.
    from vlmkit.engines import conformance, foreign
    from vlmkit.engines.scheduler import Scheduler

    wanted = slots or (_SLOTS_CPU if loaded.device == "cpu" else _SLOTS_GPU)
    decoder, why = conformance.decoder_for(loaded.language, checkpoint.config, wanted, repairs=loaded.repairs)
    info = ModelInfo(
        name=name,
        revision=revision,
        architecture=checkpoint.model_type,
        parameters=loaded.parameters,
        quantization=checkpoint.quantization,
        precision=loaded.precision,
        context_length=checkpoint.context_length,
        memory_bytes=loaded.memory_bytes,
        device=loaded.device,
        slots=decoder.slots,
        kv_cache_tokens=kv_cache_tokens,
        serving="one by one" if why else "batched",
        why_one_by_one=why,
        sees_pictures=True,
        has_tokenizer=True,
    )
    abilities = Abilities(
        images_per_ask=1 if foreign.single_image_only(checkpoint.model_type) else _IMAGES_PER_ASK,
        json_schema=loaded.language.can_constrain,
        token_probabilities=True,
        lossless=True,
        longest_side_px=side_to_keep(resolution_of(loaded.language.processor, loaded.language.model.config)),
        # Twice the slots: a picture is decoded and ready when a slot becomes free.
        parallel_asks=2 * decoder.slots,
    )
    return Opened(
        language=loaded.language,
        scheduler=Scheduler(loaded.language, decoder, kv_cache_tokens=kv_cache_tokens),
        info=info,
        abilities=abilities,
    )
