"""What can be asked of a scene, in many words, and the right answer to each.

Every task is a function from a scene and a random generator to a prompt and its answer, found in `TASKS`. The phrasings
are assembled from parts, and a share of them is worn down (case, punctuation, courtesy, missing small words), so that
the model learns what a question is about rather than how it was spelled. The held-out phrasings are never trained on:
evaluation asks with them too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vlmkit.tiny import tools
from vlmkit.tiny.forms import draw_form
from vlmkit.tiny.paraphrases import PARAPHRASES
from vlmkit.tiny.phrasings import (
    BOOL_SUFFIXES,
    CHOICES_SUFFIX,
    HELD_OUT,
    LOCATE_BOXES,
    LOCATE_POINTS,
    NUMBER_SUFFIXES,
    PHRASINGS,
    STYLE_PROMPTS,
    WORD_SUFFIXES,
)
from vlmkit.tiny.scenes import (
    BACKGROUNDS,
    COLORS,
    PLACES,
    SHAPES,
    SIZES,
    Scene,
    Thing,
    box_list,
    middle_of,
    point_list,
    thousandths,
)
from vlmkit.tiny.wordings import MORE, compose, wear

__all__ = ["FIELDS", "SINGLED_OUT", "TASKS", "Question", "field_value", "invent"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One prompt about one scene.

    Attributes
    ----------
    task : str
        A key of `TASKS`.
    prompt, answer : str
    about : tuple of Thing, or None
        The objects that the prompt's description fits; None where it describes none.
    """

    task: str
    prompt: str
    answer: str
    about: tuple[Thing, ...] | None = None


def invent(task: str, scene: Scene, rng: random.Random, *, held_out: bool = False) -> Question:
    """Ask something of a task's kind about a scene.

    Parameters
    ----------
    task : str
        A key of `TASKS`.
    scene : Scene
    rng : random.Random
        Decides what is asked about and in which words.
    held_out : bool, default False
        Use only phrasings that training never shows, unworn.

    Returns
    -------
    Question

    Raises
    ------
    KeyError
        If there is no such task.
    """
    words = _Words(rng, held_out)
    prompt, answer = TASKS[task](scene, words)
    if task not in _AS_WRITTEN:
        prompt = compose(prompt, rng, held_out=held_out)
        if not held_out and rng.random() < 0.3:
            prompt = wear(prompt, rng)
    about = None if words.wanted is None else tuple(thing for thing in scene.things if _fits(thing, words.wanted))
    return Question(task=task, prompt=prompt, answer=answer, about=about)


# Names of fields and tools must come back as they were written.
_AS_WRITTEN = {"json", "form", "call", "result"}


class _Words:
    """A random generator that speaks: chooses phrasings from the trained or from the held-out ones."""

    def __init__(self, rng: random.Random, held_out: bool) -> None:
        self.rng = rng
        self.table = HELD_OUT if held_out else PHRASINGS
        self.held_out = held_out
        self.wanted: dict[str, str] | None = None  # the description that was asked about

    def say(self, kind: str, **parts: str) -> str:
        which = 1.0 if self.held_out else self.rng.random()
        if which < 0.5:
            text = PARAPHRASES[kind].draw(self.rng).format(**parts)
            return text[0].upper() + text[1:]
        table = MORE[kind] if which < 0.75 else self.table[kind]
        return self.rng.choice(table).format(**parts)

    def suffix(self, suffixes: Sequence[str]) -> str:
        return "" if self.held_out or self.rng.random() < 0.5 else self.rng.choice(suffixes)

    def word_suffix(self, answer: str, choices: Sequence[str]) -> str:
        """Ask for one word, or for one of some choices, the answer among them."""
        if self.held_out or self.rng.random() < 0.6:
            return self.suffix(WORD_SUFFIXES)
        offered = [choice for choice in choices if choice == answer or self.rng.random() < 0.7]
        if self.rng.random() < 0.5:
            self.rng.shuffle(offered)
        return CHOICES_SUFFIX.format(choices=", ".join(offered))


