"""How a server is started."""

import doctest
import sys

import pytest

import vlmkit as vk
from vlmkit.errors import MissingExtra
from vlmkit.server import launching


def test_the_example_runs():
    """As the docstring shows it."""
    assert doctest.testmod(launching).failed == 0


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    """Before anything is opened."""
    for name in [name for name in sys.modules if name.startswith("vlmkit.server.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(MissingExtra, match=r"pip install 'vlmkit\[server\]'"):
        vk.serve("fake:echo")


def test_importing_vlmkit_imports_no_web_framework(fresh_python):
    """Only a server does."""
    code = "import sys, vlmkit as vk; vk.serve; print([m for m in ('starlette', 'uvicorn') if m in sys.modules])"
    assert fresh_python(code).stdout == "[]\n"
