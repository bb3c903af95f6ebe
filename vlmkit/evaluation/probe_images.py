"""Pictures and questions that only who sees can answer; drawn by chance, so that no answer can be learned."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass
from typing import Any

from vlmkit.backends import Abilities
from vlmkit.records import Ask, Constraint, Picture, Sampling, one_question
from vlmkit.sources import PLACES, SHAPES, Shape, draw_shapes, normalize, refer

__all__ = ["ProbeImage", "background_probe", "form_probe", "named", "sight_probes", "upright_probes"]

_COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
_BACKGROUNDS = ("white", "gray", "black", "brown", "pink")
_OTHER_NAMES = {
    "grey": "gray",
    "plus": "cross",
    "disc": "circle",
    "disk": "circle",
    "dot": "circle",
    "violet": "purple",
}
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProbeImage:
    """A question about pictures, and what a seeing answer is.

    Attributes
    ----------
    shown : tuple of bytes
        Files, as they would lie in a folder.
    question : str
    right : tuple of str
        Names that the answer must have, in this order, and no other of their kind.
    kind : tuple of str
        All names of that kind.
    wrong : tuple of str, default ()
        What the answer is if the picture is not seen as it is meant.
    schema : str or None, default None
        JSON schema of the answer.
    """

    shown: tuple[bytes, ...]
    question: str
    right: tuple[str, ...]
    kind: tuple[str, ...]
    wrong: tuple[str, ...] = ()
    schema: str | None = None

    def ask(self, abilities: Abilities, timeout_s: float | None) -> Ask:
        """The question as a backend gets it, its pictures prepared as those of every run."""
        return Ask(
            messages=one_question(self.question, tuple(_prepared(data, abilities) for data in self.shown)),
            sampling=Sampling(max_tokens=128),
            timeout_s=timeout_s,
            constraint=None if self.schema is None else Constraint(kind="json_schema", text=self.schema),
        )

    def is_solved(self, answer: str) -> bool:
        """Whether an answer names what is right and nothing else."""
        return named(answer, self.kind) == self.right


def named(answer: str, kind: tuple[str, ...]) -> tuple[str, ...]:
    """Names of a kind in an answer, in order; a plural counts, the same name again does not."""
    words = _WORD.findall(answer.lower())
    names = []
    for word in words:
        name = _OTHER_NAMES.get(word, word)
        names += [each for each in (name, name.removesuffix("s"), name.removesuffix("es")) if each in kind][:1]
    return tuple(name for at, name in enumerate(names) if at == 0 or name != names[at - 1])


def sight_probes(rng: random.Random, count: int) -> list[ProbeImage]:
    """Questions about one shape, by turns its color and its form; luck is right in one of six."""
    probes = []
    for number in range(count):
        background = rng.choice(_BACKGROUNDS)
        color = rng.choice([each for each in _COLORS if each != background])
        shape = rng.choice(SHAPES)
        shown = draw_shapes([Shape(shape=shape, color=color, place=rng.choice(PLACES))], background=background)
        kind: tuple[str, ...]
        if number % 2:
            question, right, kind = f"What shape is the {color} object? Answer in one word.", shape, SHAPES
        else:
            question, right, kind = f"What color is the {shape}? Answer in one word.", color, _COLORS
        probes.append(ProbeImage(shown=(shown,), question=question, right=(right,), kind=kind))
    return probes


def upright_probes(rng: random.Random, count: int) -> list[ProbeImage]:
    """Photos stored upside down: what is at the top is another color than in the stored pixels."""
    probes = []
    for _ in range(count):
        background = rng.choice(_BACKGROUNDS)
        top, bottom = rng.sample([each for each in _COLORS if each != background], 2)
        shape = rng.choice(SHAPES)
        shapes = [Shape(shape=shape, color=top, place="top"), Shape(shape=shape, color=bottom, place="bottom")]
        shown = draw_shapes(shapes, background=background, orientation=3)
        question = "What color is the object at the top? Answer in one word."
        probes.append(ProbeImage(shown=(shown,), question=question, right=(top,), kind=_COLORS, wrong=(bottom,)))
    return probes


def form_probe(rng: random.Random) -> ProbeImage:
    """A question whose answer is a JSON object of two fields."""
    background = rng.choice(_BACKGROUNDS)
    places = rng.sample(PLACES, rng.randint(1, 4))
    color = rng.choice([each for each in _COLORS if each != background])
    shown = draw_shapes(
        [Shape(shape=rng.choice(SHAPES), color=color, place=place) for place in places], background=background
    )
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"background": {"type": "string", "enum": list(_BACKGROUNDS)}, "count": {"type": "integer"}},
        "required": ["background", "count"],
        "additionalProperties": False,
    }
    offered = ", ".join(f'"{name}"' for name in _BACKGROUNDS)
    question = (
        "Describe this image as one JSON object with these fields:\n"
        f"- background: one of {offered}\n- count: integer (how many objects there are)"
    )
    right = (background, str(len(places)))
    return ProbeImage(shown=(shown,), question=question, right=right, kind=_BACKGROUNDS, schema=json.dumps(schema))


def background_probe(rng: random.Random) -> ProbeImage:
    """A question about two pictures at once."""
    backgrounds = rng.sample(_BACKGROUNDS, 2)
    shown = tuple(
        draw_shapes([Shape(shape="circle", color="red", place="center")], background=name) for name in backgrounds
    )
    question = (
        "Two images are shown. What color is the background of the first, and what color is the background of the "
        "second? Answer with the two colors in this order."
    )
    return ProbeImage(shown=shown, question=question, right=tuple(backgrounds), kind=_BACKGROUNDS)


def _prepared(data: bytes, abilities: Abilities) -> Picture:
    return normalize(refer(data), abilities.longest_side_px, lossless=abilities.lossless)