def _style_task(style: Any) -> Callable[[Scene, _Words], tuple[str, str]]:
    def ask(scene: Scene, words: _Words) -> tuple[str, str]:
        if not words.held_out and words.rng.random() < 0.3:
            return STYLE_PROMPTS[style], scene.caption(style)
        limit = f" Use at most {words.rng.randint(5, 60)} words." if words.rng.random() < 0.1 else ""
        return words.say(style) + limit, scene.caption(style)

    return ask


def _count(scene: Scene, words: _Words) -> tuple[str, str]:
    suffix = words.suffix(NUMBER_SUFFIXES)
    if words.rng.random() < 0.35:
        words.wanted = {}
        return words.say("count") + suffix, str(len(scene.things))
    words.wanted = wanted = _selection(scene, words.rng)
    hits = sum(_fits(thing, wanted) for thing in scene.things)
    return words.say("count some", what=_name(wanted, plural=True)) + suffix, str(hits)


def _yes_no(scene: Scene, words: _Words) -> tuple[str, str]:
    rng = words.rng
    suffix = words.suffix(BOOL_SUFFIXES)
    truth = rng.random() < 0.5
    if rng.random() < 0.2:
        background = (
            scene.background if truth else rng.choice([name for name in BACKGROUNDS if name != scene.background])
        )
        return words.say("is background", background=background) + suffix, _yes(truth)
    truth = truth and bool(scene.things)
    words.wanted = wanted = _some_of(rng.choice(scene.things), rng) if truth else _absent(scene, rng)
    what = _name(wanted)
    if "place" in wanted:
        return words.say("is at", what=what, place=wanted["place"]) + suffix, _yes(truth)
    if rng.random() < 0.3:
        return words.say("are there", what=_name(wanted, plural=True)) + suffix, _yes(truth)
    return words.say("is there", what=what) + suffix, _yes(truth)


def _color(scene: Scene, words: _Words) -> tuple[str, str]:
    thing, wanted = _singled_out(scene, words, "color")
    if "place" in wanted:
        return words.say("color at", place=wanted["place"]) + words.word_suffix(thing.color, COLORS), thing.color
    return words.say("color", what=_name(wanted)) + words.word_suffix(thing.color, COLORS), thing.color


def _shape(scene: Scene, words: _Words) -> tuple[str, str]:
    thing, wanted = _singled_out(scene, words, "shape")
    if "place" in wanted:
        return words.say("shape at", place=wanted["place"]) + words.word_suffix(thing.shape, SHAPES), thing.shape
    return words.say("shape", what=_name(wanted)) + words.word_suffix(thing.shape, SHAPES), thing.shape


def _size(scene: Scene, words: _Words) -> tuple[str, str]:
    thing, wanted = _singled_out(scene, words, "size")
    if "place" in wanted:
        return words.say("size at", place=wanted["place"]) + words.word_suffix(thing.size, SIZES), thing.size
    return words.say("size", what=_name(wanted)) + words.word_suffix(thing.size, SIZES), thing.size


def _place(scene: Scene, words: _Words) -> tuple[str, str]:
    for _ in range(8):
        thing = words.rng.choice(scene.things)
        wanted = _some_of(thing, words.rng, without="place")
        if sum(_fits(other, wanted) for other in scene.things) == 1:
            words.wanted = wanted
            return words.say("place", what=_name(wanted)) + words.word_suffix(thing.place, PLACES), thing.place
    thing = words.rng.choice(scene.things)
    words.wanted = {"place": thing.place}
    return words.say("at", place=thing.place), f"a {thing.size} {thing.color} {thing.shape}"


def _background(scene: Scene, words: _Words) -> tuple[str, str]:
    return words.say("background") + words.word_suffix(scene.background, BACKGROUNDS), scene.background


def _tags(scene: Scene, words: _Words) -> tuple[str, str]:
    present = tag_list(scene)
    if words.rng.random() < 0.5:
        return words.say("tags"), ", ".join(present) or "none"
    pool = [*SHAPES, *COLORS, *SIZES]
    vocabulary = words.rng.sample(pool, words.rng.randint(3, 8))
    chosen = [tag for tag in vocabulary if tag in present or any(tag == thing.size for thing in scene.things)]
    return words.say("tags from", vocabulary=", ".join(vocabulary)), ", ".join(chosen) or "none"


