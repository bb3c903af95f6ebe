"""Batches are a pure function of the step, and their targets are the answers."""

import numpy as np
import pytest

from vlmkit.tiny import batches, blueprint, scenes


@pytest.fixture(scope="module")
def tokenizer():
    return blueprint.train_tokenizer(500)


def test_same_step_same_batch_and_ranks_differ(tokenizer):
    """Training can be resumed and shared without keeping any state of the artist."""
    one, same, other = (batches.draw_batch(5, tokenizer, pictures=2, texts=True, rank=rank) for rank in (0, 0, 1))
    assert np.array_equal(one.pictures, same.pictures)
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(one.groups, same.groups, strict=True))
    assert not np.array_equal(one.cells, other.cells)


def test_targets_are_the_tokens_after_their_positions(tokenizer):
    """Each learned position predicts the next token of its own row."""
    batch = batches.draw_batch(9, tokenizer, pictures=4, texts=True)
    assert 24 <= sum(len(group.ids) for group in batch.groups) <= 28
    for group in batch.groups:
        flat = group.ids.reshape(-1)
        assert np.array_equal(flat[group.positions + 1], group.targets)
        assert (group.targets == blueprint.END).sum() == len(group.ids)


def test_letters_and_boxes_are_those_of_the_pictures(tokenizer):
    """The eye learns to read a row letter by letter, and where in its cell an object lies."""
    batch = batches.draw_batch(4, tokenizer, pictures=24, texts=False)
    occupied = batch.cells[:, :, 0] > 0
    assert ((batch.boxes[..., 2] > batch.boxes[..., 0]) == occupied).all()
    assert batch.boxes[occupied].min() > -0.1
    assert batch.boxes[occupied].max() < 1.1
    written = batch.letters[:, :, 0] > 0
    assert 0 < written.sum() < 24
    rows = occupied.reshape(24, 3, 3).any(axis=2)
    assert not (written & rows).any()


def test_what_a_picture_reads_is_learned_letter_by_letter(tokenizer):
    """Merged tokens would hide the letters; the text is the same."""
    ids, start = blueprint.chat_ids(tokenizer, "Read it.", "Taxi", spelled=True)
    assert len(ids[start:]) == 5
    assert tokenizer.decode(ids[start:-1]) == "Taxi"


def test_what_is_still_wrong_is_asked_more_often():
    """Up to twice as often; without losses nothing changes."""
    usual = batches.balanced({})
    assert set(usual) == set(batches.TASKS)
    lately = dict.fromkeys(batches.TASKS, 0.1) | {"box": 0.4, "count": 0.0001}
    shares = batches.balanced(lately)
    assert shares["box"] == pytest.approx(2 * usual["box"])
    assert shares["count"] == pytest.approx(usual["count"] / 2)
    assert shares["place"] == usual["place"]


def test_truth_by_cell():
    """Class numbers name the object of the cell; zero is nothing there."""
    scene = scenes.make(3)
    cells, (background, count) = batches.truth_of(scene)
    assert scenes.BACKGROUNDS[background] == scene.background
    assert count == len(scene.things) == (cells[:, 0] > 0).sum()
    thing = scene.things[-1]
    shape, color, size, ordinal = cells[scenes.PLACES.index(thing.place)]
    assert (scenes.SHAPES[shape - 1], scenes.COLORS[color - 1], scenes.SIZES[size - 1]) == (
        thing.shape,
        thing.color,
        thing.size,
    )
    assert ordinal == len(scene.things)


def test_the_second_process_draws_the_same(tokenizer, tmp_path):
    """What the artist sends is what `draw_batch` gives here."""
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    drawn = list(batches.draw_ahead(2, 4, tmp_path / "tokenizer.json", pictures=2, texts=False))
    assert len(drawn) == 2
    assert np.array_equal(drawn[1].pictures, batches.draw_batch(3, tokenizer, pictures=2, texts=False).pictures)
