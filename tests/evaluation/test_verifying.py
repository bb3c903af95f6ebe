"""Captions asked again, thing by thing."""

import pytest

from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import SetupError
from vlmkit.evaluation.verifying import verify


@pytest.mark.core_model
def test_invented_captions_are_found_out(scenes, truth, store):
    """Of true captions nearly everything is confirmed; of those of other pictures, little."""
    captions = truth["brief"].tolist()
    table = scenes.head(12).assign(true=captions[:12], invented=captions[40:52])
    table = verify(verify(table, "true", model="tiny", store=store), "invented", model="tiny", store=store)
    assert table["true_confirmed"].mean() > 0.9
    assert table["invented_confirmed"].mean() < 0.4
    assert table["invented_denied"].str.contains("circle|square|triangle|star|cross").any()


def test_what_is_not_answered_is_not_denied(scenes):
    """The share is of the claims with an answer; without claims or answers it is NA."""
    backend = FakeBackend(
        replies=lambda ask: {"Is there a cat": "no", "Is there a dog": "yes"}.get(ask.prompt[:14], "?")
    )
    table = scenes.head(4).assign(caption=["A cat and a dog.", "grass", None, "A bird."])
    told = verify(table, "caption", model=backend, store=False)
    backend.close()
    assert told["caption_claims"].tolist() == [2, 0, 0, 1]
    assert told["caption_confirmed"].fillna(-1).tolist() == [0.5, -1, -1, -1]
    assert told["caption_denied"].fillna("").tolist() == ["a cat", "", "", ""]
    assert [name for name in told.columns if name not in table.columns] == [
        "caption_claims",
        "caption_confirmed",
        "caption_denied",
    ]


def test_nothing_claimed_asks_nobody(scenes):
    """Not even a model is opened."""
    told = verify(scenes.head(2).assign(caption="grass"), "caption", model="mlx:/nowhere/at/all")
    assert told["caption_claims"].tolist() == [0, 0]


def test_wrong_calls(scenes):
    """No such column, or there already."""
    with pytest.raises(SetupError, match="no column 'caption'"):
        verify(scenes, "caption")
    with pytest.raises(SetupError, match="'format_claims' is there already"):
        verify(scenes.assign(format_claims=1), "format")
