"""The comparison's messages: answers without names, votes by place, standings apart."""

import json
import logging

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.widgets.comparison import ComparisonView


@pytest.fixture
def compared(paths):
    """Captions of two models for six pictures; one pair is the same."""
    frame = pd.DataFrame(
        {
            "path": paths(6),
            "model_x": [f"a cat {n}" for n in range(5)] + ["same"],
            "model_y": [f"a dog\u202e {n}" for n in range(5)] + ["same"],
        }
    )
    return vk.compare_view(frame, ["model_x", "model_y"], store=False)


@pytest.fixture
def front(compared, listen):
    """Its face."""
    return listen(ComparisonView(compared))


def test_answers_come_without_names_in_the_blinded_order(front, compared):
    """Neither the state nor a pair says which model said what."""
    front.say("open", place=2)
    pair, _ = front.hear("pair")
    said = ["".join(text for text, _ in option) for option in pair["options"]]
    expected = {"model_x": "a cat 2", "model_y": "a dog⟨U+202E⟩ 2"}
    assert said == [expected[column] for column in compared.blinded(2)]
    assert pair["options"][0][0] == ["a ", False]
    assert pair["slot"] is None
    assert "model_" not in json.dumps([pair, front.face.get_state(["total", "options"])])


def test_votes_are_by_place_and_lead_on(front, compared):
    """The next pair without a vote follows; a pair that was voted on says so."""
    front.say("next", place=-1)
    assert front.hear("pair")[0]["place"] == 0
    front.say("vote", place=0, slot=1)
    assert compared.choice(0) == compared.blinded(0)[1]
    assert front.hear("pair")[0]["place"] == 1
    front.say("vote", place=1, slot=None)
    assert compared.choice(1) == "tie"
    front.say("open", place=0)
    assert front.hear("pair")[0]["place"] == 2
    assert front.hear("pair")[0]["slot"] == 1
    for place in (2, 3, 4):
        front.say("vote", place=place, slot=0)
    pairs = [pair["place"] for pair, _ in front.hear("pair", count=3)]
    assert pairs == [3, 4, 4]
    front.say("undo")
    assert front.hear("pair")[0]["place"] == 4
    assert compared.choice(4) is None
    told, _ = front.hear("votes")
    assert told["votes"] == 4
    assert {row["name"] for row in told["standings"]} == {"model_x", "model_y"}
    assert told["standings"][0].keys() == {"name", "wins", "losses", "ties", "win_rate", "low", "high"}


def test_without_votes_there_is_no_rate(front):
    """Numbers that are none travel as null."""
    front.say("standings")
    told, _ = front.hear("votes")
    assert told["client"] == "c"
    assert told["standings"][0]["win_rate"] is None


@pytest.mark.parametrize(
    "message", [{"slot": 2}, {"slot": -1}, {"slot": "x"}, {"place": 99, "slot": 0}, {"place": None, "slot": 0}]
)
def test_a_wrong_vote_does_nothing(front, compared, message, caplog):
    """It is left out with a line in the log."""
    with caplog.at_level(logging.WARNING, "vlmkit.widgets"):
        front.say("vote", **{"place": 0, **message})
    assert "was left out" in caplog.text
    assert compared.frame["preferred"].isna().all()


def test_a_comparison_of_nothing_is_shown(paths, listen):
    """All answers the same: no pair, no error."""
    frame = pd.DataFrame({"path": paths(2), "a": ["x", "y"], "b": ["x", "y"]})
    front = listen(ComparisonView(vk.compare_view(frame, ["a", "b"], store=False)))
    front.say("next", place=-1)
    front.say("open", place=0)
    assert front.is_silent()
    assert front.face.get_state()["total"] == 0


def test_pictures_come_on_request(front):
    """The one that is shown, and a larger one of it."""
    front.say("thumbnails", rows=[1])
    assert front.hear("thumbnail")[0]["row"] == 1
    front.say("enlarge", place=1)
    assert front.hear("picture")[0]["label"].endswith("img1.png")


def test_where_no_kernel_lives_the_answers_are_shown(compared, notebook):
    """With their columns' names and what was voted."""
    compared.vote(0, "model_y")
    data, _ = compared._repr_mimebundle_()
    assert data["text/plain"] == "BlindComparison(model_x, model_y: 1 of 5 rows voted on)"
    assert data["text/html"].count("<img ") == 5
    assert ">model_y</td>" in data["text/html"]
