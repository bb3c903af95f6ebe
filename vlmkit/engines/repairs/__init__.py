"""Repairs: faults of single families in mlx_vlm, mended from outside; a table, and a file for each kind.

Takes   a configuration and what loads it.                Gives  model and processor mended, and what was done.
May use engines, mlx_vlm; on the desk only.               Never  a repair without a fault found on the real object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from vlmkit.engines.repairs import attention, gemma, layers, llava, positions, text_models, tiles
from vlmkit.engines.repairs.repair import Repair

__all__ = ["REPAIRS", "Mended", "load", "may_take_several", "prepared"]

REPAIRS: tuple[Repair, ...] = (
    gemma.GEMMA3_STRENGTH,
    gemma.GEMMA3_ATTENTION,
    positions.GLM4V,
    positions.MINICPM,
    tiles.PADDLEOCR_VL,
    positions.IDEFICS,
    attention.IDEFICS2,
    text_models.INTERNVL,
    tiles.INTERNVL,
    tiles.LFM2_VL,
    llava.SEVERAL,
    attention.MLLAMA,
    tiles.MOLMO2,
    attention.MOLMO2,
    text_models.ROPE_SCALING,
    layers.ACTIVATIONS,
    layers.GATES,
    layers.EPSILONS,
    llava.OPTIONS,
    llava.TILES,
    gemma.PALIGEMMA_PICTURES,
    gemma.PALIGEMMA_WINDOW,
    text_models.WINDOW,
)


@dataclass(frozen=True)
class Mended:
    """A loaded model.

    Attributes
    ----------
    model : mlx_vlm model
    processor : transformers processor
    remarks : tuple of str
        A sentence for each repair that was needed.
    takes_several : bool
        Whether a question may hold several pictures now, though mlx_vlm takes one.
    """

    model: Any
    processor: Any
    remarks: tuple[str, ...]
    takes_several: bool = False


def load(
    config: dict[str, Any], open_files: Callable[[], tuple[Any, Any]], *, table: tuple[Repair, ...] | None = None
) -> Mended:
    """Load a model, with the repairs that its family needs.

    Parameters
    ----------
    config : dict
        Of config.json.
    open_files : callable
        Gives model and processor; what it raises is passed on.
    table : tuple of Repair or None, default None
        None is `REPAIRS`.
    """
    rows = _rows(config, REPAIRS if table is None else table)
    with ExitStack() as held:
        needed = [row for row in rows if _prepares(row, config, held)]
        model, processor = open_files()
    needed += [row for row in rows if row.after_load is not None and row.after_load(model, processor, config)]
    made = [row for row in rows if row in needed]
    return Mended(model, processor, tuple(row.remark for row in made), any(row.is_for_several for row in made))


@contextmanager
def prepared(config: dict[str, Any]) -> Iterator[None]:
    """Context in which a model of a configuration is built as `load` would build it.

    Parameters
    ----------
    config : dict
        Of config.json.
    """
    with ExitStack() as held:
        for row in _rows(config, REPAIRS):
            _prepares(row, config, held)
        yield


def may_take_several(config: dict[str, Any]) -> bool:
    """Whether a repair lets a family take several pictures in one question, as far as can be told before a load.

    Parameters
    ----------
    config : dict
        Of config.json.
    """
    return any(row.is_for_several for row in _rows(config, REPAIRS))


def _rows(config: dict[str, Any], table: tuple[Repair, ...]) -> list[Repair]:
    return [row for row in table if config.get("model_type") in row.families]


def _prepares(row: Repair, config: dict[str, Any], held: ExitStack) -> bool:
    context = None if row.before_load is None else row.before_load(config)
    if context is not None:
        held.enter_context(context)
    return context is not None
