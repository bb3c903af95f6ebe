"""A model is opened on a desk, and on another one after that desk is lost.

Opening brings together the loaded checkpoint, the decoder that is right for it, and facts for people.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from vlmkit.backends import Abilities, ModelInfo
from vlmkit.engines import bounds, loading
from vlmkit.engines import desk as desks
from vlmkit.engines.families import verdicts
from vlmkit.engines.load_errors import explain_load_error
from vlmkit.engines.resolution import resolution_of, side_to_keep
from vlmkit.errors import ModelLoadFailed, VlmkitError

if TYPE_CHECKING:
    from pathlib import Path

    from vlmkit.engines.desk import Desk
    from vlmkit.engines.inspection import Checkpoint
    from vlmkit.engines.language import LoadedModel
    from vlmkit.engines.scheduler import Scheduler

__all__ = ["Opened", "Seat", "Seats", "images_per_ask", "load_timeout_s", "open_on_desk"]

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
    wrong_allowed: bool,
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
    wrong_allowed : bool
        Whether a model that does not see rightly is opened all the same.

    Raises
    ------
    SetupError
        As `loading.load_checkpoint`; or the model does not see rightly, or does not answer.
    """
    try:
        return _opened(
            checkpoint,
            loading.load_checkpoint(checkpoint, name=name, adapter=adapter, code_allowed=code_allowed),
            name=name,
            revision=revision,
            slots=slots,
            kv_cache_tokens=kv_cache_tokens,
            wrong_allowed=wrong_allowed,
        )
    except VlmkitError:
        raise
    except Exception as error:  # settings of another kind than everybody expects, for one
        raise ModelLoadFailed(explain_load_error(f"{name} cannot be opened", error, checkpoint)) from error


