"""How good is `tiny`: ``python -m vlmkit.tiny.evaluate``, by task, on freshly drawn scenes.

Every question goes the way of a user's: drawn picture, normalizer, engine, text. Scenes have seeds that neither
training nor ``datasets/scenes`` uses. An answer is right if it is the truth to the letter; a box, if it overlaps the
true one by four fifths; a point, if it lies on the object. Two more lines tell whether the model knows what it does not
know: ``calibration``, how far its confidence is from its accuracy over sharp and spoiled scenes, and ``elsewhere``, how
often it says that a picture is not a scene. Tasks with the ending ``(unseen)`` use phrasings that training never shows.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from tqdm import tqdm

from vlmkit.extras import open_by_name
from vlmkit.records import Ask, Reply, Sampling, one_question
from vlmkit.tiny import picturing, questions
from vlmkit.tiny.scoring import calibration_error, is_right, overlap_of

__all__ = ["FIRST_SEED", "MEASURES", "Score", "evaluate", "main"]

FIRST_SEED = 3_000_000_000_000
MEASURES = ("calibration", "elsewhere")
_DOUBTED = ("count", "yes_no", "color", "shape", "size", "background")


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many answers of a task are right.

    Attributes
    ----------
    task : str
    right, total : int
    wrong : tuple of (str, str, str)
        The first few prompts, truths and answers that differ.
    further : dict of str to float
        What else was measured: ``mean_overlap`` of boxes; ``calibration_error`` and accuracies of sharp and spoiled
        scenes; ``false_alarms``, the share of scenes that were taken for something else.
    """

    task: str
    right: int
    total: int
    wrong: tuple[tuple[str, str, str], ...] = ()
    further: dict[str, float] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.right / max(1, self.total)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A question, what it is about, and the picture as it is sent."""

    shown: picturing.Shown
    picture: Any
    question: questions.Question


def evaluate(
    backend: Any,
    count: int = 1000,
    tasks: Sequence[str] = tuple(questions.TASKS),
    *,
    unseen: bool = False,
    progress: bool = False,
) -> list[Score]:
    """Ask a model every task's question about fresh pictures and count right answers.

    Parameters
    ----------
    backend : vlmkit.backends.Backend
        Any model.
    count : int, default 1000
        Pictures, the same ones for every task that asks about plain scenes.
    tasks : sequence of str
        Keys of `questions.TASKS`, or of `MEASURES`; all tasks by default.
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
    measures = {"calibration": _calibration, "elsewhere": _elsewhere}
    session = _Session(backend, unseen, progress)
    return [measures[task](session, count) if task in measures else _score(session, task, count) for task in tasks]


class _Session:
    """A model, how it is asked, and the pictures that it was shown already."""

    def __init__(self, backend: Any, unseen: bool, progress: bool) -> None:
        self.backend, self.unseen, self.progress = backend, unseen, progress
        self._shown: dict[tuple[str, int], tuple[picturing.Shown, Any]] = {}

    def draw(self, kind: str, number: int, task: str, rng: random.Random) -> _Asked:
        """Invent a question of a task about the picture of a kind and number."""
        if (kind, number) not in self._shown:
            shown = picturing.show(kind, random.Random(f"evaluate {kind} {number}"), seed=FIRST_SEED + number)
            self._shown[kind, number] = shown, self._sent(shown)
        shown, picture = self._shown[kind, number]
        question = picturing.ask(shown, task, rng, held_out=self.unseen)
        return _Asked(shown=shown, picture=picture, question=question)

    def _sent(self, shown: picturing.Shown) -> Any:
        read = open_by_name("vlmkit.sources:read")
        normalize = open_by_name("vlmkit.sources:normalize")
        (ref,) = read([shown.image])
        abilities = self.backend.abilities
        return normalize(ref, abilities.longest_side_px, lossless=abilities.lossless)

    def answers(self, asked: Sequence[_Asked], name: str, *, probabilities: bool = False) -> list[Reply]:
        asks = (
            Ask(
                messages=one_question(each.question.prompt, (each.picture,)),
                sampling=Sampling(max_tokens=400),
                token_probabilities=probabilities,
            )
            for each in asked
        )
        label = self.label(name)
        replies = _window(self.backend.submit, asks)
        return list(tqdm(replies, total=len(asked), desc=label, disable=not self.progress, leave=False))

    def label(self, name: str) -> str:
        return f"{name} (unseen)" if self.unseen else name


