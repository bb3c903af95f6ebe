"""Train `tiny`: ``python -m vlmkit.tiny.train``.

Two stages. First the eye alone learns, from linear heads that read each image token (shape, color, size, ordinal and
box of what the cell holds, the letters of each row, background and count of the whole): dense truth teaches sight far
faster than captions do. Then eye and text model learn together from captions and questions, the heads still helping,
and one more that tells halfway through the text model which cells a question is about; at the end all heads are thrown
away.
Muon (https://kellerjordan.github.io/posts/muon/) for the matrices between layers, AdamW for the rest; warm-up, constant
rate, linear decay over the last part, which comes in time where ``--minutes`` limits it; tasks that are still wrong are
asked more often; the shipped weights are an exponential moving average.
Several processes share the work, one to a core, and average their gradients. Interrupt at will: the next start resumes
from the last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from vlmkit.extras import open_by_name

# OpenBLAS must be in the process before MLX is.
open_by_name("vlmkit.engines.blas:prepare")()

import mlx.core as mx  # noqa: E402
import mlx.optimizers as optim  # noqa: E402
from mlx import nn  # noqa: E402
from mlx.utils import tree_flatten, tree_map, tree_unflatten  # noqa: E402

from vlmkit.tiny import blueprint, forward  # noqa: E402
from vlmkit.tiny.batches import Batch, balanced, draw_ahead  # noqa: E402
from vlmkit.tiny.forward import adopted  # noqa: E402
from vlmkit.tiny.learning import Learner  # noqa: E402

__all__ = ["Plan", "main", "train"]

_BALANCE_EVERY = 500  # steps after which the shares of the tasks are looked at again
_LOG_EVERY = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How long and how hard to train.

    Attributes
    ----------
    eye_steps, steps : int
        Steps of the first stage, and of both together.
    decay_steps : int
        The last steps, over which the rate falls to nothing.
    eye_pictures, pictures : int
        Pictures a step and process in the first and the second stage.
    warmup_steps : int
        First steps of each stage, over which the rate rises.
    rate : float
        Peak learning rate of AdamW.
    hidden_rate : float
        Peak learning rate of Muon.
    average : float
        Decay of the moving average of the weights.
    smoothing : float
        Share of each target token that is spread over all tokens.
    minutes : float
        When to be done at the latest, counted over all runs; 0 means no limit. The rate falls in time.
    save_every_s : float
        Seconds between checkpoints.
    """

    eye_steps: int = 1000
    steps: int = 12000
    decay_steps: int = 2000
    eye_pictures: int = 64
    pictures: int = 8
    warmup_steps: int = 100
    rate: float = 1e-3
    hidden_rate: float = 1e-2
    average: float = 0.998
    smoothing: float = 0.0005
    minutes: float = 0.0
    save_every_s: float = 180.0

    def share_at(self, step: int, seconds: float = 0.0) -> float:
        """Part of the peak rates at a step: warm-up at the start of each stage, then constant, then linear decay.

        Parameters
        ----------
        step : int
        seconds : float, default 0
            Trained until now; counts where `minutes` is a limit.
        """
        since = step if step < self.eye_steps else step - self.eye_steps
        rise = min(1.0, (since + 1) / max(1, self.warmup_steps))
        fall = min(1.0, max(0.0, (self.steps - step) / max(1, self.decay_steps)))
        if self.minutes:
            decay_s = 60 * self.minutes * self.decay_steps / max(1, self.steps)
            fall = min(fall, max(0.0, (60 * self.minutes - seconds) / max(1e-9, decay_s)))
        return rise * fall

    def is_over(self, step: int, seconds: float) -> bool:
        """Whether all steps are done, or all the time is spent."""
        return step >= self.steps or bool(self.minutes and seconds >= 60 * self.minutes)


