"""Training learns, checkpoints, and goes on where it was cut off."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

mx = pytest.importorskip("mlx.core")

from vlmkit.tiny import batches, blueprint, train  # noqa: E402

pytestmark = pytest.mark.core_model

PLAN = train.Plan(eye_steps=6, steps=10, decay_steps=2, eye_pictures=4, pictures=2)


@pytest.fixture(scope="module")
def tokenizer():
    """A small one, trained in a second."""
    return blueprint.train_tokenizer(500)


def prepared(folder, tokenizer):
    """A folder of checkpoints that has its tokenizer already."""
    blueprint.write_files(folder / "model", tokenizer)
    return folder


def weights(folder):
    return mx.load(str(folder / "model.safetensors"))


def test_rate_rises_holds_and_falls():
    """Warm-up at the start of both stages, nothing left at the end."""
    plan = train.Plan(eye_steps=1000, steps=3000, decay_steps=500, rate=1.0)
    assert plan.share_at(0) == pytest.approx(0.01)
    assert plan.share_at(500) == 1.0
    assert plan.share_at(1000) == pytest.approx(0.01)
    assert plan.share_at(2000) == 1.0
    assert plan.share_at(2750) == pytest.approx(0.5)
    assert plan.share_at(3000) == 0.0


def test_a_limit_in_minutes_brings_the_end_forward():
    """The same share of the time is spent on the decay as of the steps, wherever the steps are by then."""
    plan = train.Plan(eye_steps=0, steps=10_000, decay_steps=2000, rate=1.0, minutes=10)
    assert plan.share_at(3000, seconds=479) == 1.0
    assert plan.share_at(3000, seconds=540) == pytest.approx(0.5)
    assert plan.share_at(3000, seconds=600) == 0.0
    assert plan.is_over(3000, 600)
    assert not plan.is_over(3000, 599)
    assert not train.Plan(steps=10).is_over(9, 1e9)


def test_interrupted_training_ends_in_the_same_weights(tmp_path, tokenizer):
    """Six steps and then four more give what ten at once give."""
    whole = train.train(PLAN, prepared(tmp_path / "whole", tokenizer))
    cut = prepared(tmp_path / "cut", tokenizer)
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


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow_test
def test_the_eye_learns_something_in_a_minute(tmp_path, tokenizer):
    """The loss of the heads falls well below its start."""
    plan = train.Plan(eye_steps=40, steps=40, decay_steps=1, eye_pictures=8, warmup_steps=10)
    train.train(plan, prepared(tmp_path, tokenizer))
    log = log_of(tmp_path)
    assert log[-1]["heads"] < 0.85 * log[0]["heads"]


@pytest.mark.slow_test
def test_the_log_tells_how_often_each_task_was_asked_and_its_loss(tmp_path, tokenizer):
    """Steps, seconds and rate, too; it is what one looks at while hours pass."""
    train.train(train.Plan(eye_steps=0, steps=20, decay_steps=1, pictures=1), prepared(tmp_path, tokenizer))
    (entry,) = log_of(tmp_path)
    assert entry["step"] == 20
    assert entry["seconds"] > 0
    assert set(entry["asked"]) <= set(batches.TASKS)
    assert 20 * 6 <= sum(entry["asked"].values()) <= 20 * 7
    assert all(loss > 0 for loss in entry["losses"].values())
    assert len(entry["losses"]) > 10


def command(folder, **plan):
    options = [part for name, value in plan.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    return [sys.executable, "-W", "ignore", "-m", "vlmkit.tiny.train", "--checkpoints", str(folder), *options]


def without_rank():
    return {name: value for name, value in os.environ.items() if not name.startswith("MLX_")}


def test_the_command_trains_alone_by_default_and_stops_in_time(tmp_path, tokenizer):
    """Nothing about other processes is needed; the time is up long before the steps are."""
    plan = {"eye_steps": 1, "steps": 100_000, "eye_pictures": 1, "pictures": 1, "minutes": 0.05}
    subprocess.run(command(prepared(tmp_path, tokenizer), **plan), check=True, timeout=300, env=without_rank())
    written = mx.load(str(tmp_path / "model" / "model.safetensors"), return_metadata=True)[1]
    assert 1 <= int(written["step"]) < 100_000
    assert json.loads(mx.load(str(tmp_path / "last.safetensors"), return_metadata=True)[1]["notes"])["seconds"] >= 3


@pytest.mark.slow_test
def test_a_killed_training_goes_on(tmp_path, tokenizer):
    """Kill -9 in the middle of steps and checkpoints, three times; the last run ends as if nothing had happened."""
    plan = {"eye_steps": 4, "steps": 40, "eye_pictures": 2, "pictures": 1, "save_every_s": 0.0}
    folder, reached = prepared(tmp_path, tokenizer), 0
    for _ in range(3):
        running = subprocess.Popen(command(folder, **plan), env=without_rank(), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while step_of(folder) < reached + 4 and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
        running.wait(60)
        assert step_of(folder) >= reached + 4
        reached = step_of(folder)
    assert reached < 40
    subprocess.run(command(folder, **plan), check=True, timeout=300, env=without_rank())
    assert step_of(folder) == 40
    assert [entry["step"] for entry in log_of(folder)][-1] == 40
    assert all(mx.isfinite(array).all().item() for array in weights(folder / "model").values())


def step_of(folder):
    """Step of the last whole checkpoint."""
    if not (folder / "last.safetensors").exists():
        return 0
    return int(mx.load(str(folder / "last.safetensors"), return_metadata=True)[1]["step"])


@pytest.mark.slow_test
def test_two_processes_train_together(tmp_path):
    """The command line starts the second process; both step in time and one model is written."""
    plan = {"eye_steps": 2, "steps": 4, "eye_pictures": 2, "pictures": 1, "processes": 2}
    subprocess.run(command(tmp_path, **plan), check=True, timeout=300, env=without_rank())
    assert (tmp_path / "model" / "model.safetensors").stat().st_size < 12_000_000
