"""Training batches, drawn ahead of the trainer in a process of their own; a pure function of the step number."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from queue import Full
from typing import Any

import numpy as np

from vlmkit.tiny import blueprint, picturing, scenes

__all__ = ["CHARACTERS", "SHARES", "TASKS", "Batch", "TextGroup", "balanced", "draw_ahead", "draw_batch", "truth_of"]

# How often each task is asked; what takes longer to learn comes more often.
CAPTIONS = {"brief": 3.0, "detailed": 4.0, "technical": 2.0}
SHARES = {
    "count": 4, "yes_no": 6, "color": 3, "shape": 3, "size": 2, "place": 4, "background": 0.7, "tags": 5, "json": 2,
    "form": 9, "self": 0.7, "read": 3, "box": 4.5, "boxes": 3, "point": 2, "points": 1.5, "call": 6, "result": 2.5,
}  # fmt: skip
TASKS = (*CAPTIONS, *SHARES)
CAPTION_SHARE = 0.5
QUESTIONS_EACH = 6
_KINDS = {"scene": 0.56, "lettered": 0.14, "crop": 0.06, "spoiled": 0.16, "elsewhere": 0.08}
_EYE_KINDS = {"scene": 0.6, "lettered": 0.25, "spoiled": 0.15}
_GROUPS = 6  # rows of similar length, so that little is spent on padding
_STEP = 8  # lengths are multiples of this: fewer sizes of arrays, so that memory is used again
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MOST_LETTERS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class TextGroup:
    """Rows of similar length.

    Attributes
    ----------
    ids : ndarray of int32, shape (rows, length)
    picture : ndarray of int32, shape (rows,)
        Which picture of the batch each row is about.
    positions : ndarray of int32, shape (targets,)
        Flat positions (row * length + column) whose next token is learned.
    targets : ndarray of int32, shape (targets,)
    weights : ndarray of float32, shape (targets,)
        Long answers count for more than short ones, but less than in proportion.
    tasks : ndarray of int32, shape (targets,)
        Number in `TASKS` of the task that each target belongs to.
    cells : ndarray of int32, shape (fits,)
        Flat positions of the image tokens of the rows that ask about described objects.
    fits : ndarray of int32, shape (fits,)
        1 where the object of that token's cell fits the description.
    """

    ids: np.ndarray
    picture: np.ndarray
    positions: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    tasks: np.ndarray
    cells: np.ndarray
    fits: np.ndarray


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """One step's pictures, their truth by cell, and questions about them.

    Attributes
    ----------
    pictures : ndarray of uint8, shape (n, SIDE_PX, SIDE_PX, 3)
    cells : ndarray of int32, shape (n, 9, 4)
        Shape, color, size and ordinal of each cell's object; 0 is nothing there.
    boxes : ndarray of float32, shape (n, 9, 4)
        Left, top, right and bottom of each cell's object, in parts of the cell.
    whole : ndarray of int32, shape (n, 3)
        Background, number of objects, and whether it is a scene (0) or not (1).
    letters : ndarray of int32, shape (n, 3, 8)
        What is written in each row of cells, letter by letter: places in `CHARACTERS` plus 1, and 0 for nothing.
    is_grid : ndarray of float32, shape (n,)
        1 where each third of the picture is a cell, so that this truth holds.
    groups : tuple of TextGroup
        Empty while only the eye learns.
    """

    pictures: np.ndarray
    cells: np.ndarray
    boxes: np.ndarray
    whole: np.ndarray
    letters: np.ndarray
    is_grid: np.ndarray
    groups: tuple[TextGroup, ...]


def truth_of(scene: scenes.Scene) -> tuple[np.ndarray, tuple[int, int]]:
    """Write a scene's truth as class numbers, by cell and as a whole."""
    cells = np.zeros((9, 4), np.int32)
    for ordinal, thing in enumerate(scene.things, start=1):
        cells[scenes.PLACES.index(thing.place)] = (
            scenes.SHAPES.index(thing.shape) + 1,
            scenes.COLORS.index(thing.color) + 1,
            scenes.SIZES.index(thing.size) + 1,
            ordinal,
        )
    return cells, (scenes.BACKGROUNDS.index(scene.background), len(scene.things))