def _score(session: _Session, task: str, count: int) -> Score:
    rng = random.Random(f"evaluate {task} {session.unseen}")
    kinds = ("lettered", "lettered", "lettered", "scene") if task == "read" else ("scene",)
    asked = [session.draw(kinds[number % len(kinds)], number, task, rng) for number in range(count)]
    replies = session.answers(asked, task)
    wrong, overlaps = [], []
    for each, reply in zip(asked, replies, strict=True):
        said, truth = reply.text.strip(), each.question.answer
        if not is_right(task, said, truth, each.shown):
            wrong.append((each.question.prompt, truth, said))
        if task == "box":
            overlaps.append(overlap_of(said, truth))
    further = {"mean_overlap": round(sum(overlaps) / len(overlaps), 4)} if overlaps else {}
    return Score(
        task=session.label(task),
        right=count - len(wrong),
        total=count,
        wrong=tuple(wrong[:5]),
        further=further,
    )


def _calibration(session: _Session, count: int) -> Score:
    """Single words about sharp and spoiled scenes, half of each: is the model as often right as it is sure?"""
    rng = random.Random(f"evaluate calibration {session.unseen}")
    asked = [
        session.draw(("scene", "spoiled")[number % 2], number, rng.choice(_DOUBTED), rng) for number in range(count)
    ]
    replies = session.answers(asked, "calibration", probabilities=True)
    right = [reply.text.strip() == each.question.answer for each, reply in zip(asked, replies, strict=True)]
    sure = [math.prod(token.probability for token in reply.tokens or ()) for reply in replies]
    further = {
        "calibration_error": round(calibration_error(sure, right), 4),
        "sharp_accuracy": round(_mean(right[::2]), 4),
        "spoiled_accuracy": round(_mean(right[1::2]), 4),
        "mean_confidence": round(_mean(sure), 4),
    }
    return Score(task=session.label("calibration"), right=sum(right), total=count, further=further)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(1, len(values))


def _elsewhere(session: _Session, count: int) -> Score:
    """Pictures that are not a scene, and as many scenes: does the model tell them apart?"""
    rng = random.Random(f"evaluate elsewhere {session.unseen}")
    tasks = [task for task in questions.TASKS if task not in {"self", "call", "result"}]
    asked = [session.draw("elsewhere", number, rng.choice(tasks), rng) for number in range(count)]
    scenes = [session.draw("scene", number, rng.choice(tasks), rng) for number in range(count)]
    said = [reply.text.strip() == picturing.NOT_A_SCENE for reply in session.answers([*asked, *scenes], "elsewhere")]
    further = {"false_alarms": round(_mean(said[count:]), 4)}
    return Score(task=session.label("elsewhere"), right=sum(said[:count]), total=count, further=further)


def _window(submit: Callable[[Ask], Future[Reply]], asks: Iterator[Ask], width: int = 64) -> Iterator[Reply]:
    """Keep `width` asks in flight; replies in order."""
    futures = [submit(ask) for ask in islice(asks, width)]
    while futures:
        yield futures.pop(0).result()
        futures += [submit(ask) for ask in islice(asks, 1)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, evaluate and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m vlmkit.tiny.evaluate", description="Right answers by task on fresh scenes."
    )
    known = [*questions.TASKS, *MEASURES]
    parser.add_argument("--model", default="tiny", help="any vlmkit model name, or a folder of weights")
    parser.add_argument("--count", type=int, default=1000, help="scenes")
    parser.add_argument("--unseen", action="store_true", help="only phrasings that training never showed")
    parser.add_argument("--tasks", nargs="*", default=known, choices=known)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--wrong", action="store_true", help="show a few wrong answers on stderr")
    options = parser.parse_args(arguments)
    backend = open_by_name("vlmkit.backends.registry:load")(options.model)
    try:
        scores = evaluate(backend, options.count, options.tasks, unseen=options.unseen, progress=sys.stderr.isatty())
    finally:
        backend.close()
    if options.json:
        print(json.dumps(_flat(scores)))
    else:
        for score in scores:
            notes = "".join(f"  {name.replace('_', ' ')} {value:.3f}" for name, value in score.further.items())
            print(f"{score.task:22} {score.accuracy:.3f}  ({score.right} of {score.total}){notes}")
    for score in scores if options.wrong else ():
        for prompt, truth, answer in score.wrong:
            print(f"{score.task}: {prompt!r}\n  truth  {truth!r}\n  answer {answer!r}", file=sys.stderr)


def _flat(scores: Sequence[Score]) -> dict[str, float]:
    flat = {}
    for score in scores:
        flat[score.task] = round(score.accuracy, 4)
        flat |= {f"{score.task} {name}": value for name, value in score.further.items()}
    return flat


if __name__ == "__main__":
    main()
