"""The error tree is the one that is drawn."""

import builtins
import inspect
import pickle
import re

import pytest
from package_tree import MODULES, first_difference

from vlmkit import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}
LINE = re.compile(r"^    (?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)(?:.*\(also (?P<also>\w+)\))?")


def drawn():
    """Edges of the drawing: (class, parent, builtin it also is)."""
    trail = {}
    for line in errors.__doc__.splitlines():
        if match := LINE.match(line):
            depth = len(match["indent"]) // 4
            trail[depth] = match["name"]
            yield match["name"], trail.get(depth - 1), match["also"]


def test_every_error_is_drawn_and_every_drawn_error_exists():
    """Classes, parents and builtin parents agree with the drawing, both ways."""
    written = {
        (name, base.__name__ if base is not Exception else None, also[0].__name__ if also else None)
        for name, kind in CLASSES.items()
        for base, *also in [kind.__bases__]
    }
    assert first_difference(map(str, written), map(str, drawn())) == ""
    assert sorted(CLASSES) == errors.__all__


def test_errors_are_defined_nowhere_else():
    """No other module of the package adds an exception class of its own."""
    for module in MODULES:
        if module.name == "vlmkit.errors":
            continue
        for name, node, _ in module.definitions():
            bases = {getattr(base, "id", getattr(base, "attr", "")) for base in getattr(node, "bases", [])}
            assert not any(map(_is_exception, bases)), f"{module.name}.{name} belongs into vlmkit.errors"


def _is_exception(name):
    kind = CLASSES.get(name, getattr(builtins, name, None))
    return inspect.isclass(kind) and issubclass(kind, BaseException)


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_an_error_keeps_its_message(kind):
    """Messages survive str and a process boundary, also where a builtin is a parent."""
    error = pickle.loads(pickle.dumps(kind("scene_001.png: no such file. Check the path.")))
    assert type(error) is kind
    assert str(error) == "scene_001.png: no such file. Check the path."


def test_rate_limited_says_how_long():
    """The wait that the server asked for travels with the error."""
    assert errors.RateLimited("slow down", retry_after_s=2.5).retry_after_s == 2.5
    assert errors.RateLimited("slow down").retry_after_s is None


def test_an_unreadable_answer_is_shortened_in_its_message():
    """An error column is no place for an essay."""
    said = str(errors.UnreadableReply.expected("a whole number", "word\n " * 200))
    assert len(said) < 200
    assert "word word word" in said
    assert "…" in said
