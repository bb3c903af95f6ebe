"""Forms: several typed fields asked for at once, answered as one JSON object.

The lines are written exactly as `vlmkit.prompts` writes a schema (a test keeps the two alike).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from vlmkit.tiny.scenes import BACKGROUNDS, COLORS, PLACES, SHAPES, SIZES, Scene

__all__ = ["draw_form", "line", "list_of", "one_of"]

_Wanted = dict[str, str]
# A field as it is asked for: its name, what it may be (a word, choices, or fields of its own), what it means, the right
# value, and which objects it is about, where it is about some.
_Field = tuple[str, str, str, Any, _Wanted | None]

_OPAQUE = ("a", "b", "n", "q1", "q2", "value", "answer", "result", "field", "x")


def line(name: str, kind: str, meaning: str = "") -> str:
    """Write the line that asks for one field.

    Parameters
    ----------
    name, kind : str
        ``"count"``, ``"integer"``.
    meaning : str, default ""
        Says it in words, in parentheses.
    """
    return f"- {name}: {kind}" + (f" ({meaning})" if meaning else "")


def draw_form(scene: Scene, rng: random.Random) -> tuple[str, str, _Wanted | None]:
    """Make up a form about a scene.

    Parameters
    ----------
    scene : Scene
    rng : random.Random

    Returns
    -------
    lines, answer : str
        What is asked for, a line a field; and the filled form, one JSON object on one line.
    wanted : dict of str to str, or None
        Attributes of the objects that one field is about; None where none is, or several are.
    """
    fields: dict[str, _Field] = {}
    for _ in range(rng.choice((1, 1, 2, 2, 3, 3, 4, 5))):
        field = _disguised(rng.choices(_MAKERS, _SHARES)[0](scene, rng), rng)
        fields.setdefault(field[0], field)
    lines = [line(name, kind, meaning) for name, kind, meaning, _, _ in fields.values()]
    answer = {name: value for name, _, _, value, _ in fields.values()}
    wanted = [about for *_, about in fields.values() if about is not None]
    return "\n".join(lines), json.dumps(answer), wanted[0] if len(wanted) == 1 else None


def _disguised(field: _Field, rng: random.Random) -> _Field:
    """Now and then the name says nothing and the meaning all, and mostly the other way round."""
    name, kind, meaning, value, wanted = field
    if meaning and rng.random() < 0.15:
        return rng.choice(_OPAQUE), kind, meaning, value, wanted
    return name, kind, meaning if rng.random() < 0.3 else "", value, wanted


def _count(scene: Scene, rng: random.Random) -> _Field:
    name = rng.choice(("count", "count", "count", "n_objects", "object_count", "number_of_objects", "how_many"))
    meaning = rng.choice(("how many objects there are", "number of objects", "How many objects are there?"))
    return name, "integer", meaning, len(scene.things), None


def _background(scene: Scene, rng: random.Random) -> _Field:
    name = rng.choice(("background", "background", "background_color"))
    meaning = rng.choice(("color of the background", "What color is the background?"))
    kind = rng.choice(("string", one_of(_some(BACKGROUNDS, scene.background, rng))))
    return name, kind, meaning, scene.background, None


def _each(attribute: str, values: Sequence[str]) -> Callable[[Scene, random.Random], _Field]:
    def make(scene: Scene, rng: random.Random) -> _Field:
        present = [getattr(thing, attribute) for thing in scene.things]
        meaning = rng.choice((f"{attribute} of each object", f"the {attribute}s of all objects"))
        if rng.random() < 0.5:
            return f"{attribute}s", "list of string", meaning, present, None
        offered = list(values) if rng.random() < 0.7 else rng.sample(values, rng.randint(2, len(values)))
        return f"{attribute}s", list_of(offered), meaning, [value for value in present if value in offered], None

    return make


def _tags(scene: Scene, rng: random.Random) -> _Field:
    present = {getattr(thing, key) for thing in scene.things for key in ("shape", "color", "size")}
    offered = rng.sample([*SHAPES, *COLORS, *SIZES], rng.randint(3, 10))
    name = rng.choice(("tags", "tags", "labels", "keywords"))
    return name, list_of(offered), "what is in the image", [value for value in offered if value in present], None


def _some_thing(scene: Scene, rng: random.Random) -> tuple[dict[str, str], int]:
    """A description of objects, and how many fit it."""
    keys = rng.choice((("shape",), ("color",), ("color", "shape"), ("size", "shape"), ("size",)))
    model = rng.choice(scene.things)
    everything = {"shape": SHAPES, "color": COLORS, "size": SIZES}
    here = rng.random() < 0.6
    wanted = {key: getattr(model, key) if here else rng.choice(everything[key]) for key in keys}
    return wanted, _hits(scene, wanted)


def _named(wanted: dict[str, str], *, plural: bool) -> str:
    words = [wanted[key] for key in ("size", "color", "shape") if key in wanted]
    if "shape" not in wanted:
        words.append("object")
    return " ".join(words) + ("" if not plural else "es" if words[-1] == "cross" else "s")


def _count_some(scene: Scene, rng: random.Random) -> _Field:
    wanted, hits = _some_thing(scene, rng)
    plural = _named(wanted, plural=True)
    name = rng.choice(("{}", "{}", "n_{}", "number_of_{}", "count_of_{}")).format(plural.replace(" ", "_"))
    return name, "integer", rng.choice((f"how many {plural} there are", f"How many {plural} are there?")), hits, wanted


def _has(scene: Scene, rng: random.Random) -> _Field:
    """True as often as false: a description of something there, or one that nothing fits."""
    truth = rng.random() < 0.5
    everything = {"shape": SHAPES, "color": COLORS, "size": SIZES}
    while True:
        # Other attributes each time: where all five shapes are there, no shape is missing.
        keys = rng.choice((("shape",), ("shape",), ("color",), ("color", "shape"), ("size", "shape")))
        model = rng.choice(scene.things)
        wanted = {key: getattr(model, key) if truth else rng.choice(everything[key]) for key in keys}
        if (_hits(scene, wanted) > 0) == truth:
            break
    single = _named(wanted, plural=False)
    name = rng.choice(("has_{}", "has_{}", "contains_{}", "is_there_a_{}")).format(single.replace(" ", "_"))
    meaning = rng.choice((f"whether there is a {single}", f"Is there a {single}?"))
    return name, "true or false", meaning, truth, wanted


def _hits(scene: Scene, wanted: _Wanted) -> int:
    return sum(all(getattr(thing, key) == value for key, value in wanted.items()) for thing in scene.things)


def _at(scene: Scene, rng: random.Random) -> _Field:
    thing = rng.choice(scene.things)
    attribute, values = rng.choice((("shape", SHAPES), ("color", COLORS), ("size", SIZES)))
    value = getattr(thing, attribute)
    name = f"{attribute}_at_{thing.place.replace(' ', '_')}"
    kind = rng.choice(("string", one_of(_some(values, value, rng))))
    return name, kind, f"What {attribute} is the object at the {thing.place}?", value, {"place": thing.place}


def _caption(scene: Scene, rng: random.Random) -> _Field:
    return rng.choice(("caption", "description")), "string", "one short sentence", scene.caption("brief"), None


def _objects(scene: Scene, rng: random.Random) -> _Field:
    kinds = {
        "shape": ("string", one_of(SHAPES)),
        "color": ("string", one_of(COLORS)),
        "size": ("string", one_of(SIZES)),
        "place": ("string", one_of(PLACES)),
    }
    keys = rng.sample(list(kinds), rng.randint(1, 4))
    plain = rng.random() < 0.6
    inner = "".join("\n  " + line(key, kinds[key][0 if plain else 1]) for key in keys)
    values = [{key: getattr(thing, key) for key in keys} for thing in scene.things]
    return "objects", f"list of objects with these fields{inner}", "", values, None


def _some(values: Sequence[str], needed: str, rng: random.Random) -> list[str]:
    offered = [value for value in values if value == needed or rng.random() < 0.7]
    if rng.random() < 0.5:
        rng.shuffle(offered)
    return offered


def one_of(values: Sequence[str]) -> str:
    """Write a kind: one of some values."""
    return "one of " + ", ".join(f'"{value}"' for value in values)


def list_of(values: Sequence[str]) -> str:
    """Write a kind: as many of some values as apply."""
    return "list of any of " + ", ".join(f'"{value}"' for value in values)


_SHARES = (4, 3, 5, 4, 5, 4, 8, 2, 1, 1)
_MAKERS: tuple[Callable[[Scene, random.Random], _Field], ...] = (
    _count, _background, _each("shape", SHAPES), _each("color", COLORS), _tags,
    _count_some, _has, _at, _caption, _objects,
)  # fmt: skip
