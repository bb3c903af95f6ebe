"""Untrusted text becomes HTML in which nothing runs, nothing is hidden and nothing is lost."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from vlmkit.frame.cells import text_of
from vlmkit.views.markup import Markup, escape, picture_element, table_element, visible

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "[click](javascript:alert(1))",
    "</td></table><iframe srcdoc='<script>1</script>'>",
    "&lt;script&gt;",
    "<!-- --><style>*{display:none}</style>",
]


class Reader(HTMLParser):
    """What a browser would see: elements, attributes and text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.attributes, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_shown_as_text(text):
    """In a cell, a header and an attribute; every character is still there."""
    picture = picture_element(b"\xff", "image/jpeg", label=text, width=1, height=1)
    read = Reader(table_element([text], [[text], [[text]], [{text: text}], [picture]], caption=text))
    assert set(read.elements) <= {"style", "table", "thead", "tbody", "tr", "th", "td", "img", "p"}
    assert not any(name.startswith("on") for name, _ in read.attributes)
    assert ("alt", text) in read.attributes
    assert "".join(read.texts).count(text) == 6


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("invoice\u202efdp.exe", "invoice⟨U+202E⟩fdp.exe"),
        ("a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"),
        ("bell\x07\x1b[31m", "bell⟨U+0007⟩⟨U+001B⟩[31m"),
        ("half \ud83d", "half ⟨U+D83D⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("two\nlines\tand", "two\nlines\tand"),
        ("قطة 👩\u200d🔬 猫", "قطة 👩\u200d🔬 猫"),
    ],
)
def test_what_hides_is_shown(text, shown):
    """Controls, direction marks and invisible letters by their numbers; languages and emoji as they are."""
    assert visible(text) == shown
    assert escape(text) == shown
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (pd.NA, ""),
        (float("nan"), ""),
        (pd.NaT, ""),
        (3, "3"),
        (np.int64(3), "3"),
        (2.0, "2.0"),
        (1 / 3, "0.333333"),
        (True, "True"),
        (["a", None, 2], "a, , 2"),
        (np.array(["a", "b"]), "a, b"),
        ({"a": [1, 2]}, "a: 1, 2"),
    ],
)
def test_cells_are_written_as_people_do(value, text):
    """Lists with commas, nothing for what is missing."""
    assert text_of(value) == text


def test_only_pictures_made_here_go_in_as_they_are():
    """A string that merely looks like HTML is escaped; another media type is refused."""
    assert "<b>" not in table_element(["x"], [["<b>"]])
    assert "<b>" in table_element(["x"], [[Markup("<b>")]])
    with pytest.raises(ValueError, match="a JPEG or a PNG"):
        picture_element(b"<svg onload=1>", "image/svg+xml", label="x", width=1, height=1)
