"""Training batches, drawn ahead of the trainer in a process of their own; a pure function of the step number."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from queue import Full
from typing import Any

import numpy as np

from vlmkit.tiny import blueprint, questions, scenes

__all__ = ["Batch", "TextGroup", "draw_ahead", "draw_batch", "truth_of"]

# How often each task is asked; what takes longer to learn comes more often.
CAPTIONS = {"brief": 3, "detailed": 4, "technical": 2}
_GROUPS = 6  # rows of similar length, so that little is spent on padding
CAPTION_SHARE = 0.5
QUESTIONS_EACH = 6
QUESTIONS = {
    "count": 5, "yes_no": 8, "color": 3, "shape": 3, "size": 2, "place": 4,
    "background": 0.5, "tags": 4, "json": 2, "form": 12, "self": 0.3,
}  # fmt: skip


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
    whole : ndarray of int32, shape (n, 2)
        Background and number of objects.
    groups : tuple of TextGroup
        Empty while only the eye learns.
    """

    pictures: np.ndarray
    cells: np.ndarray
    whole: np.ndarray
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


def draw_batch(step: int, tokenizer: Any, *, pictures: int, texts: bool, rank: int = 0) -> Batch:
    """Draw the batch of one step.

    Parameters
    ----------
    step : int
        The same step gives the same batch.
    tokenizer : tokenizers.Tokenizer
    pictures : int
    texts : bool
        Whether to ask questions about each picture, and for captions of most.
    rank : int, default 0
        Number of the training process; each learns from pictures of its own.

    Returns
    -------
    Batch
    """
    rng = random.Random(f"batch {step} {rank} {pictures} {texts}")
    world = [scenes.make(rng.randrange(10**12)) for _ in range(pictures)]
    truths = [truth_of(scene) for scene in world]
    return Batch(
        pictures=np.stack([blueprint.pixels(scene.draw()) for scene in world]),
        cells=np.stack([cells for cells, _ in truths]),
        whole=np.array([whole for _, whole in truths], np.int32),
        groups=_groups(world, tokenizer, rng) if texts else (),
    )


def _groups(world: list[scenes.Scene], tokenizer: Any, rng: random.Random) -> tuple[TextGroup, ...]:
    rows = []
    for number, scene in enumerate(world):
        tasks = rng.choices(list(QUESTIONS), list(QUESTIONS.values()), k=QUESTIONS_EACH)
        if rng.random() < CAPTION_SHARE:
            tasks += rng.choices(list(CAPTIONS), list(CAPTIONS.values()))
        for task in tasks:
            question = questions.invent(task, scene, rng)
            ids, start = blueprint.chat_ids(tokenizer, question.prompt, question.answer)
            rows.append(_Row(number=number, ids=ids, start=start, about=question.about))
    rows.sort(key=lambda row: len(row.ids))
    cuts = [round(part * len(rows) / _GROUPS) for part in range(_GROUPS + 1)]
    return tuple(_group(rows[begin:end]) for begin, end in pairwise(cuts))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    number: int
    ids: list[int]
    start: int
    about: tuple[scenes.Thing, ...] | None


def _group(rows: list[_Row]) -> TextGroup:
    length = max(len(row.ids) for row in rows)
    table = np.zeros((len(rows), length), np.int32)
    positions, targets, weights = [], [], []
    cells: list[int] = []
    fits: list[int] = []
    for line, row in enumerate(rows):
        table[line, : len(row.ids)] = row.ids
        answer = row.ids[row.start :]
        positions += [line * length + column for column in range(row.start - 1, len(row.ids) - 1)]
        targets += answer
        weights += [len(answer) ** -0.75] * len(answer)
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
        cells=np.array(cells, np.int32),
        fits=np.array(fits, np.int32),
    )


def draw_ahead(
    first_step: int, last_step: int, tokenizer_file: Path, *, pictures: int, texts: bool, rank: int = 0
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
    """
    # A forked child would inherit MLX's dead threads; a spawned one starts clean.
    context = multiprocessing.get_context("spawn")
    queue: Any = context.Queue(maxsize=8)
    arguments = (queue, first_step, last_step, str(tokenizer_file), pictures, texts, rank)
    artist = context.Process(target=_draw_into, args=arguments, daemon=True)
    artist.start()
    try:
        for _ in range(first_step, last_step):
            yield queue.get()
    finally:
        artist.terminate()


def _draw_into(queue: Any, first: int, last: int, tokenizer_file: str, pictures: int, texts: bool, rank: int) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_file)
    for step in range(first, last):
        batch = draw_batch(step, tokenizer, pictures=pictures, texts=texts, rank=rank)
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
