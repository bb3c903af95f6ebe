"""What makes a scene hard to see: blur, few pixels, noise, haze, and something that hides half of an object.

The truth stays what it was. A model that is shown many spoiled scenes and their truth learns how often each answer is
right where nobody can see it: its probabilities become honest.
"""

from __future__ import annotations

import random
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vlmkit.tiny.scenes import Box

__all__ = ["Harm", "spoil"]

Harm = Literal["blur", "few pixels", "noise", "haze", "hidden"]


def spoil(image: Image.Image, harm: Harm, strength: float, boxes: list[Box], rng: random.Random) -> Image.Image:
    """Make a picture harder to see.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    harm : {"blur", "few pixels", "noise", "haze", "hidden"}
    strength : float
        0 can hardly be noticed, at 1 next to nothing is left to see.
    boxes : list of Box
        Of the objects; one of them is hidden. Without any, nothing is.
    rng : random.Random

    Returns
    -------
    PIL.Image.Image
        Of the same size.

    Raises
    ------
    ValueError
        No such harm.
    """
    if harm not in get_args(Harm):
        raise ValueError(f"no harm {harm!r}; choose one of {', '.join(get_args(Harm))}")
    shorter = min(image.size)
    if harm == "blur":
        return image.filter(ImageFilter.GaussianBlur(shorter * (0.004 + 0.12 * strength**2)))
    if harm == "few pixels":
        side = round(48 * (1 - strength) ** 2 + 3)
        few = image.resize((side, side), Image.Resampling.BOX)
        return few.resize(image.size, rng.choice((Image.Resampling.NEAREST, Image.Resampling.BICUBIC)))
    if harm == "noise":
        return _add_noise(image, 8 + 240 * strength**2, rng)
    if harm == "haze":
        level = rng.randrange(256)
        return Image.blend(image, Image.new("RGB", image.size, (level, level, level)), 0.2 + 0.79 * strength**0.7)
    return _hide(image, strength, boxes, rng)


def _add_noise(image: Image.Image, deviation: float, rng: random.Random) -> Image.Image:
    dice = np.random.default_rng(rng.randrange(2**32))
    noise = dice.normal(0, deviation, (image.height, image.width, 3 if rng.random() < 0.5 else 1))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _hide(image: Image.Image, strength: float, boxes: list[Box], rng: random.Random) -> Image.Image:
    """Lay a striped board over a part of one object."""
    if not boxes:
        return image
    left, top, right, bottom = rng.choice(boxes)
    share = 0.2 + 0.75 * strength
    margin = 0.02
    side = rng.randrange(4)
    if side % 2 == 0:
        cut = (right - left) * share
        left, right = (left - margin, left + cut) if side == 0 else (right - cut, right + margin)
        top, bottom = top - margin, bottom + margin
    else:
        cut = (bottom - top) * share
        top, bottom = (top - margin, top + cut) if side == 1 else (bottom - cut, bottom + margin)
        left, right = left - margin, right + margin
    hidden = image.copy()
    pen = ImageDraw.Draw(hidden)
    area = [left * image.width, top * image.height, right * image.width, bottom * image.height]
    pen.rectangle(area, fill=(96, 104, 112))
    step = max(2, min(image.size) // 40)
    for y in range(int(area[1]), int(area[3]), 2 * step):
        pen.rectangle((area[0], y, area[2], min(y + step - 1, area[3])), fill=(150, 158, 166))
    return hidden
