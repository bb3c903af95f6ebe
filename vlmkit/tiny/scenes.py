"""The world `tiny` knows: a plain background and one to five coloured shapes, each in its own cell of a 3 x 3 grid.

A scene is a plain record and a pure function of its seed: the same seed gives the same truth and the same pixels with
the same Pillow. Objects are listed in reading order (row by row), which makes every caption unambiguous.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from PIL import Image, ImageDraw

from vlmkit.sources import COLORS as _RGB
from vlmkit.sources import OUTLINES, PLACES, SHAPES
from vlmkit.tiny.lettering import Lettering, ink_for

__all__ = [
    "BACKGROUNDS",
    "COLORS",
    "PLACES",
    "SCALE",
    "SHAPES",
    "SIZES",
    "Box",
    "Scene",
    "Style",
    "Thing",
    "box_list",
    "color_of",
    "crop",
    "make",
    "middle_of",
    "point_list",
    "thousandths",
]

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in parts of the picture's width and height: 0 to 1."""

Style = Literal["brief", "detailed", "technical"]

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES = ("small", "large")
BACKGROUNDS = ("white", "gray", "black", "brown", "pink")
_ASPECTS = ((1, 1), (1, 1), (4, 3), (3, 4), (5, 4), (4, 5))
_RADIUS = {"small": (0.28, 0.31), "large": (0.41, 0.44)}  # in parts of the shorter cell side
_NUMBERS = ("no", "one", "two", "three", "four", "five")
_OVERSAMPLING = 2
_EMPTY = {
    "brief": "Nothing on a {} background.",
    "detailed": "A {} background with no objects.",
    "technical": "Background {}; objects 0.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """One object of a scene.

    Attributes
    ----------
    shape, color, size, place : str
        One of `SHAPES`, `COLORS`, `SIZES`, `PLACES`.
    """

    shape: str
    color: str
    size: str
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """The truth about one picture.

    Attributes
    ----------
    seed : int
        Everything else follows from it, the drawing's jitter included.
    background : str
        One of `BACKGROUNDS`.
    things : tuple of Thing
        One to five, in reading order, no two in one place.
        None at all in a crop of an empty cell.
    width, height : int
        Canvas in pixels.
    lettering : Lettering or None, default None
        What is written over the scene, in a row of cells without objects.
    cut_from : tuple of Scene and Box, or None, default None
        The scene that this one is a crop of, and which part of it.
    """

    seed: int
    background: str
    things: tuple[Thing, ...]
    width: int
    height: int
    lettering: Lettering | None = None
    cut_from: tuple[Scene, Box] | None = None

    def draw(self) -> Image.Image:
        """Draw the scene: jittered colours, places, sizes and angles, antialiased, sometimes with JPEG artefacts.

        Returns
        -------
        PIL.Image.Image
            RGB, `width` x `height` pixels.
        """
        if self.cut_from is not None:
            whole, (left, top, right, bottom) = self.cut_from
            edges = (left * whole.width, top * whole.height, right * whole.width, bottom * whole.height)
            return whole.draw().crop(tuple(round(edge) for edge in edges))  # type: ignore[arg-type]
        rng = random.Random(f"draw {self.seed}")
        canvas = (self.width * _OVERSAMPLING, self.height * _OVERSAMPLING)
        image = Image.new("RGB", canvas, _tint(self.background, rng))
        pen = ImageDraw.Draw(image)
        for thing in self.things:
            _lay_out(thing, (image.width / 3, image.height / 3), rng).draw(pen)
        if self.lettering is not None:
            self.lettering.draw(pen, canvas, ink_for(_RGB[self.background]))
        image = image.resize((self.width, self.height), Image.Resampling.BOX)
        if rng.random() < 0.5:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=rng.randint(40, 95))
            image = Image.open(file).convert("RGB")
        return image

    def boxes(self) -> list[Box]:
        """Say where each object is drawn: the smallest upright box around it, in the order of `things`."""
        if self.cut_from is not None:
            whole, (left, top, right, bottom) = self.cut_from
            inside = [box for box in whole.boxes() if left < (box[0] + box[2]) / 2 < right
                      and top < (box[1] + box[3]) / 2 < bottom]  # fmt: skip
            wide, high = right - left, bottom - top
            return [((x1 - left) / wide, (y1 - top) / high, (x2 - left) / wide, (y2 - top) / high)
                    for x1, y1, x2, y2 in inside]  # fmt: skip
        rng = random.Random(f"draw {self.seed}")
        width, height = self.width * _OVERSAMPLING, self.height * _OVERSAMPLING
        _tint(self.background, rng)  # the drawing's dice, thrown in the same order
        drawn = [_lay_out(thing, (width / 3, height / 3), rng) for thing in self.things]
        return [(x1 / width, y1 / height, x2 / width, y2 / height) for x1, y1, x2, y2 in (d.extent() for d in drawn)]

    def caption(self, style: Style = "brief") -> str:
        """Describe the scene in one of three styles.

        Parameters
        ----------
        style : {"brief", "detailed", "technical"}, default "brief"

        Raises
        ------
        ValueError
            If the style is not one of the three.
        """
        if style not in get_args(Style):
            raise ValueError(f"no caption style {style!r}; choose one of {', '.join(get_args(Style))}")
        if not self.things:
            return _EMPTY[style].format(self.background)
        if style == "brief":
            listing = _join([f"a {thing.color} {thing.shape}" for thing in self.things])
            return f"{_articles(listing).capitalize()} on a {self.background} background."
        if style == "detailed":
            listing = _join([f"a {t.size} {t.color} {t.shape} at the {t.place}" for t in self.things])
            noun = "object" if len(self.things) == 1 else "objects"
            return f"A {self.background} background with {_NUMBERS[len(self.things)]} {noun}: {listing}."
        lines = "; ".join(f"{t.shape}, {t.color}, {t.size}, {t.place}" for t in self.things)
        return f"Background {self.background}; objects {len(self.things)}; {lines}."


def make(seed: int, *, max_things: int = 5) -> Scene:
    """Invent the scene of a seed.

    Parameters
    ----------
    seed : int
    max_things : int, default 5
        Upper bound of objects, 1 to 9; training begins with fewer.

    Returns
    -------
    Scene
    """
    rng = random.Random(f"scene {seed}")
    background = rng.choice(BACKGROUNDS)
    colors = [color for color in COLORS if color != background]
    cells = sorted(rng.sample(range(9), rng.randint(1, max_things)))
    things = tuple(
        Thing(shape=rng.choice(SHAPES), color=rng.choice(colors), size=rng.choice(SIZES), place=PLACES[cell])
        for cell in cells
    )
    across, down = rng.choice(_ASPECTS)
    longest = rng.randint(112, 256)
    unit = longest / max(across, down)
    return Scene(seed=seed, background=background, things=things, width=round(across * unit), height=round(down * unit))


def crop(scene: Scene, place: str, rng: random.Random) -> Scene:
    """Cut one cell out of a scene, a little wider or narrower: what a closer look at a place shows.

    Parameters
    ----------
    scene : Scene
    place : str
        One of `PLACES`; the object there, if any, is at the center of the crop.
    rng : random.Random
        Decides about the edges.
    """
    row, column = divmod(PLACES.index(place), 3)
    loose = [rng.uniform(-0.01, 0.01) for _ in range(4)]  # objects keep a distance of 0.013 to their cell's border
    left, right = (round(edge * scene.width) for edge in (column / 3 - loose[0], (column + 1) / 3 + loose[1]))
    top, bottom = (round(edge * scene.height) for edge in (row / 3 - loose[2], (row + 1) / 3 + loose[3]))
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, scene.width), min(bottom, scene.height)
    return Scene(
        seed=scene.seed,
        background=scene.background,
        things=tuple(dataclasses.replace(thing, place="center") for thing in scene.things if thing.place == place),
        width=right - left,
        height=bottom - top,
        cut_from=(scene, (left / scene.width, top / scene.height, right / scene.width, bottom / scene.height)),
    )


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _articles(text: str) -> str:
    return text.replace("a orange", "an orange")


def color_of(name: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, that a color is drawn in before it is tinted."""
    return _RGB[name]


def _tint(color: str, rng: random.Random) -> tuple[int, int, int]:
    shift = rng.randint(-8, 8)
    red, green, blue = (min(255, max(0, part + shift + rng.randint(-8, 8))) for part in _RGB[color])
    return red, green, blue


@dataclass(frozen=True, kw_only=True, slots=True)
class _Drawn:
    """An object as it lies on the canvas, in pixels of the enlarged drawing."""

    corners: tuple[tuple[float, float], ...]  # none: a circle
    center: tuple[float, float]
    radius: float
    fill: tuple[int, int, int]

    def draw(self, pen: ImageDraw.ImageDraw) -> None:
        if self.corners:
            pen.polygon(list(self.corners), fill=self.fill)
        else:
            (x, y), radius = self.center, self.radius
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=self.fill)

    def extent(self) -> Box:
        (x, y), radius = self.center, self.radius
        points = self.corners or ((x - radius, y - radius), (x + radius, y + radius))
        across, down = [point[0] for point in points], [point[1] for point in points]
        return min(across), min(down), max(across) + 1, max(down) + 1  # Pillow paints the last pixel, too


