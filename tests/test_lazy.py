"""Lazy packages: names are there, and their modules are not loaded for nothing."""

import pytest

from vlmkit import store


def test_an_unknown_name_lists_the_known_ones():
    """A slip is an AttributeError, as from any module."""
    with pytest.raises(AttributeError, match=r"module 'vlmkit\.store' has no attribute 'opne_store'; it has: BEAT_S, "):
        _ = store.opne_store


def test_one_name_loads_one_module(fresh_python):
    """The journal's records do not bring the database with them."""
    code = "import sys; from vlmkit.store import RunRecord; print('sqlite3' in sys.modules)"
    assert fresh_python(code).stdout == "False\n"


def test_a_name_is_looked_up_once(fresh_python):
    """After that it is an ordinary attribute of the package."""
    code = (
        "from vlmkit import prompts\n"
        "assert 'Task' not in vars(prompts)\n"
        "from vlmkit.prompts.tasks import Task\n"
        "assert prompts.Task is Task and vars(prompts)['Task'] is Task"
    )
    fresh_python(code)


def test_completion_offers_all_names():
    """`dir` loads nothing."""
    assert set(store.__all__) == set(dir(store))
