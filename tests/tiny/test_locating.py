"""Boxes and points as they are written."""

import json

from vlmkit.tiny import locating, scenes

THING = scenes.Thing(shape="star", color="red", size="small", place="center")
BOX = (0.25, 0.3336, 0.5, 1.0002)


def test_edges_are_thousandths_within_the_picture():
    """Rounded and clipped."""
    assert locating.thousandths(BOX) == [250, 334, 500, 1000]
    assert locating.middle_of(BOX) == [375, 667]


def test_lists_are_json_with_labels():
    """The keys are those that most models use."""
    assert json.loads(locating.box_list([THING], [BOX])) == [{"bbox_2d": [250, 334, 500, 1000], "label": "red star"}]
    assert json.loads(locating.point_list([THING], [BOX])) == [{"point_2d": [375, 667], "label": "red star"}]
    assert locating.box_list([], []) == "[]"
