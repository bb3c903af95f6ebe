"""Pictures from elsewhere: noise, gradients, patterns, pages of text and imitations of photos, but never a scene."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from vlmkit.tiny.lettering import Lettering, invent_text

__all__ = ["KINDS", "draw"]


def draw(kind: str, rng: random.Random) -> Image.Image:
    """Draw a picture that is not a scene.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    rng : random.Random

    Returns
    -------
    PIL.Image.Image
        RGB, 96 to 256 pixels a side.

    Raises
    ------
    KeyError
        No such kind.
    """
    size = rng.randint(96, 256), rng.randint(96, 256)
    return KINDS[kind](size, rng)


def _dice(rng: random.Random) -> np.random.Generator:
    return np.random.default_rng(rng.randrange(2**32))


def _color(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)


def _noise(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Every pixel by chance, fine or coarse, gray or colored."""
    grain = rng.choice((1, 1, 2, 4, 8, 16))
    channels = rng.choice((1, 3))
    shape = (max(2, size[1] // grain), max(2, size[0] // grain), channels)
    values = np.repeat(_dice(rng).integers(0, 256, shape, np.uint8), 4 - channels if channels == 1 else 1, axis=2)
    image = Image.fromarray(values)
    return image.resize(size, rng.choice((Image.Resampling.NEAREST, Image.Resampling.BICUBIC)))


def _gradient(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """One color that becomes another, along a line or around a point."""
    across, down = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]))
    if rng.random() < 0.5:
        angle = rng.uniform(0, 2 * math.pi)
        t = across * math.cos(angle) + down * math.sin(angle)
    else:
        t = np.hypot(across - rng.uniform(-1, 1), down - rng.uniform(-1, 1))
    t = (t - t.min()) / (t.max() - t.min())
    first, last = _color(rng), _color(rng)
    while sum(abs(a - b) for a, b in zip(first, last, strict=True)) < 150:
        last = _color(rng)
    return Image.fromarray((np.outer(1 - t.ravel(), first) + np.outer(t.ravel(), last)).reshape(size[1], size[0], 3)
                           .astype(np.uint8))  # fmt: skip


def _pattern(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Stripes or a chessboard, turned by some angle."""
    angle, period = rng.uniform(0, math.pi), rng.uniform(6, 40)
    across, down = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    u = across * math.cos(angle) + down * math.sin(angle)
    v = down * math.cos(angle) - across * math.sin(angle)
    inside = np.floor(u / period) % 2
    if rng.random() < 0.5:
        inside = (inside + np.floor(v / period)) % 2
    colors = np.array([_color(rng), _color(rng)], np.uint8)
    return Image.fromarray(colors[inside.astype(int)])


def _page(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Lines of words, as on a page or a screen."""
    dark = rng.random() < 0.3
    image = Image.new("RGB", size, (rng.randrange(40),) * 3 if dark else (rng.randrange(215, 256),) * 3)
    pen = ImageDraw.Draw(image)
    lines = rng.randint(5, 12)
    for line in range(lines):
        words = [invent_text(rng) for _ in range(rng.randint(1, 5))]
        strip = Image.new("RGB", (size[0], size[1] // lines * 3 // 2), image.getpixel((0, 0)))
        writing = Lettering(text=" ".join(words), row=1, shift=-1)
        writing.draw(ImageDraw.Draw(strip), (strip.width, strip.height * 2), (230,) * 3 if dark else (25,) * 3)
        image.paste(strip.crop((0, strip.height // 2, strip.width, strip.height)), (0, line * size[1] // lines))
    if rng.random() < 0.3:
        pen.rectangle((0, 0, size[0], size[1] // 10), fill=_color(rng))
    return image


def _photo(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Soft clouds of color over several scales, brighter above than below, as photos are."""
    dice = _dice(rng)
    total = np.zeros((size[1], size[0], 3))
    for level in range(1, 7):
        cells = dice.integers(0, 256, (2**level, 2**level, 3), np.uint8)
        total += np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC), float) / 2**level
    total -= total.min()
    total *= rng.uniform(150, 255) / total.max()
    total += np.linspace(rng.uniform(0, 60), rng.uniform(-60, 0), size[1])[:, None, None]
    tint = np.array(_color(rng)) / 255
    return Image.fromarray(np.clip(total * (0.5 + tint), 0, 255).astype(np.uint8))


def _confetti(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Far too many shapes, over each other and of all sizes."""
    image = Image.new("RGB", size, _color(rng))
    pen = ImageDraw.Draw(image)
    for _ in range(rng.randint(20, 120)):
        x, y, reach = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(3, 40)
        box = (x - reach, y - reach * rng.uniform(0.3, 1), x + reach, y + reach * rng.uniform(0.3, 1))
        rng.choice((pen.ellipse, pen.rectangle))(box, fill=_color(rng))
    return image


def _landscape(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """A sky, hills, perhaps a house: what a child paints."""
    image = _gradient(size, rng)
    pen = ImageDraw.Draw(image)
    for hill in range(rng.randint(1, 3)):
        height, wave, phase = rng.uniform(0.3, 0.8), rng.uniform(1, 8), rng.uniform(0, 6)
        line = [(x, size[1] * (height + 0.1 * math.sin(wave * x / size[0] + phase))) for x in range(0, size[0] + 8, 8)]
        pen.polygon([(0, size[1]), *line, (size[0], size[1])], fill=_color(rng))
        if hill == 0 and rng.random() < 0.5:
            x, y, wide = rng.uniform(0, size[0] * 0.7), size[1] * height, size[0] * rng.uniform(0.15, 0.4)
            pen.rectangle((x, y, x + wide, y + wide), fill=_color(rng))
            pen.polygon([(x - 4, y), (x + wide / 2, y - wide / 2), (x + wide + 4, y)], fill=_color(rng))
    return image


KINDS: dict[str, Callable[[tuple[int, int], random.Random], Image.Image]] = {
    "noise": _noise,
    "gradient": _gradient,
    "pattern": _pattern,
    "page": _page,
    "photo": _photo,
    "confetti": _confetti,
    "landscape": _landscape,
}