def _opened(
    checkpoint: Checkpoint,
    loaded: loading.Loaded,
    *,
    name: str,
    revision: str,
    slots: int | None,
    kv_cache_tokens: int | None,
    wrong_allowed: bool,
) -> Opened:
    # Importable only now that mlx is.
    from vlmkit.engines import conformance, probe
    from vlmkit.engines.scheduler import Scheduler

    bounds.check_processor(loaded.language.processor, name)
    faults = probe.examine_sight(loaded.language)
    if faults and not wrong_allowed:
        raise _wrong(name, faults)
    wanted = slots or (_SLOTS_CPU if loaded.device == "cpu" else _SLOTS_GPU)
    decoder, why = conformance.decoder_for(loaded.language, checkpoint.config, wanted, repairs=loaded.repairs)
    probe.answers(loaded.language, decoder)
    served = {"slots": decoder.slots, "kv_cache_tokens": kv_cache_tokens, "why_one_by_one": why}
    info = _info(checkpoint, loaded, faults, name=name, revision=revision, **served)
    abilities = Abilities(
        images_per_ask=images_per_ask(checkpoint.model_type, takes_several=loaded.takes_several),
        json_schema=loaded.language.can_constrain,
        tools=True,  # by the prompt's own lines where its template shows none
        token_probabilities=True,
        seed=True,
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


def _info(checkpoint: Checkpoint, loaded: loading.Loaded, faults: tuple[str, ...], **given: Any) -> ModelInfo:
    verdict = verdicts.verdict(checkpoint.model_type)
    return ModelInfo(
        **given,
        architecture=checkpoint.model_type,
        parameters=loaded.parameters,
        quantization=checkpoint.quantization,
        precision=loaded.precision,
        context_length=checkpoint.context_length,
        memory_bytes=loaded.memory_bytes,
        device=loaded.device,
        serving="one by one" if given["why_one_by_one"] else "batched",
        sees_pictures=True,
        has_tokenizer=True,
        call_markup=loaded.language.call_markup,
        faithfulness="wrong" if faults else verdict.faithfulness,
        remarks=(*(f"It does not see rightly: {fault}." for fault in faults), *verdict.remarks, *loaded.repairs),
    )


def _wrong(name: str, faults: tuple[str, ...]) -> ModelLoadFailed:
    return ModelLoadFailed(
        f"{name} was loaded and does not see rightly: {'; '.join(faults)}. What it wrote would be fluent, and "
        "of something else. Name a model of another family, ask a server for it, or open it all the same with "
        f"allow_wrong={name.removeprefix('mlx:')!r}."
    )


def images_per_ask(model_type: str, *, takes_several: bool) -> int:
    """Most pictures of one question to a family; on the desk only, once mlx can be imported.

    Parameters
    ----------
    model_type : str
        As config.json names it.
    takes_several : bool
        Whether a repair lets it take several.
    """
    from vlmkit.engines import mlx_vlm_api

    return 1 if mlx_vlm_api.single_image_only(model_type) and not takes_several else _IMAGES_PER_ASK


# A slow disk reads 20 MB a second, and a CPU without a fast BLAS takes minutes to look at the pictures of the tests.
_LOAD_S = 900.0
_LOAD_S_PER_GB = 120.0
_CLOSING_S = 10.0


def load_timeout_s(given: float | str | None, weight_bytes: int) -> float | None:
    """Longest time a model may take to load.

    Parameters
    ----------
    given : float, None or "auto"
        In seconds; None means no limit, "auto" 15 minutes and 2 more for each gigabyte of weights.
    weight_bytes : int
    """
    return _LOAD_S + _LOAD_S_PER_GB * weight_bytes / 1e9 if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class Seat:
    """A model opened on a desk."""

    desk: Desk
    opened: Opened


class Seats:
    """One seat after another, each on the desk of its time.

    Parameters
    ----------
    name : str
        Of the model, as ``mlx:…``.
    opening : callable
        Opens it, on a desk.
    timeout_s : float or None
        Longest time for that.

    Raises
    ------
    SetupError
        As `opening`; `ModelLoadFailed` also where it takes longer than it may.
    """

    def __init__(self, name: str, opening: Callable[[], Opened], timeout_s: float | None) -> None:
        self._name = name
        self._opening = opening
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._now: Seat | None = self._take()

    @property
    def now(self) -> Seat | None:
        """The seat, which may be on a lost desk; None once it is given up."""
        return self._now

    def good(self) -> Seat | None:
        """A seat on a desk that is well, taken anew where the last one was lost; None once it is given up.

        Raises
        ------
        SetupError
            As the first opening.
        """
        seat = self._now
        if seat is None or not seat.desk.lost:
            return seat
        with self._lock:
            if self._now is not None and self._now.desk.lost:
                self._now = self._take(anew=True)
            return self._now

    def give_up(self) -> None:
        """Close the model and give its memory back. Twice is fine."""
        seat, self._now = self._now, None
        if seat is None:
            return
        own, scheduler = seat.desk, seat.opened.scheduler
        del seat
        with suppress(ModelLoadFailed):  # the desk was closed or lost meanwhile, and ended everything itself
            if not own.post(partial(_end, own, scheduler), wait_s=_CLOSING_S):
                scheduler.cancel()  # it is at a long piece of work, and ends the rest when it comes back
            # The last name of the model; what it held is given back once nothing holds it.
            del scheduler
            own.post(loading.free_memory, wait_s=_CLOSING_S)

    def _take(self, *, anew: bool = False) -> Seat:
        own = desks.desk()
        if anew:  # two of them may not fit into memory
            own.call(loading.free_memory)
        what = f"{self._name} cannot be used: loading it"
        try:
            opened = own.call(self._opening, timeout_s=self._timeout_s, what=what)
        except ModelLoadFailed as error:
            if not own.lost or self._name in str(error):
                raise _with_advice(error, own.lost) from error.__cause__
            raise ModelLoadFailed(f"{self._name} cannot be loaded. {error}") from error
        own.join(opened.scheduler)
        return Seat(own, opened)


def _end(own: Desk, scheduler: Scheduler) -> None:
    own.forget(scheduler)
    scheduler.shut()


def _with_advice(error: ModelLoadFailed, lost: str) -> ModelLoadFailed:
    if str(error) != lost:
        return error
    advice = (
        "Its files may be damaged or hostile, or it is too big for this machine: raise timeout_s, or load_timeout_s in "
        "[vision] of vlmkit.toml, or name a smaller model."
    )
    return ModelLoadFailed(f"{error} {advice}")
