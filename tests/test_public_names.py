"""The public surface is a list; a change to it is a change to this file."""

import importlib
import inspect

import allowances
import pytest
from package_tree import PACKAGES, first_difference, public_names

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
    "serve",
    "tags",
    "use",
    "verify",
]


def test_public_names():
    """The root offers exactly these names, at most 36."""
    assert vlmkit.__all__ == PUBLIC
    assert len(PUBLIC) <= 36
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


def test_a_name_means_one_thing():
    """No public name stands in two rooms; those that do are listed, and get fewer."""
    found = [name for name, rooms in public_names().items() if len(rooms) > 1]
    assert first_difference(found, allowances.TWICE) == ""


@pytest.mark.parametrize("package", PACKAGES, ids=lambda module: module.name)
def test_a_window_shows_what_it_promises(package):
    """`__all__` of every package is sorted and every name in it can be had."""
    room = __import__(package.name, fromlist=["_"])
    names = getattr(room, "__all__", [])
    assert first_difference((name for name in names if not hasattr(room, name)), []) == ""
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda module: module.name)
def test_types_are_of_what_is_there(package):
    """What a type checker reads of a lazy package is what the package gives."""
    room = importlib.import_module(package.name)
    at_once = {name for name, _ in package.imported_at_once()}
    for imported, _ in package.imports():
        module, _, name = imported.rpartition(".")
        if imported not in at_once and module != package.name and name in room.__all__:
            assert getattr(room, name) is getattr(importlib.import_module(module), name), name
