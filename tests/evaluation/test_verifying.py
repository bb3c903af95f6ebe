"""Captions asked again, thing by thing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_tree import ROOT

from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import SetupError
from vlmkit.evaluation.verifying import claims_of, question_about, verify


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


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("A red circle and two dogs on grass.", ["a red circle", "two dogs"]),
        ("The small brown dog running across a field.", ["a small brown dog", "a field"]),
        (
            "A man is holding an umbrella, a bag and the leash of a dog.",
            ["a man", "an umbrella", "a bag", "a leash", "a dog"],
        ),
        ("There are several old cars; another car is parked.", ["several old cars", "a car"]),
        ("An eagle. The eagle! One eagle?", ["an eagle"]),
        ("A photo. In the background, at the left side.", []),
        ("grass, sky, clouds", []),
        ("", []),
    ],
)
def test_claims(text, claims):
    """Articles and numbers begin a thing; what it does and where it is end it."""
    assert claims_of(text) == claims


def test_the_captions_of_the_scenes_are_taken_apart_rightly():
    """Each object of 200 drawings, and nothing else."""
    for line in (ROOT / "datasets" / "scenes" / "metadata.jsonl").read_text(encoding="utf-8").splitlines():
        scene = json.loads(line)
        things = [f"{thing['color']} {thing['shape']}" for thing in scene["objects"]]
        expected = [f"{'an' if thing.startswith('orange') else 'a'} {thing}" for thing in things]
        assert claims_of(scene["brief"]) == list(dict.fromkeys(expected))


@given(st.text(max_size=200))
def test_any_text_has_claims_or_none(text):
    """Whatever a model wrote: each claim makes a question."""
    for claim in claims_of(text):
        assert question_about(claim).endswith(f"{claim} in this image?")
