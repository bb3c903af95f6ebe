"""What a docstring says of a function and of each of its parameters, in numpydoc's, Google's or Sphinx's form.

Sources: https://numpydoc.readthedocs.io/en/latest/format.html,
https://google.github.io/styleguide/pyguide.html#383-functions-and-methods,
https://www.sphinx-doc.org/en/master/usage/domains/python.html#info-field-lists.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from itertools import pairwise

from vlmkit.untrusted import on_one_line

__all__ = ["read_docstring"]

_NUMPY_HEADING = re.compile(r"^(?P<name>[A-Z][\w ]*)\n-{3,}[ \t]*$", re.MULTILINE)
_NUMPY_ENTRY = re.compile(r"^(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_GOOGLE_HEADING = re.compile(
    r"^(?P<name>Args|Arguments|Parameters|Params|Returns?|Yields?|Raises|Examples?|Notes?|Attributes):[ \t]*$",
    re.MULTILINE,
)
_GOOGLE_ENTRY = re.compile(r"^\*{0,2}(?P<name>\w+)\s*(?:\([^)]*\))?\s*:\s*(?P<said>.*)$")
_FIELD = re.compile(r"^:(?P<kind>[a-z]+)(?:[ \t]+(?P<about>[^:\n]+))?:", re.MULTILINE)
_PARAMETERS = frozenset({"Parameters", "Other Parameters", "Args", "Arguments", "Params"})


def read_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    r"""What a function does, and what each of its parameters is.

    Parameters
    ----------
    text : str or None
        As its ``__doc__``.

    Returns
    -------
    (str, dict of str to str)
        The text before the first section, and descriptions by the names of the parameters.

    Examples
    --------
    >>> read_docstring("Look closer.\n\nArgs:\n    place (str): Where, as 'top left'.")
    ('Look closer.', {'place': "Where, as 'top left'."})
    """
    text = inspect.cleandoc(text or "")
    starts = [found.start() for form in (_NUMPY_HEADING, _GOOGLE_HEADING, _FIELD) if (found := form.search(text))]
    described = dict(_numpy(text)) | dict(_google(text)) | dict(_fields(text))
    return text[: min(starts, default=len(text))].strip(), {name: said for name, said in described.items() if said}


def _sections(text: str, heading: re.Pattern[str]) -> Iterator[str]:
    """Texts below the headings that announce parameters."""
    for each, below in _found(text, heading):
        if each["name"] in _PARAMETERS:
            yield below


def _found(text: str, mark: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Marks, each with the text up to the next one."""
    for each, after in pairwise([*mark.finditer(text), None]):
        if each is not None:
            yield each, text[each.end() : after.start() if after else len(text)]


def _numpy(text: str) -> Iterator[tuple[str, str]]:
    for section in _sections(text, _NUMPY_HEADING):
        for head, below in _entries(section):
            if entry := _NUMPY_ENTRY.match(head):
                for name in entry["names"].split(","):
                    yield name.strip().lstrip("*"), on_one_line(below)


def _google(text: str) -> Iterator[tuple[str, str]]:
    for section in _sections(text, _GOOGLE_HEADING):
        indented = re.match(r"\n*(?P<block>(?:[ \t]+.*\n?|[ \t]*\n)*)", section)
        for head, below in _entries(inspect.cleandoc("\n" + (indented["block"] if indented else ""))):
            if entry := _GOOGLE_ENTRY.match(head):
                yield entry["name"], on_one_line(f"{entry['said']} {below}")


def _entries(section: str) -> Iterator[tuple[str, str]]:
    """Lines that are not indented, each with the indented ones below it."""
    head = ""
    below: list[str] = []
    for line in section.splitlines():
        if line[:1].strip():
            yield head, "\n".join(below)
            head, below = line.strip(), []
        else:
            below.append(line)
    yield head, "\n".join(below)


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for each, below in _found(text, _FIELD):
        if each["kind"] in {"param", "parameter", "arg", "argument"} and each["about"]:
            yield each["about"].split()[-1], on_one_line(below)