class _State:
    """Everything a checkpoint holds, and how to write and read it."""

    def __init__(self, plan: Plan, folder: Path, seed: int) -> None:
        mx.random.seed(seed)
        self.folder = folder
        self.step = 0
        self.seconds = 0.0  # of training, over all runs
        self.shares = balanced({})
        self.group = mx.distributed.init()  # alone unless `_launch` named the others
        self.learner = Learner(forward.build(), plan.smoothing)
        self.hidden = optim.Muon(plan.hidden_rate, momentum=0.95, weight_decay=0.0)
        self.rest = optim.AdamW(plan.rate, betas=[0.9, 0.98], weight_decay=0.05, bias_correction=True)
        self.optimizer = optim.MultiOptimizer([self.hidden, self.rest], [_is_hidden])
        self.optimizer.init(self.learner.trainable_parameters())
        self.average = tree_map(mx.array, self.learner.model.parameters())
        mx.eval(self.learner.parameters(), self.average)

    def save(self) -> None:
        """Write a checkpoint in one rename, so that a cut-off write leaves the one before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        trees: dict[str, Any] = {
            "learner": self.learner.parameters(),
            "optimizer": self.optimizer.state,
            "average": self.average,
        }
        arrays = {f"{name}.{key}": value for name, tree in trees.items() for key, value in _leaves(tree)}
        partial = self.folder / "partial.safetensors"
        notes = {"seconds": self.seconds, "shares": self.shares, "losses": self.learner.tally.losses}
        mx.save_safetensors(str(partial), arrays, metadata={"step": str(self.step), "notes": json.dumps(notes)})
        partial.replace(self.folder / "last.safetensors")

    def load(self) -> None:
        """Continue from the last checkpoint where there is one."""
        file = self.folder / "last.safetensors"
        if not file.exists():
            return
        loaded: Any = mx.load(str(file), return_metadata=True)
        arrays, metadata = loaded
        trees: dict[str, list[tuple[str, mx.array]]] = {"learner": [], "optimizer": [], "average": []}
        for key, value in arrays.items():
            name, _, rest = key.partition(".")
            trees[name].append((rest, value))
        self.learner.update(tree_unflatten(trees["learner"]))
        self.optimizer.state = tree_unflatten(trees["optimizer"])
        self.average = tree_unflatten(trees["average"])
        self.step = int(metadata["step"])
        notes = json.loads(metadata["notes"])
        self.seconds, self.shares = notes["seconds"], notes["shares"]
        self.learner.tally.losses = notes["losses"]

    def adopt(self, weights: Path) -> list[str]:
        """Start from other weights where they fit; returns the names of those that stay random."""
        arrays, left = adopted(self.learner.model, weights, self.folder / "model" / "tokenizer.json")
        self.learner.model.update(tree_unflatten(list(arrays.items())))
        self.average = tree_map(mx.array, self.learner.model.parameters())
        return left


def _is_hidden(name: str, weight: mx.array) -> bool:
    """Whether a weight is a matrix from layer to layer; tables of tokens and of positions are not."""
    at_an_end = any(part in name for part in ("embed", "lm_head"))
    return name.startswith("model.") and weight.ndim == 2 and not at_an_end


def _leaves(tree: Any) -> list[tuple[str, Any]]:
    leaves: Any = tree_flatten(tree)
    return list(leaves)


def train(plan: Plan, checkpoints: Path, *, seed: int = 0, start_from: Path | None = None) -> Path:
    """Train, or go on training, and write a loadable model.

    Parameters
    ----------
    plan : Plan
    checkpoints : Path
        Folder of the checkpoint, the tokenizer, the log (``log.jsonl``) and, in ``model/``, the model.
    seed : int, default 0
        Of the first weights; the pictures follow from the step number.
    start_from : Path or None
        A ``model.safetensors``, its ``tokenizer.json`` beside it, to begin with when there is no checkpoint yet.
        What has another shape begins afresh.

    Returns
    -------
    Path
        The folder of the model.
    """
    model_folder = checkpoints / "model"
    state = _State(plan, checkpoints, seed)
    if state.group.rank() == 0 and not (model_folder / "tokenizer.json").exists():
        blueprint.write_files(model_folder, blueprint.train_tokenizer())
    mx.eval(mx.distributed.all_sum(mx.ones(1), group=state.group))  # nobody goes on before the files are there
    if start_from is not None and not (checkpoints / "last.safetensors").exists():
        left = state.adopt(start_from)
        print(f"{len(left)} arrays begin afresh: {', '.join(left) or 'none'}", file=sys.stderr)
    state.load()
    _stage(state, plan, until=min(plan.eye_steps, plan.steps), pictures=plan.eye_pictures, texts=False)
    _stage(state, plan, until=plan.steps, pictures=plan.pictures, texts=True)
    _finish(state, model_folder)
    return model_folder


def _stage(state: _State, plan: Plan, *, until: int, pictures: int, texts: bool) -> None:
    leads = state.group.rank() == 0
    name = "texts" if texts else "eye"
    with tqdm(total=until, initial=state.step, desc=name, unit="step", mininterval=5, disable=not leads) as bar:
        while state.step < until and not plan.is_over(state.step, state.seconds):
            if texts and state.step % _BALANCE_EVERY == 0 and state.step > plan.steps / 4:
                state.shares = balanced(state.learner.tally.losses)
            end = min(until, (state.step // _BALANCE_EVERY + 1) * _BALANCE_EVERY)
            _segment(state, plan, bar, end=end, pictures=pictures, texts=texts)
    _finish(state, state.folder / "model")


def _segment(state: _State, plan: Plan, bar: Any, *, end: int, pictures: int, texts: bool) -> None:
    """Train up to a step with the tasks shared out as they are now, or until the time is spent."""
    work = draw_ahead(
        state.step, end, state.folder / "model" / "tokenizer.json",
        pictures=pictures, texts=texts, rank=state.group.rank(), shares=state.shares,
    )  # fmt: skip
    value_and_grad = nn.value_and_grad(state.learner, lambda learner, batch: learner.losses(batch))
    saved = before = time.monotonic()
    for batch in work:
        heads, answers, norm = _learn(state, plan, batch, value_and_grad)
        state.step += 1
        now = time.monotonic()
        state.seconds = _agreed(state, state.seconds + now - before)
        before = now
        bar.update()
        if state.group.rank() == 0 and state.step % _LOG_EVERY == 0:
            bar.set_postfix(heads=f"{heads:.4f}", texts=f"{answers:.4f}", norm=f"{norm:.2f}", refresh=False)
            _log(state, heads=heads, texts=answers, norm=norm, rate=float(state.rest.learning_rate.item()))
        if now - saved > plan.save_every_s:
            _finish(state, state.folder / "model")
            saved = now
        if plan.is_over(state.step, state.seconds):
            break


def _agreed(state: _State, seconds: float) -> float:
    """The first process's clock: all have to stop after the same step."""
    if state.group.size() == 1:
        return seconds
    own = seconds if state.group.rank() == 0 else 0.0
    total: Any = mx.distributed.all_sum(mx.array(own), group=state.group).item()
    return float(total)


