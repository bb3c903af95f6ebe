"""What docstrings say of parameters."""

import inspect

import pytest

from vlmkit.agent.docstrings import read_docstring

NUMPY = """Look closer at one place.

It shows what is there.

Parameters
----------
place : {"left", "right"}, default "left"
    Where to look,
    seen from the front.
first, last : int
    Rows, counted from 0.
note

Returns
-------
str
    What is there.
"""
GOOGLE = """Look closer at one place.

It shows what is there.

Args:
    place (Literal["left", "right"]): Where to look,
        seen from the front.
    first: Rows, counted from 0.
    last (int): Rows, counted from 0.
    note (str):

Returns:
    What: it is no parameter.
"""
SPHINX = """Look closer at one place.

It shows what is there.

:param place: Where to look,
    seen from the front.
:param int first: Rows, counted from 0.
:param last: Rows, counted from 0.
:type last: int
:returns: What is there.
"""


@pytest.mark.parametrize("text", [NUMPY, GOOGLE, SPHINX], ids=["numpydoc", "google", "sphinx"])
def test_every_form_says_the_same(text):
    """Description and parameters are read alike, whoever wrote the docstring and however far in it stands."""
    described = {
        "place": "Where to look, seen from the front.",
        "first": "Rows, counted from 0.",
        "last": "Rows, counted from 0.",
    }
    assert read_docstring(text) == ("Look closer at one place.\n\nIt shows what is there.", described)
    indented = "\n".join(["", *("    " + line for line in text.splitlines()), "    "])
    assert read_docstring(indented) == read_docstring(text)


@pytest.mark.parametrize("text", [None, "", "   ", "Note: nothing here.", "A table\nof numbers\n---\n"])
def test_without_sections_there_is_only_a_description(text):
    """A docstring that names no parameter describes none."""
    assert read_docstring(text) == (inspect.cleandoc(text or "").strip(), {})


def test_a_section_of_another_kind_ends_the_description():
    """What is raised is no part of what a model is told."""
    assert read_docstring("Look.\n\nRaises:\n    OSError: No file.") == ("Look.", {})
    assert read_docstring("Look.\n\nRaises\n------\nOSError\n    No file.") == ("Look.", {})
