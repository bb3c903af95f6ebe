"""Words and numbers written over a scene, in the font that Pillow brings: something to read.

A word is made of syllables, so that nobody can guess it: it has to be read letter by letter.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from PIL import ImageDraw, ImageFont

__all__ = ["Lettering", "ink_for", "invent_text"]

_LONGEST = 8
_ONSETS = ("b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "br", "ch", "fl",
           "gr", "pl", "qu", "sh", "st", "th", "tr", "x", "y", "")  # fmt: skip
_VOWELS = ("a", "e", "i", "o", "u", "a", "e", "o", "ai", "ea", "oo", "ou", "y")
_ENDS = ("", "", "", "l", "m", "n", "r", "s", "t", "x", "ck", "nd", "ng", "st", "p", "b", "d")
_COMMON = ("OPEN", "CLOSED", "EXIT", "STOP", "GO", "SALE", "TAXI", "HOTEL", "CAFE", "BAKERY", "PARK", "BUS", "POST",
"MILK",
           "BREAD", "WATER", "NORTH", "SOUTH", "EAST", "WEST", "HELLO", "YES", "NO", "FREE", "NEW",
           "SCHOOL")  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Lettering:
    """One word or number in a scene.

    Attributes
    ----------
    text : str
        At most eight characters.
    row : int
        0, 1 or 2: which third of the picture it fills.
    shift : float
        -1 to 1: how far it stands left or right of the middle, in parts of the room there is.
    """

    text: str
    row: int
    shift: float = 0.0

    def draw(self, pen: ImageDraw.ImageDraw, canvas: tuple[int, int], ink: tuple[int, int, int]) -> None:
        """Write it as large as its third of a canvas allows.

        Parameters
        ----------
        pen : PIL.ImageDraw.ImageDraw
        canvas : tuple of int
            Width and height in pixels.
        ink : tuple of int
        """
        width, height = canvas
        trial = _font(100)
        left, top, right, bottom = trial.getbbox(self.text)
        size = min(0.94 * width / (right - left), 0.2 * height / (bottom - top), 0.0034 * height) * 100
        font = _font(max(8, int(size)))
        left, top, right, bottom = font.getbbox(self.text)
        room = max(0.0, 0.96 * width - (right - left)) / 2
        x = width / 2 + self.shift * room - (left + right) / 2
        y = (self.row + 0.5) * height / 3 - (top + bottom) / 2
        pen.text((x, y), self.text, fill=ink, font=font)


@lru_cache(maxsize=256)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size=size_px))  # with a size it is never another


def ink_for(ground: tuple[int, int, int]) -> tuple[int, int, int]:
    """Near black on light grounds, near white on dark ones."""
    return (20, 20, 20) if sum(ground) > 330 else (245, 245, 245)


def invent_text(rng: random.Random) -> str:
    """Make up a word of two to eight letters or a number of one to four digits."""
    kind = rng.random()
    if kind < 0.3:
        return str(rng.randrange(10 ** rng.randint(1, 4)))
    if kind < 0.4:
        word = rng.choice(_COMMON).lower()
    else:
        syllables = (rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_ENDS) for _ in range(rng.randint(1, 3)))
        word = "".join(syllables)[:_LONGEST]
    if len(word) < 2:
        word += rng.choice("aeiou")
    case = rng.random()
    return word.upper() if case < 0.6 else word.capitalize() if case < 0.75 else word
