"""What the model is shown: sharp scenes mostly; crops, lettered and spoiled scenes; and pictures from elsewhere."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from vlmkit.tiny import elsewhere, questions, scenes
from vlmkit.tiny.lettering import Lettering, invent_text
from vlmkit.tiny.spoiling import Harm, spoil

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["KINDS", "NOT_A_SCENE", "Shown", "ask", "show", "tasks_of"]

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
