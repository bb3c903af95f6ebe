"""Differences: the parts are the text again, and both sides agree on what they share."""

from hypothesis import given
from hypothesis import strategies as st

from vlmkit.views.differences import differing_parts


def shared(parts):
    return [part.split() for part, differs in parts if not differs]


@given(st.lists(st.text(alphabet="ab .,\nÄ", max_size=40), min_size=2, max_size=4))
def test_the_parts_are_the_text_again(texts):
    """Nothing is lost or doubled; equal texts have no difference."""
    for text, parts in zip(texts, differing_parts(texts), strict=True):
        assert "".join(part for part, _ in parts) == text
        assert all(part for part, _ in parts)
        if len(set(texts)) == 1:
            assert not any(differs for _, differs in parts)


def test_what_differs_is_one_stretch():
    """Case and punctuation are read as people do; an insertion is on one side only."""
    old, new = differing_parts(["A red cat sits here.", "a large green cat sits here."])
    assert old == [("A ", False), ("red", True), (" cat sits here.", False)]
    assert new == [("a ", False), ("large green", True), (" cat sits here.", False)]


def test_two_texts_share_the_same_words_whichever_comes_first():
    """The order in which texts are given changes nothing."""
    one, two = "a b a c a b", "b a b c c a"
    assert differing_parts([one, two]) == differing_parts([two, one])[::-1]


def test_very_long_texts_are_left_unmarked():
    """Aligning them would take seconds."""
    texts = ["word " * 1200, "other " * 1200]
    assert differing_parts(texts) == [[(texts[0], False)], [(texts[1], False)]]
