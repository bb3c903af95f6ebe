"""Limits that catch drift: sizes, complexity, a test for each module."""

import ast

import allowances
import pytest
from package_tree import FUNCTIONS, MODULES, TESTS, first_difference, longest_chain

LINES_PER_MODULE = 500
LINES_PER_FUNCTION = 50
COMPLEXITY = 10
CHAIN = 12
TESTED_SHARE = 0.9

BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.comprehension, ast.match_case)


def length(function):
    """Lines from ``def`` to the end, without the docstring."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
    return function.end_lineno - function.lineno + 1 - docstring


def complexity(node):
    """McCabe's number: one, and one for each branch, `and` and `or`; a function inside is counted by itself."""
    count = 1 if isinstance(node, FUNCTIONS) else 0
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, FUNCTIONS):
            joined = len(child.values) - 1 if isinstance(child, ast.BoolOp) else 0
            count += isinstance(child, BRANCHES) + joined + complexity(child)
    return count


def test_the_ruler_is_right():
    """Length and complexity of a known function."""
    source = '''
def known(items):
    """One line.

    Two more.
    """
    if not items or items[0] is None:
        return []
    def inner(x):
        return x if x else None
    return [inner(item) for item in items if item]
'''
    function = ast.parse(source).body[0]
    assert length(function) == 6
    assert complexity(function) == 4  # itself, if, or, comprehension


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_modules_are_short(module):
    """A module with more lines has two ideas."""
    assert len(module.source.splitlines()) <= LINES_PER_MODULE


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_functions_are_short(module):
    """No function is longer than the house allows."""
    for name, function in module.functions():
        assert length(function) <= LINES_PER_FUNCTION, f"{module.name}.{name}, line {function.lineno}"


def test_functions_are_simple():
    """No function has more ways through it than the house allows; those that do are listed, and get fewer."""
    found = {
        f"{module.name}.{name}".removeprefix("vlmkit."): count
        for module in MODULES
        for name, function in module.functions()
        if (count := complexity(function)) > COMPLEXITY
    }
    assert first_difference(map(str, found.items()), map(str, allowances.COMPLEX.items())) == ""


def test_imports_do_not_go_deep():
    """A module stands on few others, one on the other; a room's names are loaded when they are used."""
    chain = longest_chain()
    assert len(chain) <= CHAIN, " → ".join(chain)


def test_modules_have_a_test_of_their_name():
    """``vlmkit/room/module.py`` is tested in ``tests/room/test_module.py``, nine times in ten."""
    expected = {}
    for module in MODULES:
        if not module.is_package and module.path.name != "__main__.py":
            *folders, last = module.name.split(".")[1:]
            expected[module.name] = TESTS.joinpath(*folders, f"test_{last}.py")
    missing = [name for name, path in expected.items() if not path.is_file()]
    assert len(missing) <= (1 - TESTED_SHARE) * len(expected), f"no test file: {', '.join(missing)}"
