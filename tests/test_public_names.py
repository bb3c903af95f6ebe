"""The public surface is a list; a change to it is a change to this file."""

import inspect

import pytest
from package_tree import PACKAGES, first_difference

import vlmkit

PUBLIC = [
    "ask",
    "assert_quality",
    "calibrate",
    "caption",
    "check",
    "compare",
    "compare_view",
    "compat",
    "describe",
    "describe_iter",
    "describe_one",
    "estimate",
    "evaluate",
    "explain",
    "health",
    "lint",
    "load",
    "models",
    "pick_model",
    "read_dataset",
    "read_images",
    "read_sidecars",
    "runs",
    "score",
    "tags",
    "use",
    "verify",
]


def test_public_names():
    """The root offers exactly these names, at most 32."""
    assert vlmkit.__all__ == PUBLIC
    assert len(PUBLIC) <= 32
    assert dir(vlmkit) == sorted([*PUBLIC, "__version__"])


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_a_documented_function(name):
    """Every verb can be called, typed and read about."""
    verb = getattr(vlmkit, name)
    assert inspect.isfunction(verb)
    assert verb.__name__ == name
    assert verb.__doc__
    assert "return" in verb.__annotations__


def test_the_store_is_a_room_to_go_into(fresh_python):
    """Its functions are named after it, without an import of one's own."""
    assert fresh_python("import vlmkit as vk; print(vk.store.check.__module__)").stdout == "vlmkit.store.maintenance\n"


def test_an_unknown_name_says_what_there_is():
    """A mistyped verb is an AttributeError that lists the right ones."""
    with pytest.raises(AttributeError, match="has no attribute 'descibe'; it has: ask, assert_quality, "):
        _ = vlmkit.descibe


@pytest.mark.parametrize("package", PACKAGES, ids=lambda module: module.name)
def test_no_module_shadows_a_public_name(package):
    """A module named like a function would take its place as soon as somebody imports it."""
    modules = {path.stem for path in package.path.parent.glob("*.py")}
    folders = {path.parent.name for path in package.path.parent.glob("*/__init__.py")}
    offered = set()
    for node in package.tree.body:
        if hasattr(node, "targets") and getattr(node.targets[0], "id", None) == "__all__":
            offered = {element.value for element in node.value.elts}
    assert not (modules | folders) & offered


@pytest.mark.parametrize("package", PACKAGES, ids=lambda module: module.name)
def test_a_window_shows_what_it_promises(package):
    """`__all__` of every package is sorted and every name in it can be had."""
    room = __import__(package.name, fromlist=["_"])
    names = getattr(room, "__all__", [])
    assert first_difference((name for name in names if not hasattr(room, name)), []) == ""
    assert len(set(names)) == len(names)