def _boxes_of(scene: scenes.Scene) -> np.ndarray:
    boxes = np.zeros((9, 4), np.float32)
    for thing, box in zip(scene.things, scene.boxes(), strict=True):
        place = scenes.PLACES.index(thing.place)
        row, column = divmod(place, 3)
        boxes[place] = [3 * edge - start for edge, start in zip(box, (column, row, column, row), strict=True)]
    return boxes


def _seen(shown: picturing.Shown) -> tuple[tuple[np.ndarray, np.ndarray], tuple[int, int, int]]:
    """Classes and boxes by cell, and the truth about the whole; nothing by cell where the picture is not a grid."""
    if not shown.is_grid:
        return (np.zeros((9, 4), np.int32), np.zeros((9, 4), np.float32)), (0, 0, int(shown.kind == "elsewhere"))
    cells, whole = truth_of(shown.scene)
    return (cells, _boxes_of(shown.scene)), (*whole, 0)


def _letters_of(scene: scenes.Scene) -> np.ndarray:
    letters = np.zeros((3, _MOST_LETTERS), np.int32)
    if scene.lettering is not None:
        codes = [CHARACTERS.index(letter) + 1 for letter in scene.lettering.text]
        letters[scene.lettering.row, : len(codes)] = codes
    return letters


def balanced(losses: Mapping[str, float]) -> dict[str, float]:
    """Share of each task in the next batches: what is still wrong comes more often, up to twice as often.

    Parameters
    ----------
    losses : mapping of str to float
        Mean loss of an answer's token, by task; tasks may be missing.
    """
    usual = {**CAPTIONS, **SHARES}
    if not losses:
        return usual
    middle = sorted(losses.values())[len(losses) // 2]
    return {
        task: share * min(2.0, max(0.5, (losses.get(task, middle) / max(middle, 1e-6)) ** 0.5))
        for task, share in usual.items()
    }


def draw_batch(
    step: int,
    tokenizer: Any,
    *,
    pictures: int,
    texts: bool,
    rank: int = 0,
    shares: Mapping[str, float] | None = None,
) -> Batch:
    """Draw the batch of one step.

    Parameters
    ----------
    step : int
        The same step gives the same batch.
    tokenizer : tokenizers.Tokenizer
    pictures : int
    texts : bool
        Whether to ask questions about each picture, and for captions of many.
    rank : int, default 0
        Number of the training process; each learns from pictures of its own.
    shares : mapping of str to float, or None, default None
        How often each task is asked; `balanced` by default.

    Returns
    -------
    Batch
    """
    rng = random.Random(f"batch {step} {rank} {pictures} {texts}")
    kinds = _KINDS if texts else _EYE_KINDS
    world = [picturing.show(rng.choices(list(kinds), list(kinds.values()))[0], rng) for _ in range(pictures)]
    grids, wholes = zip(*map(_seen, world), strict=True)
    return Batch(
        pictures=np.stack([blueprint.pixels(shown.image) for shown in world]),
        cells=np.stack([cells for cells, _ in grids]),
        boxes=np.stack([boxes for _, boxes in grids]),
        whole=np.array(wholes, np.int32),
        letters=np.stack([_letters_of(shown.scene) for shown in world]),
        is_grid=np.array([shown.is_grid for shown in world], np.float32),
        groups=_groups(world, tokenizer, rng, shares or balanced({})) if texts else (),
    )


def _groups(
    world: list[picturing.Shown], tokenizer: Any, rng: random.Random, shares: Mapping[str, float]
) -> tuple[TextGroup, ...]:
    rows = []
    for number, shown in enumerate(world):
        for task in _tasks(shown, rng, shares):
            question = picturing.ask(shown, task, rng)
            ids, start = blueprint.chat_ids(
                tokenizer, question.prompt, question.answer, spelled=task == "read" and shown.kind == "lettered"
            )
            rows.append(_Row(number=number, ids=ids, start=start, task=TASKS.index(task), about=question.about))
    rows.sort(key=lambda row: len(row.ids))
    cuts = [round(part * len(rows) / _GROUPS) for part in range(_GROUPS + 1)]
    return tuple(_group(rows[begin:end]) for begin, end in pairwise(cuts))


def _tasks(shown: picturing.Shown, rng: random.Random, shares: Mapping[str, float]) -> list[str]:
    possible = set(picturing.tasks_of(shown))
    asked = [task for task in SHARES if task in possible]
    tasks = rng.choices(asked, [shares[task] for task in asked], k=QUESTIONS_EACH)
    if shown.kind == "lettered":
        tasks[0] = "read"
    if rng.random() < CAPTION_SHARE:
        tasks += rng.choices(list(CAPTIONS), [shares[task] for task in CAPTIONS])
    return tasks


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    number: int
    ids: list[int]
    start: int
    task: int
    about: tuple[scenes.Thing, ...] | None


def _group(rows: list[_Row]) -> TextGroup:
    length = -(-max(len(row.ids) for row in rows) // _STEP) * _STEP
    table = np.zeros((len(rows), length), np.int32)
    positions, targets, weights, tasks = [], [], [], []
    cells: list[int] = []
    fits: list[int] = []
    for line, row in enumerate(rows):
        table[line, : len(row.ids)] = row.ids
        answer = row.ids[row.start :]
        positions += [line * length + column for column in range(row.start - 1, len(row.ids) - 1)]
        targets += answer
        weights += [len(answer) ** -0.75] * len(answer)
        tasks += [row.task] * len(answer)
        if row.about is not None:
            first = line * length + row.ids.index(blueprint.IMAGE)
            places = {thing.place for thing in row.about}
            cells += range(first, first + blueprint.IMAGE_TOKENS)
            fits += [int(place in places) for place in scenes.PLACES]
    return TextGroup(
        ids=table,
        picture=np.array([row.number for row in rows], np.int32),
        positions=np.array(positions, np.int32),
        targets=np.array(targets, np.int32),
        weights=np.array(weights, np.float32),
        tasks=np.array(tasks, np.int32),
        cells=np.array(cells, np.int32),
        fits=np.array(fits, np.int32),
    )


def draw_ahead(
    first_step: int,
    last_step: int,
    tokenizer_file: Path,
    *,
    pictures: int,
    texts: bool,
    rank: int = 0,
    shares: Mapping[str, float] | None = None,
) -> Iterator[Batch]:
    """Yield the batches of steps `first_step` to `last_step` - 1, drawn in a second process.

    Parameters
    ----------
    first_step, last_step : int
    tokenizer_file : Path
        ``tokenizer.json``.
    pictures : int
        Per batch.
    texts : bool
    rank : int, default 0
    shares : mapping of str to float, or None, default None
    """
    # A forked child would inherit MLX's dead threads; a spawned one starts clean.
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue(maxsize=8)
    arguments = (queue, range(first_step, last_step), str(tokenizer_file), pictures, texts, rank, shares)
    artist = context.Process(target=_draw_into, args=arguments, daemon=True)
    artist.start()
    try:
        for _ in range(first_step, last_step):
            yield queue.get()
    finally:
        artist.terminate()


def _draw_into(
    queue: Any,
    steps: range,
    tokenizer_file: str,
    pictures: int,
    texts: bool,
    rank: int,
    shares: Mapping[str, float] | None,
) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_file)
    for step in steps:
        batch = draw_batch(step, tokenizer, pictures=pictures, texts=texts, rank=rank, shares=shares)
        while not _put(queue, batch):
            trainer = multiprocessing.parent_process()
            if trainer is None or not trainer.is_alive():
                os._exit(1)  # killed without a goodbye; the queue's own thread would wait for a reader for ever


def _put(queue: Any, batch: Batch) -> bool:
    try:
        queue.put(batch, timeout=5)
    except Full:
        return False
    return True
