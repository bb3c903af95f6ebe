"""Things that captions claim."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_tree import ROOT

from vlmkit.evaluation.claims import claims_of, question_about


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
