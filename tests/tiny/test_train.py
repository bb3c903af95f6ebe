"""Training learns, checkpoints, and goes on where it was cut off."""

import json
import subprocess
import sys

import pytest

mx = pytest.importorskip("mlx.core")

from vlmkit.tiny import train  # noqa: E402

pytestmark = pytest.mark.core_model

PLAN = train.Plan(eye_steps=6, steps=10, decay_steps=2, eye_pictures=4, pictures=2)


def weights(folder):
    return mx.load(str(folder / "model.safetensors"))


def test_rate_rises_holds_and_falls():
    """Warm-up at the start of both stages, nothing left at the end."""
    plan = train.Plan(eye_steps=1000, steps=3000, decay_steps=500, rate=1.0)
    assert plan.rate_at(0) == pytest.approx(0.01)
    assert plan.rate_at(500) == 1.0
    assert plan.rate_at(1000) == pytest.approx(0.01)
    assert plan.rate_at(2000) == 1.0
    assert plan.rate_at(2750) == pytest.approx(0.5)
    assert plan.rate_at(3000) == 0.0


def test_interrupted_training_ends_in_the_same_weights(tmp_path):
    """Six steps and then four more give what ten at once give."""
    whole = train.train(PLAN, tmp_path / "whole")
    cut = tmp_path / "cut"
    stop_at(cut, 7)
    train.train(PLAN, cut)
    reference, resumed = weights(whole), weights(cut / "model")
    assert all(mx.allclose(reference[name], resumed[name], atol=2e-3).item() for name in reference)
    assert mx.load(str(cut / "last.safetensors"), return_metadata=True)[1]["step"] == "10"


def stop_at(folder, step):
    """Run the same plan but leave after some steps, as a killed process would after its last checkpoint."""
    plan = train.Plan(**{**vars_of(PLAN), "save_every_s": 0.0})
    original = train._learn

    def learn(state, plan, batch, value_and_grad):
        if state.step == step:
            raise KeyboardInterrupt
        return original(state, plan, batch, value_and_grad)

    train._learn = learn
    try:
        with pytest.raises(KeyboardInterrupt):
            train.train(plan, folder)
    finally:
        train._learn = original


def vars_of(plan):
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def test_the_eye_learns_something_in_a_minute(tmp_path):
    """The loss of the heads falls well below its start."""
    train.train(train.Plan(eye_steps=60, steps=60, decay_steps=1, eye_pictures=16), tmp_path)
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["heads"] < 0.8 * log[0]["heads"]


@pytest.mark.slow_test
def test_two_processes_train_together(tmp_path):
    """The command line starts the second process; both step in time and one model is written."""
    command = [sys.executable, "-m", "vlmkit.tiny.train", "--checkpoints", str(tmp_path), "--processes", "2"]
    plan = ["--eye-steps", "2", "--steps", "4", "--eye-pictures", "2", "--pictures", "1"]
    subprocess.run([*command, *plan], check=True, timeout=300)
    assert (tmp_path / "model" / "model.safetensors").stat().st_size < 12_000_000
