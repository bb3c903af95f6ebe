"""When an answer is right: to the letter, or near enough where it says a place in numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vlmkit.tiny import scenes
from vlmkit.tiny.scenes import SCALE

if TYPE_CHECKING:
    from vlmkit.tiny.picturing import Shown

__all__ = ["calibration_error", "is_right", "overlap", "overlap_of"]

_ENOUGH = 0.8
_NEAR = 48  # levels of a color that drawing, JPEG and smoothed edges may change


def is_right(task: str, said: str, truth: str, shown: Shown) -> bool:
    """Whether an answer is right.

    Parameters
    ----------
    task : str
    said, truth : str
    shown : Shown
        The picture; points are looked up in its drawing.
    """
    if task == "box":
        return overlap_of(said, truth) >= _ENOUGH
    if task in {"boxes", "points"}:
        return _same_list(task, said, truth, shown)
    if task == "point":
        return _is_on_something(_read(said), _read(truth), shown)
    return said == truth


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes `[left, top, right, bottom]`; 0 where one is none."""
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if min(areas) <= 0 or min(wide, high) <= 0:
        return 0.0
    return wide * high / (areas[0] + areas[1] - wide * high)


def overlap_of(said: str, truth: str) -> float:
    """Intersection over union of two written boxes; 0 where the first is not written as one."""
    box = _read(said)
    return overlap(box, _read(truth)) if _is_numbers(box, 4) else 0.0


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(isinstance(each, int | float) for each in value)


def _same_list(task: str, said: str, truth: str, shown: Shown) -> bool:
    """As many as there are, in their order, each with its label and in its place."""
    found, wanted = _read(said), _read(truth)
    if not isinstance(found, list) or len(found) != len(wanted):
        return False
    key, size = ("bbox_2d", 4) if task == "boxes" else ("point_2d", 2)
    for each, true in zip(found, wanted, strict=True):
        if not isinstance(each, dict) or each.get("label") != true["label"] or not _is_numbers(each.get(key), size):
            return False
        near = overlap(each[key], true[key]) >= _ENOUGH if size == 4 else _is_on_something(each[key], true[key], shown)
        if not near:
            return False
    return True


def _is_on_something(point: Any, middle: Sequence[float], shown: Shown) -> bool:
    """Whether a point lies on the object around a true middle: in its box, and not on the background."""
    if not _is_numbers(point, 2):
        return False
    x, y = (value / SCALE for value in middle)
    boxes = shown.scene.boxes()
    # The middle was rounded; the box that it is nearest to the middle of is the object's.
    box = min(boxes, key=lambda b: abs((b[0] + b[2]) / 2 - x) + abs((b[1] + b[3]) / 2 - y))
    across, down = point[0] / SCALE, point[1] / SCALE
    if not (box[0] <= across <= box[2] and box[1] <= down <= box[3]):
        return False
    drawing = np.asarray(shown.scene.draw()).astype(int)
    height, width, _ = drawing.shape
    pixel = drawing[min(height - 1, int(down * height)), min(width - 1, int(across * width))]
    thing = shown.scene.things[boxes.index(box)]
    return bool(np.abs(pixel - scenes.color_of(thing.color)).max() <= _NEAR)


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: mean distance of accuracy from confidence, over bins of equal width.

    Parameters
    ----------
    confidences : sequence of float
        0 to 1.
    right : sequence of bool
    bins : int, default 10

    Returns
    -------
    float
        0 to 1; 0 for no answers.
    """
    sure, hits = np.asarray(confidences, float), np.asarray(right, float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[place == each].sum() - hits[place == each].sum()) for each in range(bins)]
    return float(sum(gaps) / max(1, len(sure)))
