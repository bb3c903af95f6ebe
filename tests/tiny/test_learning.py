"""What is minimized: masks keep the heads from what they cannot know, and losses are kept by task."""

import dataclasses

import numpy as np
import pytest

mx = pytest.importorskip("mlx.core")

from vlmkit.tiny import batches, blueprint, forward, learning  # noqa: E402

pytestmark = pytest.mark.core_model


@pytest.fixture(scope="module")
def learner():
    mx.random.seed(0)
    return learning.Learner(forward.build())


@pytest.fixture(scope="module")
def batch():
    return batches.draw_batch(3, blueprint.train_tokenizer(500), pictures=6, texts=True)


def test_truth_by_cell_counts_only_where_there_are_cells(learner, batch):
    """For pictures that are not a grid, other class numbers change nothing; for the rest they do."""
    grid = dataclasses.replace(batch, is_grid=np.array([1, 1, 1, 1, 1, 0], np.float32))
    other = grid.cells.copy()
    other[5] = 1
    heads = learner.losses(grid)[1].item()
    assert learner.losses(dataclasses.replace(grid, cells=other, boxes=grid.boxes * 0))[1].item() != heads
    masked = dataclasses.replace(grid, cells=np.where(other > 0, other, 0))
    masked.cells[5, :, 0] = grid.cells[5, :, 0]  # boxes are counted where there is an object
    assert learner.losses(masked)[1].item() == pytest.approx(heads, abs=1e-4)


def test_every_task_of_a_batch_is_tallied(learner, batch):
    """As often as it was asked, with the mean loss of its tokens; a report begins a new count."""
    learner.tally = learning.Tally()
    learner.losses(batch)
    asked, losses = learner.tally.report()
    numbers = np.concatenate([group.tasks[group.targets == blueprint.END] for group in batch.groups])
    assert asked == {batches.TASKS[n]: int((numbers == n).sum()) for n in sorted(set(numbers))}
    # Untrained, every token is about as likely as every other.
    assert all(abs(loss - np.log(blueprint.VOCABULARY)) < 1.5 for loss in losses.values())
    assert learner.tally.report()[0] == {}
