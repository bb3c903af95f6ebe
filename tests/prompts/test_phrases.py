"""Rows of the table of languages."""

from __future__ import annotations

import re

from vlmkit.prompts.phrases import language

ROW = language(
    hints="ne|por",
    unable="ne povas",
    works="helpi",
    identify="rekoni",
    people="homo",
    negation="ne",
    see="vidas",
    image="bildo",
    elsewhere="muro",
    upload="bonvolu.*sendi",
    talks="mi",
    shows="montras",
    offers="ĉu vi",
    turns="sed",
)


def test_a_row_is_made_of_words() -> None:
    """In whatever order a sentence has them; some only count together."""
    refuses, misses = re.compile(ROW.refuses), re.compile(ROW.misses)
    assert refuses.search("mi ne povas helpi")
    assert refuses.search("helpi al vi mi ne povas")
    assert refuses.search("mi ne povas rekoni la homon")
    assert not refuses.search("mi ne povas rekoni la rason")
    assert misses.search("mi ne vidas bildon")
    assert misses.search("bonvolu ĝin sendi, la bildon")
    assert not misses.search("mi ne vidas bildon sur la muro")
    assert not misses.search("mi vidas bildon")
    assert ROW.hints == ("ne", "por")


def test_a_refusal_may_need_the_first_person() -> None:
    """Where the rest could be said of somebody else."""
    words = dict.fromkeys(("identify", "people", "negation", "see", "image", "elsewhere", "upload"), "x")
    rest = dict.fromkeys(("hints", "talks", "shows", "offers", "turns"), "x")
    row = language(unable="cannot", works="help", me=r"\bi\b", **words, **rest)
    assert re.search(row.refuses, "i cannot help")
    assert not re.search(row.refuses, "he cannot help")
