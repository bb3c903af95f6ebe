"""The bundled model knows its world: a floor under every task, on fresh scenes, through the real engine."""

import json
import subprocess
import sys

import pytest

from vlmkit.backends import load
from vlmkit.backends.fake import FakeBackend
from vlmkit.tiny import evaluate, scenes

# Well under what the card says, so that 60 scenes do not fail by chance; far above what guessing would reach.
FLOORS = {"brief": 0.85, "detailed": 0.75, "background": 0.95}


@pytest.fixture(scope="module")
def tiny():
    with load("tiny") as engine:
        yield engine


@pytest.mark.core_model
@pytest.mark.parametrize("task", FLOORS)
def test_the_bundled_model_is_right_about_fresh_scenes(task, tiny):
    """Exact match on scenes that neither training nor the dataset has."""
    (score,) = evaluate.evaluate(tiny, 60, [task])
    assert score.total == 60
    assert score.accuracy >= FLOORS[task], score.wrong


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