def _lay_out(thing: Thing, cell: tuple[float, float], rng: random.Random) -> _Drawn:
    row, column = divmod(PLACES.index(thing.place), 3)
    shorter = min(cell)
    radius = rng.uniform(*_RADIUS[thing.size]) * shorter
    room_x, room_y = cell[0] / 2 - radius - 0.04 * shorter, cell[1] / 2 - radius - 0.04 * shorter
    slack = 0.1 * shorter  # a place shall never be a matter of opinion
    x = (column + 0.5) * cell[0] + rng.uniform(-1, 1) * min(room_x, slack)
    y = (row + 0.5) * cell[1] + rng.uniform(-1, 1) * min(room_y, slack)
    fill = _tint(thing.color, rng)
    angle = math.radians(rng.uniform(-15, 15))
    outline = () if thing.shape == "circle" else OUTLINES[thing.shape]
    corners = tuple(_turn(x, y, radius, angle, point) for point in outline)
    return _Drawn(corners=corners, center=(x, y), radius=radius, fill=fill)


def _turn(x: float, y: float, radius: float, angle: float, point: tuple[float, float]) -> tuple[float, float]:
    right, down = point[0] * radius, point[1] * radius
    return (
        x + right * math.cos(angle) - down * math.sin(angle),
        y + right * math.sin(angle) + down * math.cos(angle),
    )


SCALE = 1000
"""Places are written in thousandths of a picture's width and height."""


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
