"""Questions on their way to the window."""

import threading
from contextlib import suppress
from queue import Empty, SimpleQueue

from vlmkit.errors import UnreadableImage
from vlmkit.runner import intake as module
from vlmkit.runner.intake import Intake
from vlmkit.store import open_store


def test_rows_become_ready_in_threads_and_are_taken_in_order(questions, plan):
    """With what they are asked, or why they cannot be."""
    taken = SimpleQueue()
    intake = Intake(questions(3, bad={1}), plan(workers=3), None, taken.put)
    intake.read(3, 0)
    assert len(intake) == 3
    for _ in range(3):
        content = taken.get(timeout=30)
        assert content[3] >= 0
        assert intake.hold(content).is_ready
        intake.read(3, 0)
    rows = []
    while (row := intake.ready) is not None:
        assert intake.take() is row
        rows.append(row)
    assert [row.index for row in rows] == [0, 1, 2]
    assert [row.needs_asking for row in rows] == [True, False, True]
    assert isinstance(rows[1].fault, UnreadableImage)
    intake.close()


def test_no_more_is_read_than_is_needed(questions, plan):
    """As many as may be in flight, and as many as are decoded at a time."""
    made = plan(workers=2)
    intake = Intake(questions(50), made, None, lambda _taken: None)
    for _ in range(5):
        intake.read(2, 0)
    assert len(intake) == 2 + made.decoders
    intake.clear()
    assert len(intake) == 0
    intake.close()


def test_a_row_for_another_model_is_prepared_again(questions, plan, backend):
    """For the level that it has then."""
    taken = SimpleQueue()
    made = plan(backend(longest_side_px=32), fallbacks=[backend(longest_side_px=16)], workers=1)
    intake = Intake(questions(1), made, None, taken.put)
    intake.read(1, 1)
    row, prepared, _, _ = taken.get(timeout=30)
    assert prepared.ask.pictures[0].width == 16
    intake.prepare_for(row, 0)
    assert taken.get(timeout=30)[1].ask.pictures[0].width == 32
    intake.close()


def test_what_the_store_knows_is_ready_at_once(questions, plan, tmp_path, photo):
    """Without any thread."""
    path = tmp_path / "p.jpg"
    path.write_bytes(photo)
    with open_store(tmp_path / "s.sqlite") as store:
        before = threading.active_count()
        intake = Intake(iter(()), plan(), store, lambda _taken: None)
        intake.read(4, 0)
        assert (intake.ready, threading.active_count()) == (None, before)


def test_pictures_are_opened_as_far_as_there_is_memory_for_them(questions, plan, monkeypatch):
    """Beyond it a row waits until one before it ended; one row always goes on, however large."""
    taken = SimpleQueue()
    intake = Intake(questions(20), plan(workers=8), None, taken.put)

    def prepared():
        intake.read(8, 0)
        return intake.hold(taken.get(timeout=30))

    first = prepared()
    monkeypatch.setattr(module, "_MOST_HELD_BYTES", 4 * first.held_bytes)
    rows = [first]
    with suppress(Empty):
        while True:
            intake.read(8, 0)
            rows.append(intake.hold(taken.get(timeout=0.5)))
    assert 4 <= len(rows) < 8
    for row in rows:
        intake.let_go(row)
    monkeypatch.setattr(module, "_MOST_HELD_BYTES", 1)
    assert prepared().held_bytes > 1
    intake.close()