def tag_list(scene: Scene) -> list[str]:
    """List the shapes, then the colors of a scene, each once, in the order of `SHAPES` and `COLORS`."""
    shapes = {thing.shape for thing in scene.things}
    colors = {thing.color for thing in scene.things}
    return [name for name in SHAPES if name in shapes] + [name for name in COLORS if name in colors]


FIELDS: dict[str, str] = {
    "count": "int",
    "background": "str",
    "shapes": "list[str]",
    "colors": "list[str]",
    "sizes": "list[str]",
    "places": "list[str]",
    "objects": "list[object]",
}


def field_value(scene: Scene, field: str) -> Any:
    """Truth of one known JSON field; `shapes` and `colors` name each value once, in reading order.

    Parameters
    ----------
    scene : Scene
    field : str
        A key of `FIELDS`.

    Returns
    -------
    int, str or list

    Raises
    ------
    KeyError
        If the field is unknown.
    """
    values: dict[str, Any] = {
        "count": len(scene.things),
        "background": scene.background,
        "shapes": list(dict.fromkeys(thing.shape for thing in scene.things)),
        "colors": list(dict.fromkeys(thing.color for thing in scene.things)),
        "sizes": [thing.size for thing in scene.things],
        "places": [thing.place for thing in scene.things],
        "objects": [{"shape": t.shape, "color": t.color, "size": t.size, "place": t.place} for t in scene.things],
    }
    return values[field]


def _json(scene: Scene, words: _Words) -> tuple[str, str]:
    rng = words.rng
    names = rng.sample(list(FIELDS), rng.choice((1, 2, 2, 3, 3, 4)))
    if len(names) > 1 and rng.random() < 0.7:
        names = [name for name in names if name != "objects"]
    form = rng.randrange(3)
    if form == 0:
        listing = ", ".join(names)
    elif form == 1:
        listing = ", ".join(f'"{name}"' for name in names)
    else:
        listing = "{" + ", ".join(f'"{name}": {FIELDS[name]}' for name in names) + "}"
    answer = json.dumps({name: field_value(scene, name) for name in names})
    return words.say("json", fields=listing), answer


def _form(scene: Scene, words: _Words) -> tuple[str, str]:
    lines, answer, words.wanted = draw_form(scene, words.rng)
    return words.say("form") + "\n" + lines, answer


def _self(_scene: Scene, words: _Words) -> tuple[str, str]:
    return words.say("self"), "I am tiny, a small model that knows only drawn scenes of colored shapes."


def _read(scene: Scene, words: _Words) -> tuple[str, str]:
    return words.say("read"), "nothing" if scene.lettering is None else scene.lettering.text


def _one_located(scene: Scene, words: _Words) -> tuple[str, int]:
    """A description that fits one thing only, and that thing's number."""
    for _ in range(8):
        number = words.rng.randrange(len(scene.things))
        wanted = _some_of(scene.things[number], words.rng, without="place")
        if sum(_fits(other, wanted) for other in scene.things) == 1:
            words.wanted = wanted
            return _name(wanted), number
    number = words.rng.randrange(len(scene.things))
    words.wanted = {"place": scene.things[number].place}
    return f"object at the {scene.things[number].place}", number


def _box(scene: Scene, words: _Words) -> tuple[str, str]:
    what, number = _one_located(scene, words)
    return words.say("box", what=what), str(thousandths(scene.boxes()[number]))


def _point(scene: Scene, words: _Words) -> tuple[str, str]:
    what, number = _one_located(scene, words)
    return words.say("point", what=what), str(middle_of(scene.boxes()[number]))


def _located(kind: str, template: str, write: Callable[..., str]) -> Callable[[Scene, _Words], tuple[str, str]]:
    def ask(scene: Scene, words: _Words) -> tuple[str, str]:
        words.wanted = wanted = {} if words.rng.random() < 0.25 else _selection(scene, words.rng)
        found = [(thing, box) for thing, box in zip(scene.things, scene.boxes(), strict=True) if _fits(thing, wanted)]
        answer = write([thing for thing, _ in found], [box for _, box in found])
        if not words.held_out and words.rng.random() < 0.4:  # as vlmkit asks
            return template.format(what=_name(wanted)), answer
        return words.say(kind, what=_name(wanted, plural=True)), answer

    return ask


