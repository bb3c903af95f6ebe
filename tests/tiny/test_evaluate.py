"""The bundled model knows its world: a floor under some tasks, on fresh scenes, through the real engine."""

import json
import subprocess
import sys

import pytest

from vlmkit.backends import load
from vlmkit.backends.fake import FakeBackend
from vlmkit.tiny import evaluate, phrasings, picturing, questions, scenes

# Well under what the card says, so that 60 scenes do not fail by chance; far above what guessing would reach.
FLOORS = {"brief": 0.85, "detailed": 0.75, "background": 0.95}


@pytest.fixture(scope="module")
def tiny():
    with load("tiny") as engine:
        yield engine


@pytest.mark.core_model
@pytest.mark.parametrize("task", FLOORS)
def test_the_bundled_model_is_right_about_fresh_scenes(task, tiny):
    """Asked as vlmkit asks, about scenes that neither training nor the dataset has."""
    prompt = phrasings.STYLE_PROMPTS.get(task, "What is the background color?")
    asked = [scenes.make(evaluate.FIRST_SEED + number) for number in range(60)]
    wrong = []
    for scene in asked:
        said = tiny.generate(scene.draw(), prompt).text.strip()
        truth = scene.background if task == "background" else scene.caption(task)
        if said != truth:
            wrong.append((truth, said))
    assert len(wrong) <= (1 - FLOORS[task]) * 60, wrong


@pytest.mark.core_model
def test_all_tasks_and_measures_can_be_taken_of_any_weights(tiny):
    """Every line has a share, boxes their overlap, doubt its parts; nothing is measured that was not asked."""
    scores = evaluate.evaluate(tiny, 4, [*questions.TASKS, *evaluate.MEASURES], unseen=True)
    assert [score.task for score in scores] == [f"{name} (unseen)" for name in (*questions.TASKS, *evaluate.MEASURES)]
    assert all(0 <= score.accuracy <= 1 and score.total == 4 for score in scores)
    further = {score.task.split()[0]: set(score.further) for score in scores if score.further}
    assert further == {
        "box": {"mean_overlap"},
        "calibration": {"calibration_error", "sharp_accuracy", "spoiled_accuracy", "mean_confidence"},
        "elsewhere": {"false_alarms"},
    }


def test_a_model_that_takes_nothing_for_a_scene_is_right_elsewhere_and_alarms_everywhere():
    """Both shares come from the same answers."""
    backend = FakeBackend(replies=picturing.NOT_A_SCENE)
    try:
        (score,) = evaluate.evaluate(backend, 20, ["elsewhere"])
    finally:
        backend.close()
    assert score.accuracy == 1
    assert score.further == {"false_alarms": 1}


def test_every_difference_counts_as_wrong():
    """A model that always says the same is right exactly where that is the truth."""
    backend = FakeBackend(replies="white")
    try:
        (score,) = evaluate.evaluate(backend, 40, ["background"])
    finally:
        backend.close()
    white = sum(scenes.make(evaluate.FIRST_SEED + number).background == "white" for number in range(40))
    assert (score.right, score.total) == (white, 40)
    assert len(score.wrong) == 5
    assert all(truth != answer == "white" for _, truth, answer in score.wrong)


@pytest.mark.core_model
def test_the_command_prints_one_line_a_task():
    """The table and the JSON come from the same run of the same questions."""
    command = [sys.executable, "-W", "ignore", "-m", "vlmkit.tiny.evaluate", "--count", "4", "--tasks", "background"]
    done = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True, timeout=300)
    assert list(json.loads(done.stdout)) == ["background"]
