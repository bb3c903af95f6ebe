"""Answers that say a place are judged by where it is, all others by the letter."""

import json
import random

import pytest

from vlmkit.tiny import picturing, scenes, scoring

SHOWN = picturing.show("scene", random.Random(1), seed=8)
BOXES = [scenes.thousandths(box) for box in SHOWN.scene.boxes()]


def test_overlap_is_intersection_over_union():
    """Equal, half, none, and boxes that are none."""
    assert scoring.overlap([0, 0, 10, 10], [0, 0, 10, 10]) == 1
    assert scoring.overlap([0, 0, 10, 10], [5, 0, 15, 10]) == pytest.approx(1 / 3)
    assert scoring.overlap([0, 0, 10, 10], [20, 0, 30, 10]) == 0
    assert scoring.overlap([10, 10, 0, 0], [0, 0, 10, 10]) == 0
    assert scoring.overlap_of("somewhere", "[0, 0, 1, 1]") == 0


def test_a_box_may_be_a_little_off():
    """By a fifth of the union, not more."""
    left, top, right, bottom = BOXES[0]
    truth = json.dumps(BOXES[0])
    assert scoring.is_right("box", json.dumps([left + 4, top, right, bottom]), truth, SHOWN)
    assert not scoring.is_right("box", json.dumps([left + 90, top, right, bottom]), truth, SHOWN)
    assert not scoring.is_right("box", "[1, 2]", truth, SHOWN)


def test_a_point_must_lie_on_the_object():
    """Beside it, on another object, or as text it is wrong."""
    middle = scenes.middle_of(SHOWN.scene.boxes()[0])
    truth = json.dumps(middle)
    assert scoring.is_right("point", truth, truth, SHOWN)
    assert not scoring.is_right("point", json.dumps([BOXES[0][0] - 8, middle[1]]), truth, SHOWN)
    assert not scoring.is_right("point", "there", truth, SHOWN)


def test_lists_need_every_object_with_its_label():
    """In reading order, none too many."""
    things, boxes = SHOWN.scene.things, SHOWN.scene.boxes()
    for task, write in (("boxes", scenes.box_list), ("points", scenes.point_list)):
        truth = write(things, boxes)
        assert scoring.is_right(task, truth, truth, SHOWN)
        assert not scoring.is_right(task, write(things[1:], boxes[1:]), truth, SHOWN)
        assert not scoring.is_right(task, truth.replace(things[0].color, "gray"), truth, SHOWN)
        assert not scoring.is_right(task, "[1]", truth, SHOWN)


def test_all_else_is_judged_by_the_letter():
    """Numbers and words."""
    assert scoring.is_right("count", "3", "3", SHOWN)
    assert not scoring.is_right("color", "Red", "red", SHOWN)


def test_calibration_error():
    """Sure and right is perfect; sure and half right is half off."""
    assert scoring.calibration_error([1.0, 1.0], [True, True]) == 0
    assert scoring.calibration_error([1.0, 1.0], [True, False]) == pytest.approx(0.5)
    assert scoring.calibration_error([0.75, 0.75, 0.75, 0.75], [True, True, True, False]) == pytest.approx(0)
    assert scoring.calibration_error([], []) == 0