def _call(scene: Scene, words: _Words) -> tuple[str, str]:
    if words.rng.random() < 0.2:
        request, answer = words.rng.choice((_count, _background, _color))(scene, words)
        return tools.draw_direct(request, answer, words.rng, held_out=words.held_out)
    return tools.draw_call(words.rng, held_out=words.held_out)


def _result(_scene: Scene, words: _Words) -> tuple[str, str]:
    return tools.draw_result(words.rng, held_out=words.held_out)


TASKS: dict[str, Callable[[Scene, _Words], tuple[str, str]]] = {
    "brief": _style_task("brief"),
    "detailed": _style_task("detailed"),
    "technical": _style_task("technical"),
    "count": _count,
    "yes_no": _yes_no,
    "color": _color,
    "shape": _shape,
    "size": _size,
    "place": _place,
    "background": _background,
    "tags": _tags,
    "json": _json,
    "form": _form,
    "self": _self,
    "read": _read,
    "box": _box,
    "boxes": _located("boxes", LOCATE_BOXES, box_list),
    "point": _point,
    "points": _located("points", LOCATE_POINTS, point_list),
    "call": _call,
    "result": _result,
}

SINGLED_OUT = {"color", "shape", "size", "place", "json", "form", "box", "point", "call"}
"""Tasks that ask about one of a scene's things, and so need one."""

_ATTRIBUTES = {"size": SIZES, "color": COLORS, "shape": SHAPES}


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _fits(thing: Thing, wanted: dict[str, str]) -> bool:
    return all(getattr(thing, key) == value for key, value in wanted.items())


def _some_of(thing: Thing, rng: random.Random, without: str = "") -> dict[str, str]:
    """Pick a few attributes of a thing; a shape or color is always among them."""
    keys = rng.choice([("shape",), ("color",), ("color", "shape"), ("size", "shape"), ("size", "color", "shape"),
                       ("shape", "place"), ("color", "place"), ("color", "shape", "place")])  # fmt: skip
    keys = tuple(key for key in keys if key != without)
    return {key: getattr(thing, key) for key in keys}


def _selection(scene: Scene, rng: random.Random) -> dict[str, str]:
    """Something to count: often present, sometimes not."""
    keys = rng.choice([("shape",), ("color",), ("size",), ("color", "shape"), ("size", "shape")])
    if rng.random() < 0.7:
        thing = _any_thing(scene, rng)
        return {key: getattr(thing, key) for key in keys}
    return {key: rng.choice(_ATTRIBUTES[key]) for key in keys}


def _any_thing(scene: Scene, rng: random.Random) -> Thing:
    """One of a scene's things; of an empty one, some thing that could be there."""
    if scene.things:
        return rng.choice(scene.things)
    return Thing(shape=rng.choice(SHAPES), color=rng.choice(COLORS), size=rng.choice(SIZES), place=rng.choice(PLACES))


def _absent(scene: Scene, rng: random.Random) -> dict[str, str]:
    """Something that is not in the scene but looks as if it could be."""
    while True:
        wanted = _some_of(_any_thing(scene, rng), rng)
        key = rng.choice(list(wanted))
        wanted[key] = rng.choice(PLACES if key == "place" else _ATTRIBUTES[key])
        if not any(_fits(thing, wanted) for thing in scene.things):
            return wanted


def _singled_out(scene: Scene, words: _Words, hidden: str) -> tuple[Thing, dict[str, str]]:
    """Pick a thing and a description that only it fits, without the attribute that is asked for."""
    rng = words.rng
    for _ in range(8):
        thing = rng.choice(scene.things)
        keys = rng.choice([("shape",), ("color",), ("size",), ("color", "shape"), ("size", "shape"), ("place",)])
        wanted = {key: getattr(thing, key) for key in keys if key != hidden}
        if wanted and sum(_fits(other, wanted) for other in scene.things) == 1:
            words.wanted = wanted
            return thing, wanted
    thing = rng.choice(scene.things)
    words.wanted = {"place": thing.place}
    return thing, words.wanted


def _name(wanted: dict[str, str], *, plural: bool = False) -> str:
    words = [wanted[key] for key in ("size", "color") if key in wanted]
    noun = wanted.get("shape", "object")
    if plural:
        noun += "es" if noun == "cross" else "s"
    return " ".join([*words, noun])
