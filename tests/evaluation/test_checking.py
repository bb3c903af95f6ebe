"""A seeing model, blind ones, broken ones and absent ones."""

from dataclasses import replace

import pytest

from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import ServerFault, UnknownModel
from vlmkit.evaluation.checking import check


def results(table):
    return dict(zip(table["check"], table["result"], strict=True))


def why(table, name):
    return table.set_index("check").loc[name, "why"]


@pytest.fixture
def fake():
    """Open fake backends and close them afterwards."""
    opened = []

    def make(replies, **abilities):
        opened.append(FakeBackend(replies=replies, abilities=Abilities(**abilities)))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.mark.core_model
def test_the_bundled_model_sees():
    """It sees, upright, keeps to a schema and streams; of two pictures at once it knows nothing, and that is said."""
    table = check("tiny", seed=5)
    assert results(table) == {
        "reachable": "yes",
        "answers": "yes",
        "sees": "yes",
        "upright": "yes",
        "json_schema": "yes",
        "several_pictures": "no",
        "streams": "yes",
        "faithful": "yes",
    }
    assert why(table, "faithful").startswith("Its answers are those of transformers.")
    assert "8 of 8" in why(table, "sees")
    assert "filled rightly" in why(table, "json_schema")
    assert (table["seconds"].iloc[:-1] > 0).all()


@pytest.mark.parametrize("answer", ["I see a red circle.", "red", "It is a lovely picture.", "square"])
def test_a_blind_model_is_found_out(fake, answer):
    """Whatever it says all the time, it does not see; what needs eyes is unknown."""
    found = results(check(fake(answer), seed=1))
    assert found["answers"] == "yes"
    assert found["sees"] == "no"
    assert found["upright"] == found["json_schema"] == found["several_pictures"] == "unknown"


def test_a_blind_model_that_guesses_from_the_question(fake):
    """Names of the right kind are not enough either."""

    def guess(ask):
        return "red" if "What color" in ask.prompt else "circle"

    table = check(fake(guess), seed=3)
    assert results(table)["sees"] == "no"
    assert "of 8" in why(table, "sees")


def test_a_model_that_fails_says_how(fake):
    """Its fault is the reason; what follows is unknown."""
    table = check(fake(ServerFault("out of memory")))
    assert results(table)["answers"] == "no"
    assert why(table, "answers") == "ServerFault: out of memory"
    assert set(results(table).values()) == {"yes", "no", "unknown"}
    assert results(table)["sees"] == "unknown"


def test_a_model_that_fails_now_and_then_is_not_called_blind(fake):
    """Answers that did not come say nothing about its eyes."""
    table = check(fake(["red", ServerFault("busy")]), seed=1)
    assert results(table)["sees"] == "unknown"
    assert "4 failed, the first: ServerFault: busy" in why(table, "sees")


def test_a_model_that_cannot_be_opened_is_a_no(tmp_path):
    """The table says why; a name that means nothing raises."""
    table = check(f"mlx:{tmp_path}")
    assert results(table)["reachable"] == "no"
    assert set(table["result"][1:]) == {"unknown"}
    with pytest.raises(UnknownModel):
        check("nothing-like-that")


@pytest.mark.core_model
def test_a_real_server_sees(mlx_vlm_server):
    """The same model behind HTTP: pictures arrive there, upright, and the answer streams."""
    found = results(check(mlx_vlm_server, seed=5))
    assert [found[name] for name in ("reachable", "answers", "sees", "upright", "streams")] == ["yes"] * 5


@pytest.mark.parametrize(
    ("faithfulness", "result"),
    [
        ("same", "yes"),
        ("nearly", "yes"),
        ("differs", "no"),
        ("wrong", "no"),
        ("never compared", "unknown"),
        (None, "unknown"),
    ],
)
def test_what_was_measured_of_a_family_is_said(fake, faithfulness, result):
    """No question to the model can find it out; of a server nothing is known."""
    backend = fake("red")
    backend.info = replace(backend.info, faithfulness=faithfulness, remarks=("Tiles.",) if faithfulness else ())
    table = check(backend, seed=1)
    assert results(table)["faithful"] == result
    expected = "Tiles." if faithfulness else "only models in this process were compared with transformers"
    assert why(table, "faithful").endswith(expected)
