"""The rows of further languages: patterns that can be compiled, and hints that miss nothing."""

from __future__ import annotations

import re
import unicodedata

import pytest

from vlmkit.prompts.european_phrases import EUROPEAN_LANGUAGES
from vlmkit.prompts.phrases import Language

ROWS = EUROPEAN_LANGUAGES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.hints[0])
def test_patterns_fit_what_they_are_tried_on(row: Language) -> None:
    """One clause in lower case, in the form NFC; no pattern is there for nothing, none fits an empty clause."""
    for pattern in (row.refuses, row.misses, row.talks, row.shows, row.offers, row.turns):
        assert unicodedata.normalize("NFC", pattern) == pattern
        assert re.compile(pattern).search("") is None
    assert all(hint == hint.lower() for hint in row.hints)
