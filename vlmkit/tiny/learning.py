"""What is minimized while `tiny` learns: the losses of its answers, and of heads that read its image tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import numpy as np
from mlx import nn

from vlmkit.tiny import blueprint, forward, kernels, scenes
from vlmkit.tiny.batches import CHARACTERS, TASKS, Batch, TextGroup

__all__ = ["Learner", "Tally"]

_CELL_HEADS = (len(scenes.SHAPES) + 1, len(scenes.COLORS) + 1, len(scenes.SIZES) + 1, 6)
_WHOLE_HEADS = (len(scenes.BACKGROUNDS), 6, 2)
_LETTERS = 8
_BOX_WEIGHT = 4.0
_LETTERS_WEIGHT = 0.3
_KEEP = 0.98  # of a task's mean loss at each look


class Tally:
    """How often each task was asked since the last report, and its mean loss lately.

    Attributes
    ----------
    losses : dict of str to float
        By task: mean cross entropy of an answer's token, moving average over batches.
    """

    def __init__(self) -> None:
        self.losses: dict[str, float] = {}
        self._asked = dict.fromkeys(TASKS, 0)

    def add(self, tasks: np.ndarray, losses: np.ndarray, is_last: np.ndarray) -> None:
        """Count the answers of a group of rows, given the task and loss of each target and where answers end."""
        sums = np.bincount(tasks, losses, len(TASKS))
        counts = np.bincount(tasks, minlength=len(TASKS))
        asked = np.bincount(tasks[is_last], minlength=len(TASKS))
        for number in np.flatnonzero(counts):
            task, mean = TASKS[number], float(sums[number] / counts[number])
            self._asked[task] += int(asked[number])
            self.losses[task] = _KEEP * self.losses.get(task, mean) + (1 - _KEEP) * mean

    def report(self) -> tuple[dict[str, int], dict[str, float]]:
        """Answers by task since the last report, and mean losses lately."""
        asked = {task: count for task, count in self._asked.items() if count}
        self._asked = dict.fromkeys(TASKS, 0)
        return asked, {task: round(loss, 5) for task, loss in self.losses.items()}


class Learner(nn.Module):
    """The model and, while it learns, the heads that read its image tokens.

    Parameters
    ----------
    model : mlx_vlm.models.smolvlm.Model
    smoothing : float, default 0
        Share of each target token that is spread over all tokens.
    """

    def __init__(self, model: Any, smoothing: float = 0.0) -> None:
        super().__init__()
        width = blueprint.CONFIG["text_config"]["hidden_size"]
        self.model = model
        self.cell_head = nn.Linear(width, sum(_CELL_HEADS))
        self.box_head = nn.Linear(width, 4)
        self.whole_head = nn.Linear(width, sum(_WHOLE_HEADS))
        self.letters_head = nn.Linear(3 * width, _LETTERS * (len(CHARACTERS) + 1))
        self.fits_head = nn.Linear(width, 2)
        self.tally = Tally()
        self.smoothing = smoothing

    def losses(self, batch: Batch) -> tuple[mx.array, mx.array, mx.array]:
        """Return the loss to minimize, that of the heads and that of the texts."""
        features = forward.see(self.model, mx.array(batch.pictures).astype(mx.float32) / 127.5 - 1)
        heads = self._heads_loss(features, batch)
        if not batch.groups:
            return heads, heads, mx.array(0.0)
        total = sum(float(group.weights.sum()) for group in batch.groups)
        texts = mx.array(0.0)
        for group in batch.groups:
            texts = texts + self._text_loss(features, group)
        texts = texts / total
        return texts + 0.3 * heads, heads, texts

    def _heads_loss(self, features: mx.array, batch: Batch) -> mx.array:
        known = batch.is_grid / max(1.0, float(batch.is_grid.sum()))
        by_cell = np.repeat(known / 9, 9)
        cells = self.cell_head(features).reshape(len(by_cell), -1)
        loss = _split_loss(cells, batch.cells.reshape(-1, len(_CELL_HEADS)), _CELL_HEADS, [by_cell] * len(_CELL_HEADS))
        everywhere = np.full(len(known), 1 / len(known))
        whole = self.whole_head(features.mean(axis=1))
        loss = loss + 0.3 * _split_loss(whole, batch.whole, _WHOLE_HEADS, [known, known, everywhere])
        return loss + self._box_loss(features, batch) + self._letters_loss(features, batch)

    def _box_loss(self, features: mx.array, batch: Batch) -> mx.array:
        """Mean distance of each edge from where it is, in parts of a cell."""
        occupied = (batch.cells[:, :, 0] > 0).astype(np.float32)
        weights = mx.array(occupied[:, :, None] / max(1.0, 4 * float(occupied.sum())))
        loss: mx.array = (mx.abs(self.box_head(features) - mx.array(batch.boxes)) * weights).sum()
        return _BOX_WEIGHT * loss

    def _letters_loss(self, features: mx.array, batch: Batch) -> mx.array:
        """Cross entropy of each letter of each row of cells; rows with nothing in them count little."""
        count = features.shape[0]
        rows = self.letters_head(features.reshape(count * 3, -1)).reshape(count * 3 * _LETTERS, -1)
        written = (batch.letters[:, :, :1] > 0) * 1.0 + 0.03 * (batch.letters[:, :, :1] == 0)
        weights = np.broadcast_to(written * batch.is_grid[:, None, None], batch.letters.shape).reshape(-1)
        scale = _LETTERS * max(1.0, float((batch.letters[:, :, 0] > 0).sum()))
        targets = mx.array(batch.letters.reshape(-1))
        loss = kernels.cross_entropy(rows, targets, mx.array((weights / scale).astype(np.float32)))
        return _LETTERS_WEIGHT * loss

    def _text_loss(self, features: mx.array, group: TextGroup) -> mx.array:
        states, halfway = forward.read(self.model, mx.array(group.ids), features[mx.array(group.picture)])
        wanted = states.reshape(-1, states.shape[-1])[mx.array(group.positions)]
        logits = self.model.language_model.lm_head(wanted)
        loss = kernels.cross_entropy(logits, mx.array(group.targets), mx.array(group.weights), self.smoothing)
        self.tally.add(group.tasks, kernels.losses_of(logits, group.targets), group.targets == blueprint.END)
        if not len(group.fits):
            return loss
        # The question stands before the picture: half of the layers are enough to see which cells it is about.
        cells = self.fits_head(halfway.reshape(-1, halfway.shape[-1])[mx.array(group.cells)])
        even = mx.full((len(group.fits),), 0.2)
        fits = kernels.cross_entropy(cells, mx.array(group.fits), even)
        return loss + fits


def _split_loss(logits: mx.array, truth: Any, sizes: Sequence[int], weights: Sequence[np.ndarray]) -> mx.array:
    loss, begin = mx.array(0.0), 0
    for column, (size, weight) in enumerate(zip(sizes, weights, strict=True)):
        target, scale = mx.array(truth[:, column]), mx.array(weight.astype(np.float32))
        loss = loss + kernels.cross_entropy(logits[:, begin : begin + size], target, scale)
        begin += size
    return loss
