"""What the model is shown: sharp scenes mostly; crops, lettered and spoiled scenes; and pictures from elsewhere."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vlmkit.tiny import elsewhere, questions, scenes
from vlmkit.tiny.lettering import Lettering, invent_text
from vlmkit.tiny.scenes import Box

__all__ = ["KINDS", "NOT_A_SCENE", "Harm", "Shown", "ask", "show", "spoil", "tasks_of"]

NOT_A_SCENE = "This is not one of my drawn scenes."
KINDS = ("scene", "lettered", "crop", "spoiled", "elsewhere")


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A picture and its truth.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    image : PIL.Image.Image
        RGB.
    scene : Scene
        What is drawn; of a picture from elsewhere, a scene that questions are invented from.
    """

    kind: str
    image: Image.Image
    scene: scenes.Scene

    @property
    def is_grid(self) -> bool:
        """Whether each third of the picture, across and down, is a cell of its scene."""
        return self.kind not in {"crop", "elsewhere"}


def show(kind: str, rng: random.Random, *, seed: int | None = None, max_things: int = 5) -> Shown:
    """Make a picture of a kind.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    rng : random.Random
    seed : int or None, default None
        Of the scene; drawn below 10**12 by default.
    max_things : int, default 5

    Raises
    ------
    ValueError
        No such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of picture {kind!r}; choose one of {', '.join(KINDS)}")
    scene = scenes.make(rng.randrange(10**12) if seed is None else seed, max_things=max_things)
    if kind == "elsewhere":
        return Shown(kind=kind, image=elsewhere.draw(rng.choice(list(elsewhere.KINDS)), rng), scene=scene)
    if kind == "lettered":
        scene = _lettered(scene, rng)
    elif kind == "crop":
        occupied = [thing.place for thing in scene.things]
        scene = scenes.crop(scene, rng.choice(occupied if rng.random() < 0.8 else scenes.PLACES), rng)
    image = scene.draw()
    if kind == "spoiled":
        image = spoil(image, rng.choice(get_args(Harm)), rng.random(), scene.boxes(), rng)
    return Shown(kind=kind, image=image, scene=scene)


def _lettered(scene: scenes.Scene, rng: random.Random) -> scenes.Scene:
    """Write something into a row of cells, which loses its things; at least one thing stays."""
    rows = [scenes.PLACES.index(thing.place) // 3 for thing in scene.things]
    row = rng.choice([number for number in range(3) if set(rows) != {number}])
    things = tuple(thing for thing, its_row in zip(scene.things, rows, strict=True) if its_row != row)
    lettering = Lettering(text=invent_text(rng), row=row, shift=rng.uniform(-1, 1))
    return dataclasses.replace(scene, things=things, lettering=lettering)


def tasks_of(shown: Shown) -> tuple[str, ...]:
    """Tasks that can be asked about a picture."""
    if shown.scene.things or shown.kind == "elsewhere":
        return tuple(questions.TASKS)
    return tuple(task for task in questions.TASKS if task not in questions.SINGLED_OUT)


def ask(shown: Shown, task: str, rng: random.Random, *, held_out: bool = False) -> questions.Question:
    """Invent a question about a picture; about one from elsewhere all answers about pictures are `NOT_A_SCENE`.

    Parameters
    ----------
    shown : Shown
    task : str
        A key of `vlmkit.tiny.questions.TASKS`.
    rng : random.Random
    held_out : bool, default False

    Raises
    ------
    KeyError
        No such task.
    """
    question = questions.invent(task, shown.scene, rng, held_out=held_out)
    if shown.kind == "elsewhere" and task not in {"self", "call", "result"}:
        return dataclasses.replace(question, answer=NOT_A_SCENE, about=None)
    return question if shown.is_grid else dataclasses.replace(question, about=None)


Harm = Literal["blur", "few pixels", "noise", "haze", "hidden"]


def spoil(image: Image.Image, harm: Harm, strength: float, boxes: list[Box], rng: random.Random) -> Image.Image:
    """Make a picture harder to see: blur, few pixels, noise, haze, or something that hides half of an object.

    The truth stays what it was. A model that is shown many spoiled scenes and their truth learns how often each answer
    is right where nobody can see it: its probabilities become honest.

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
