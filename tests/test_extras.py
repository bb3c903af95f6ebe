"""Optional opening: the attribute, or what to install."""

import sys

import pytest

from vlmkit import store
from vlmkit.errors import MissingExtra
from vlmkit.extras import open_by_name
from vlmkit.records import Ask


def test_opens_an_attribute():
    """The object behind the dotted name comes back."""
    assert open_by_name("vlmkit.records:Ask") is Ask


def test_imports_only_when_asked(fresh_python):
    """Naming a module loads it then, not before."""
    fresh_python(
        "import sys; from vlmkit.extras import open_by_name\n"
        "assert 'sqlite3' not in sys.modules\n"
        "open_by_name('sqlite3:connect')\n"
        "assert 'sqlite3' in sys.modules"
    )


def test_a_missing_package_says_which_extra_brings_it(monkeypatch, tmp_path):
    """The message names what was opened, what is missing and the command that helps."""
    (tmp_path / "needy_room.py").write_text("import package_that_is_not_there\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra) as caught:
        open_by_name("needy_room:open", extra="server")
    assert str(caught.value) == (
        "needy_room:open needs 'package_that_is_not_there', which is not installed. "
        "Install it: pip install 'vlmkit[server]'"
    )
    assert isinstance(caught.value, ImportError)


def test_a_hidden_base_package_says_how_to_repair(monkeypatch):
    """What belongs to the base install is not blamed on an extra."""
    monkeypatch.setitem(sys.modules, "vlmkit.backends.fake", None)
    with pytest.raises(MissingExtra, match="base install; repair it: pip install --force-reinstall vlmkit"):
        open_by_name("vlmkit.backends.fake:open_fake")


def test_a_stranger_that_breaks_is_named(monkeypatch, tmp_path):
    """A third party's module that cannot be imported is told apart from a missing one."""
    (tmp_path / "broken_room.py").write_text("from os import nothing_like_this\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra, match=r"broken_room:open cannot be imported: .*nothing_like_this"):
        open_by_name("broken_room:open")


def test_a_missing_attribute_is_named():
    """An old version of a package may lack what is asked of it."""
    with pytest.raises(MissingExtra, match=r"vlmkit\.records has no 'Question'"):
        open_by_name("vlmkit.records:Question")


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
