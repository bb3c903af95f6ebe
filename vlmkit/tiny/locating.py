"""Where things are: boxes and points, in thousandths of a picture's width and height."""

from __future__ import annotations

import json
from collections.abc import Sequence

from vlmkit.tiny.scenes import Box, Thing

__all__ = ["SCALE", "box_list", "middle_of", "point_list", "thousandths"]

SCALE = 1000


def thousandths(box: Box) -> list[int]:
    """Write a box as `[left, top, right, bottom]`, whole numbers from 0 to 1000."""
    return [min(SCALE, max(0, round(edge * SCALE))) for edge in box]


def middle_of(box: Box) -> list[int]:
    """Write the middle of a box as `[x, y]`; every shape of this world has its middle inside."""
    return [round((box[0] + box[2]) / 2 * SCALE), round((box[1] + box[3]) / 2 * SCALE)]


def box_list(things: Sequence[Thing], boxes: Sequence[Box]) -> str:
    """Write the boxes of things as a JSON list of objects with ``bbox_2d`` and ``label``; empty for none."""
    found = zip(things, boxes, strict=True)
    return json.dumps([{"bbox_2d": thousandths(box), "label": f"{thing.color} {thing.shape}"} for thing, box in found])


def point_list(things: Sequence[Thing], boxes: Sequence[Box]) -> str:
    """Write the middles of things as a JSON list of objects with ``point_2d`` and ``label``; empty for none."""
    found = zip(things, boxes, strict=True)
    return json.dumps([{"point_2d": middle_of(box), "label": f"{thing.color} {thing.shape}"} for thing, box in found])
