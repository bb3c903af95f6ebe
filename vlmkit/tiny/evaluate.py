"""How good is `tiny`: ``python -m vlmkit.tiny.evaluate``, exact match by task on freshly drawn scenes.

Every question goes the way of a user's: drawn picture, normalizer, engine, text. Scenes have seeds that neither
training nor ``datasets/scenes`` uses. Tasks with the ending ``(unseen)`` use phrasings that training never shows.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tqdm import tqdm

from vlmkit.extras import open_by_name
from vlmkit.records import Ask, Reply, Sampling
from vlmkit.tiny import questions, scenes

__all__ = ["FIRST_SEED", "Score", "evaluate", "main"]

FIRST_SEED = 3_000_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Exact matches of one task.

    Attributes
    ----------
    task : str
    right, total : int
    wrong : tuple of (str, str, str)
        The first few prompts, truths and answers that differ.
    """

    task: str
    right: int
    total: int
    wrong: tuple[tuple[str, str, str], ...] = ()

    @property
    def accuracy(self) -> float:
        """Share of exact matches, 0 to 1."""
        return self.right / max(1, self.total)


def evaluate(
    backend: Any,
    count: int = 1000,
    tasks: Sequence[str] = tuple(questions.TASKS),
    *,
    unseen: bool = False,
    progress: bool = False,
) -> list[Score]:
    """Ask a model every task's question about fresh scenes and count exact matches.

    Parameters
    ----------
    backend : vlmkit.backends.Backend
        Any model.
    count : int, default 1000
        Scenes, the same ones for every task.
    tasks : sequence of str
        Keys of `questions.TASKS`; all by default.
    unseen : bool, default False
        Ask with the phrasings kept back from training.
    progress : bool, default False
        Show a bar on stderr.

    Returns
    -------
    list of Score
        In the order of `tasks`.

    Raises
    ------
    KeyError
        If a task is unknown.
    RunError
        If the model fails to answer.
    """
    pictures = [_picture(backend, scenes.make(FIRST_SEED + number)) for number in range(count)]
    return [_score(backend, task, pictures, unseen, progress) for task in tasks]


def _picture(backend: Any, scene: scenes.Scene) -> tuple[scenes.Scene, Any]:
    read = open_by_name("vlmkit.sources:read")
    normalize = open_by_name("vlmkit.sources:normalize")
    (ref,) = read([scene.draw()])
    return scene, normalize(ref, backend.abilities.longest_side_px, lossless=backend.abilities.lossless)


def _score(backend: Any, task: str, pictures: list[Any], unseen: bool, progress: bool) -> Score:
    rng = random.Random(f"evaluate {task} {unseen}")
    asked = [(questions.invent(task, scene, rng, held_out=unseen), picture) for scene, picture in pictures]
    asks = (
        Ask(pictures=(picture,), prompt=question.prompt, sampling=Sampling(max_tokens=400))
        for question, picture in asked
    )
    name = f"{task} (unseen)" if unseen else task
    replies = tqdm(_window(backend.submit, asks), total=len(asked), desc=name, disable=not progress, leave=False)
    wrong = [
        (question.prompt, question.answer, reply.text.strip())
        for (question, _), reply in zip(asked, replies, strict=True)
        if reply.text.strip() != question.answer
    ]
    return Score(task=name, right=len(asked) - len(wrong), total=len(asked), wrong=tuple(wrong[:5]))


def _window(submit: Callable[[Ask], Future[Reply]], asks: Iterator[Ask], width: int = 64) -> Iterator[Reply]:
    """Keep `width` asks in flight; replies in order."""
    futures = [submit(ask) for ask in islice(asks, width)]
    while futures:
        yield futures.pop(0).result()
        futures += [submit(ask) for ask in islice(asks, 1)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, evaluate and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m vlmkit.tiny.evaluate", description="Exact match by task on fresh scenes."
    )
    parser.add_argument("--model", default="tiny", help="any vlmkit model name")
    parser.add_argument("--count", type=int, default=1000, help="scenes")
    parser.add_argument("--unseen", action="store_true", help="only phrasings that training never showed")
    parser.add_argument("--tasks", nargs="*", default=list(questions.TASKS), choices=list(questions.TASKS))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--wrong", action="store_true", help="show a few wrong answers on stderr")
    options = parser.parse_args(arguments)
    backend = open_by_name("vlmkit.backends.registry:load")(options.model)
    try:
        scores = evaluate(backend, options.count, options.tasks, unseen=options.unseen, progress=sys.stderr.isatty())
    finally:
        backend.close()
    if options.json:
        print(json.dumps({score.task: round(score.accuracy, 4) for score in scores}))
    else:
        for score in scores:
            print(f"{score.task:22} {score.accuracy:.3f}  ({score.right} of {score.total})")
    for score in scores if options.wrong else ():
        for prompt, truth, answer in score.wrong:
            print(f"{score.task}: {prompt!r}\n  truth  {truth!r}\n  answer {answer!r}", file=sys.stderr)


if __name__ == "__main__":
    main()