def _learn(state: _State, plan: Plan, batch: Batch, value_and_grad: Callable[..., Any]) -> tuple[float, float, float]:
    """Take one step; returns both losses and the norm of the gradient."""
    (_, heads, texts), gradients = value_and_grad(state.learner, batch)
    gradients = nn.average_gradients(gradients, group=state.group)
    gradients, norm = optim.clip_grad_norm(gradients, 1.0)
    share = plan.share_at(state.step, state.seconds)
    state.hidden.learning_rate, state.rest.learning_rate = share * plan.hidden_rate, share * plan.rate
    state.optimizer.update(state.learner, gradients)
    keep = min(plan.average, (state.step + 1) / (state.step + 10))
    state.average = tree_map(lambda a, p: keep * a + (1 - keep) * p, state.average, state.learner.model.parameters())
    mx.eval(state.learner.parameters(), state.optimizer.state, state.average)
    result = float(heads.item()), float(texts.item()), float(norm.item())
    if not all(map(math.isfinite, result)):
        raise FloatingPointError(f"training diverged at step {state.step}; lower --rate and start it again")
    return result


def _log(state: _State, **values: float) -> None:
    asked, losses = state.learner.tally.report()
    entry = {"step": state.step, "seconds": round(state.seconds, 1), **values, "asked": asked, "losses": losses}
    rounded = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in entry.items()}
    with (state.folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(rounded) + "\n")


def _finish(state: _State, folder: Path) -> None:
    """Write the checkpoint, and the averaged weights in half precision as mlx-vlm loads them."""
    if state.group.rank() > 0:
        return
    state.save()
    weights = {key: value.astype(mx.float16) for key, value in _leaves(state.average)}
    partial = folder / "partial.safetensors"
    mx.save_safetensors(str(partial), weights, metadata={"format": "mlx", "step": str(state.step)})
    partial.replace(folder / "model.safetensors")


def _launch(processes: int, arguments: Sequence[str]) -> list[subprocess.Popen[bytes]]:
    """Name the processes to each other for ``mx.distributed`` and start all but this one, which becomes the first."""
    hosts = []
    for _ in range(processes):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            hosts.append([f"127.0.0.1:{free.getsockname()[1]}"])
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(hosts, file)
    os.environ.update(MLX_HOSTFILE=file.name, MLX_RANK="0")
    command = [sys.executable, "-m", "vlmkit.tiny.train", *arguments]
    return [
        subprocess.Popen(  # noqa: S603  this very module
            command, env={**os.environ, "MLX_RANK": str(rank)}, stdin=subprocess.DEVNULL
        )
        for rank in range(1, processes)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and train."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m vlmkit.tiny.train", description="Train the bundled model.")
    parser.add_argument("--checkpoints", type=Path, default=Path("checkpoints/tiny"))
    parser.add_argument("--start-from", type=Path, help="a model.safetensors to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1, help="one to a core is fastest")
    defaults = Plan()
    for name in Plan.__dataclass_fields__:
        value = getattr(defaults, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = vars(parser.parse_args(arguments))
    others = {name: options.pop(name) for name in ("checkpoints", "start_from", "seed", "processes")}
    # Alone there is nobody to name: MLX would wait for a connection to itself.
    alone = others["processes"] < 2 or "MLX_RANK" in os.environ
    helpers = [] if alone else _launch(others["processes"], arguments)
    try:
        print(train(Plan(**options), others["checkpoints"], seed=others["seed"], start_from=others["start_from"]))
    finally:
        for helper in helpers:
            helper.terminate()


if __name__ == "__main__":
    main()
