"""Scripts and styles: one module each, which asks nobody for anything and makes no markup of text."""

import re

import pytest

from vlmkit.widgets.assets import script, style

FACES = {name: script("common", name) for name in ("gallery", "comparison")}


@pytest.mark.parametrize("name", FACES)
def test_a_face_is_one_module_with_one_export(name):
    """Nothing is imported, from the network or elsewhere."""
    text = FACES[name]
    assert len(re.findall(r"^export default", text, re.MULTILINE)) == 1
    assert not re.search(r"^\s*import\s|\bimport\(|https?://|\bfetch\(|XMLHttpRequest|WebSocket|localStorage", text)
    assert "http" not in style()
    assert "@import" not in style()


@pytest.mark.parametrize("name", FACES)
def test_text_never_becomes_markup(name):
    """None of the ways in which a string is parsed as HTML or run as code is used."""
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser"
    assert not re.search(ways, FACES[name])
    assert not re.search(r"\.setAttribute\(\s*[\"']on", FACES[name])
