"""The questions that every family was recorded with, and their pictures; needs nothing but numpy and PIL."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

# Width and height; the seed of a picture is its place.
SIZES = {"square": (64, 64), "odd": (67, 53), "wide": (96, 48), "tiny": (10, 8), "panorama": (200, 40)}
_BLOCK_PX = 5


@dataclass(frozen=True)
class Question:
    """A question, with what was said before.

    Attributes
    ----------
    text : str
    pictures : tuple of str
        Their names.
    system : str or None
    before : tuple of (Question, str)
        Earlier questions, each with its answer.
    """

    text: str
    pictures: tuple[str, ...] = ()
    system: str | None = None
    before: tuple = ()

    @property
    def all_pictures(self):
        """Those of the questions before, too, in order."""
        return (*(name for question, _ in self.before for name in question.pictures), *self.pictures)


_DESCRIBE = "Describe this image."
QUESTIONS = {name: Question(_DESCRIBE, (name,)) for name in ("square", "odd", "tiny", "panorama")} | {
    "long": Question("How many things are there, and where do they stand? " * 5, ("odd",)),
    "two": Question("What differs?", ("square", "wide")),
    "system": Question(_DESCRIBE, ("wide",), "Answer briefly."),
    "turns": Question("What is it?", ("odd",), None, ((Question("What is it?", ("square",)), "A table."),)),
    "text": Question("What is a table?"),
}


def picture(name):
    """Random blocks of colour, as an RGB image."""
    width, height = SIZES[name]
    rows, columns = -(-height // _BLOCK_PX), -(-width // _BLOCK_PX)
    colors = np.random.default_rng(list(SIZES).index(name)).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    pixels = colors.repeat(_BLOCK_PX, axis=0).repeat(_BLOCK_PX, axis=1)[:height, :width]
    return Image.fromarray(np.ascontiguousarray(pixels))


def png(name):
    """The same as the bytes of a PNG file."""
    file = io.BytesIO()
    picture(name).save(file, format="PNG")
    return file.getvalue()
