"""Rows that a person stands by."""

import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.evaluation.gold import accepted


@pytest.fixture
def reviewed():
    """Two reviewed fields, in all states."""
    return pd.DataFrame(
        {
            "path": list("abcde"),
            "brand": list("vwxyz"),
            "caption": ["A", "B", "C", "D", "E"],
            "caption_status": ["accepted", "edited", "rejected", "auto", "accepted"],
            "caption_original": ["A", "b", "C", "D", "E"],
            "caption_error": [None] * 5,
            "count": [1, 2, 3, 4, 5],
            "count_status": ["accepted", "auto", "accepted", "accepted", "edited"],
        }
    )


def test_accepted_and_edited_rows(reviewed):
    """With the picture, what prompts may read, and the value as it stands now."""
    gold = accepted(reviewed, "caption")
    assert gold["caption"].tolist() == ["A", "B", "E"]
    assert list(gold.columns) == ["path", "brand", "caption", "count", "count_status"]


def test_all_reviewed_fields_must_be_right(reviewed):
    """One that nobody looked at is not an example."""
    gold = accepted(reviewed)
    assert gold.index.tolist() == [0, 4]
    assert list(gold.columns) == ["path", "brand", "caption", "count"]


def test_a_review_gives_examples(scenes):
    """From the review itself: what was accepted and what was edited."""
    from vlmkit.views.reviewing import review

    going = review(scenes.head(3).assign(caption=["one", "two", "three"]), "caption", store=False)
    going.accept(0)
    going.edit(2, "drei")
    assert accepted(going.frame)["caption"].tolist() == ["one", "drei"]


def test_nothing_was_reviewed(reviewed):
    """The message says how to begin."""
    with pytest.raises(SetupError, match=r"df\.vlm\.review"):
        accepted(reviewed[["path", "caption"]])
    with pytest.raises(SetupError, match="'brand' was not reviewed"):
        accepted(reviewed, "brand")
