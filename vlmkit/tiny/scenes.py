"""The world `tiny` knows: a plain background and one to five coloured shapes, each in its own cell of a 3 x 3 grid.

A scene is a plain record and a pure function of its seed: the same seed gives the same truth and the same pixels with
the same Pillow. Objects are listed in reading order (row by row), which makes every caption unambiguous.
"""

from __future__ import annotations

import io
import math
import random
from dataclasses import dataclass
from typing import Literal, get_args

from PIL import Image, ImageDraw

from vlmkit.sources.drawing import COLORS as _RGB
from vlmkit.sources.drawing import OUTLINES, PLACES, SHAPES

__all__ = ["BACKGROUNDS", "COLORS", "PLACES", "SHAPES", "SIZES", "Scene", "Style", "Thing", "make"]

Style = Literal["brief", "detailed", "technical"]

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES = ("small", "large")
BACKGROUNDS = ("white", "gray", "black", "brown", "pink")
_ASPECTS = ((1, 1), (1, 1), (4, 3), (3, 4), (5, 4), (4, 5))
_RADIUS = {"small": (0.28, 0.31), "large": (0.41, 0.44)}  # in parts of the shorter cell side
_NUMBERS = ("no", "one", "two", "three", "four", "five")
_OVERSAMPLING = 2


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
    width, height : int
        Canvas in pixels.
    """

    seed: int
    background: str
    things: tuple[Thing, ...]
    width: int
    height: int

    def draw(self) -> Image.Image:
        """Draw the scene: jittered colours, places, sizes and angles, antialiased, sometimes with JPEG artefacts.

        Returns
        -------
        PIL.Image.Image
            RGB, `width` x `height` pixels.
        """
        rng = random.Random(f"draw {self.seed}")
        scale = _OVERSAMPLING
        image = Image.new("RGB", (self.width * scale, self.height * scale), _tint(self.background, rng))
        pen = ImageDraw.Draw(image)
        for thing in self.things:
            _draw_thing(pen, thing, (image.width / 3, image.height / 3), rng)
        image = image.resize((self.width, self.height), Image.Resampling.BOX)
        if rng.random() < 0.5:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=rng.randint(40, 95))
            image = Image.open(file).convert("RGB")
        return image

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


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _articles(text: str) -> str:
    return text.replace("a orange", "an orange")


def _tint(color: str, rng: random.Random) -> tuple[int, int, int]:
    shift = rng.randint(-8, 8)
    red, green, blue = (min(255, max(0, part + shift + rng.randint(-8, 8))) for part in _RGB[color])
    return red, green, blue


def _draw_thing(pen: ImageDraw.ImageDraw, thing: Thing, cell: tuple[float, float], rng: random.Random) -> None:
    row, column = divmod(PLACES.index(thing.place), 3)
    shorter = min(cell)
    radius = rng.uniform(*_RADIUS[thing.size]) * shorter
    room_x, room_y = cell[0] / 2 - radius - 0.04 * shorter, cell[1] / 2 - radius - 0.04 * shorter
    slack = 0.1 * shorter  # a place shall never be a matter of opinion
    x = (column + 0.5) * cell[0] + rng.uniform(-1, 1) * min(room_x, slack)
    y = (row + 0.5) * cell[1] + rng.uniform(-1, 1) * min(room_y, slack)
    fill = _tint(thing.color, rng)
    angle = math.radians(rng.uniform(-15, 15))
    if thing.shape == "circle":
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    else:
        pen.polygon([_turn(x, y, radius, angle, point) for point in OUTLINES[thing.shape]], fill=fill)


def _turn(x: float, y: float, radius: float, angle: float, point: tuple[float, float]) -> tuple[float, float]:
    right, down = point[0] * radius, point[1] * radius
    return (
        x + right * math.cos(angle) - down * math.sin(angle),
        y + right * math.sin(angle) + down * math.cos(angle),
    )
