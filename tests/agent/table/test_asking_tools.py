"""Asking about pictures: the bundled model's answers through runner and store, faults by row, an end in time."""

import threading

import pandas as pd
import pytest
from scene_tables import Called, scene_table

from vlmkit.agent.calls import CallInProgress
from vlmkit.backends import Abilities
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import Cancelled, ToolError, Unreachable


@pytest.fixture
def fake():
    """Make models that say what they are told to, one answer after another; closed at the end."""
    opened = []

    def make(**options):
        opened.append(FakeBackend(**options, abilities=Abilities(parallel_asks=1)))
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


def test_answers_are_the_models_and_asked_again_they_cost_nothing(tmp_path):
    """Each with its row and how sure the model was; the second time they come out of the store."""
    table = scene_table(4)
    called = Called(table, store=tmp_path / "answers.sqlite")
    asked = {"question": "How many objects are there?", "rows": [3, 0, 1], "kind": "count"}
    first = called.ask(**asked).data
    assert [(each["row"], each["answer"]) for each in first["answers"]] == [
        (row, table["count"].iloc[row]) for row in (3, 0, 1)
    ]
    assert all(0.5 < each["confidence"] <= 1 for each in first["answers"])
    assert "known_before" not in first
    assert called.ask(**asked).data == {**first, "known_before": 3}
    latest = called.run_status().data["runs"][0]
    assert (latest["model"], latest["ok"], latest["from_store"]) == ("mlx:tiny", 3, 3)
    assert called.run_status(run=latest["run"]).data["errors"] == []


def test_the_kind_of_an_answer_is_what_was_asked_for():
    """Truths, one of some choices, words; a question may read the row; a picture can be described."""
    called = Called(scene_table(2))
    assert called.ask(question="Is there a red square?", rows=[0], kind="yes_no").data["answers"][0]["answer"] is True
    color = called.ask(question="Which color is the {tags}?", rows=[0], choices=["red", "blue"]).data["answers"][0]
    assert color["answer"] == "red"
    told = called.describe_image(row=0, style="brief").data
    assert (told["row"], told["style"], told["description"]) == (0, "brief", scene_table(1)["caption"].iloc[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": [99]}, "row 99: the table has rows 0 to 1"),
        ({"rows": list(range(51))}, "at most 50 items"),
        ({"question": " "}, "give a text that is not empty"),
        ({"question": "Is {nothing} right?"}, "{nothing} is not a column"),
        ({"kind": "one_of"}, 'kind "one_of" needs the answers to choose from'),
        ({"kind": "count", "choices": ["one"]}, "choices go with kind \"one_of\", not with 'count'"),
        ({"kind": "one_of", "choices": ["a", "A"]}, "choices"),
    ],
)
def test_what_cannot_be_asked_says_why(arguments, message):
    """Before a model is opened."""
    called = Called(scene_table(2), model="mlx:there-is-no-such-model")
    with pytest.raises(ToolError, match=message):
        called.ask(**{"question": "What is it?", "rows": [0], **arguments})


def test_no_model_is_a_mistake_that_can_be_mended():
    """It says how to name one."""
    called = Called(scene_table(1), model=None)
    assert called.describe_table().data["pictures_are_asked_about_by"] == "nobody: no model was named"
    with pytest.raises(ToolError, match="No model was named"):
        called.ask(question="What is it?", rows=[0])


def test_a_fault_is_that_of_its_row(tmp_path, fake):
    """The others are answered; a question fails only where nothing can be asked."""
    table = pd.DataFrame({"foto": [str(tmp_path / "none.jpg"), scene_table(1)["path"].iloc[0]], "answer": ["x", "y"]})
    called = Called(table, image="foto", model=fake(replies="a square"))
    told = called.ask(question="What is it?", rows=[0, 1]).data
    assert (told["failed"], told["answers"][1]["answer"]) == (1, "a square")
    assert told["answers"][0]["answer"] is None
    assert "none.jpg" in told["answers"][0]["error"]
    assert str(tmp_path) not in str(told)


def test_a_model_that_cannot_be_reached_is_told(fake):
    """With the reason, and nothing else breaks."""
    called = Called(scene_table(1), model=fake(replies=Unreachable("http://x: refused. Start the server.")))
    with pytest.raises(ToolError, match="Start the server"):
        called.ask(question="What is it?", rows=[0])


def test_what_is_not_answered_in_time_is_named(fake):
    """The rest comes as it is, with the rows to ask for again."""
    called = Called(scene_table(3), model=fake(replies="a square", delay_s=[0, 60, 60]), timeout_s=1)
    told = called.ask(question="What is it?", rows=[0, 1, 2]).data
    assert told["answers"] == [{"row": 0, "answer": "a square"}]
    assert told["rows_not_asked"] == [1, 2]
    assert "Call again with these rows" in told["why"]


def test_a_stop_from_another_thread_ends_what_is_asked(fake):
    """At once, and for good."""
    called = Called(scene_table(3), model=fake(replies="a square", delay_s=60))
    threading.Timer(0.2, called.tools.stop).start()
    assert called.ask(question="What is it?", rows=[0, 1, 2]).data["rows_not_asked"] == [0, 1, 2]
    assert called.ask(question="What is it?", rows=[0]).data["rows_not_asked"] == [0]
    assert called.describe_image(row=0).data["error"].startswith("There was no time")


def test_whoever_waits_hears_how_far_it_is_and_can_end_it(fake):
    """Row by row; nobody waiting any more ends the run."""
    heard = []
    call = CallInProgress(lambda done, total, _: heard.append((done, total)))
    called = Called(scene_table(3), model=fake(replies="a square", delay_s=0.2))
    with call.entered():
        called.ask(question="What is it?", rows=[0, 1, 2])
    assert heard[0] == (1, 3)
    given_up = CallInProgress()
    given_up.end.set()
    with given_up.entered(), pytest.raises(Cancelled, match="Nobody waits"):
        Called(scene_table(3), model=fake(delay_s=60)).ask(question="What is it?", rows=[0, 1, 2])
