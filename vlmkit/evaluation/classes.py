"""Scores of categories, truth values and tags: what is named against what is there."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from vlmkit.evaluation.resampling import Array, Figure, Scores, bounded, f1_of, ratio_of, share_of
from vlmkit.proportions import wilson_interval

__all__ = ["plain", "score_classes", "score_tags"]


def plain(value: Any) -> Any:
    """Value as it is compared: a text without case, surplus white space, its last period and Unicode's variants.

    Examples
    --------
    >>> plain(" A Red  circle. ")
    'a red circle'
    """
    if isinstance(value, Mapping | list):  # an object of a schema: its fields in one order
        value = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    if not isinstance(value, str):
        return value.item() if isinstance(value, np.generic) else value
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split()).removesuffix(".")


def score_classes(predicted: Sequence[Any], actual: Sequence[Any]) -> Scores:
    """Accuracy, macro F1, and precision, recall and F1 of each class.

    Parameters
    ----------
    predicted : sequence
        None where there is no answer: wrong, and no class gets it.
    actual : sequence
        As long; never None.
    """
    guesses, truths = [plain(guess) for guess in predicted], [plain(truth) for truth in actual]
    labels = sorted({*guesses, *truths} - {None}, key=str)
    number = {label: at for at, label in enumerate(labels)} | {None: len(labels)}
    guess, truth = (np.array([number[label] for label in column], dtype=int) for column in (guesses, truths))
    is_right = guess == truth

    def sums(counts: Array) -> Array:
        """Rows, right ones; then of each class the hits, how often it was named, and how often it was there."""
        of_classes = [
            np.bincount(truth, counts * is_right, len(labels)),
            np.bincount(guess, counts, len(labels) + 1)[:-1],
            np.bincount(truth, counts, len(labels)),
        ]
        return np.concatenate([[counts.sum(), (counts * is_right).sum()], np.stack(of_classes, axis=1).ravel()])

    figures = [share_of("accuracy", 1, 0), bounded("macro_f1", _macro_f1, rows=0)]
    shown = {plain(label): label for label in [*predicted, *actual]}
    for at, label in enumerate(labels):
        figures += _figures_of_class(shown[label], 2 + 3 * at)
    return Scores(rows=len(truths), sums=sums, figures=figures)


def score_tags(predicted: Sequence[Iterable[Any] | None], actual: Sequence[Iterable[Any]]) -> Scores:
    """Share of rows with exactly the right tags; precision, recall and F1 of all tags together (micro).

    Parameters
    ----------
    predicted : sequence of iterables
        None where there is no answer: no tag, and wrong.
    actual : sequence of iterables
        As long; an empty one is a truth like any other.
    """
    statistics = np.zeros((len(actual), 8))
    statistics[:, 0] = 1
    for row, (guessed, there) in enumerate(zip(predicted, actual, strict=True)):
        truth = {plain(tag) for tag in there}
        guess = set() if guessed is None else {plain(tag) for tag in guessed}
        is_right = guessed is not None and guess == truth
        statistics[row, 1:5] = [is_right, len(guess & truth), len(guess), len(truth)]
        statistics[row, 5:] = [bool(guess), bool(truth), bool(guess | truth)]
    figures = [
        share_of("exact", 1, 0),
        # Tags of one picture stand and fall together: rows are what was drawn by chance.
        bounded("precision", ratio_of(2, 3), rows=5),
        bounded("recall", ratio_of(2, 4), rows=6),
        bounded("f1", f1_of(2, 3, 4), rows=7),
    ]
    return Scores.of_matrix(statistics, figures)


def _figures_of_class(label: Any, at: int) -> list[Figure]:
    return [
        share_of("precision", at, at + 1, label=label),
        share_of("recall", at, at + 2, label=label),
        _f1_of_class(label, at),
    ]


def _f1_of_class(label: Any, at: int) -> Figure:
    """F1 with an interval from what it is made of: the share of hits among rows with the class on either side."""

    def formula(sums: Array, confidence: float) -> tuple[float, float]:
        hits, named, there = (float(each) for each in sums[at : at + 3])
        low, high = wilson_interval(hits, named + there - hits, confidence)
        return 2 * low / (1 + low), 2 * high / (1 + high)

    return Figure(name="f1", aggregate=f1_of(at, at + 1, at + 2), label=label, formula=formula, is_share=True)


def _macro_f1(sums: Array) -> Array:
    """Mean of the classes' F1; a class that neither is there nor was named in a draw has none."""
    hits, both = sums[:, 2::3], sums[:, 3::3] + sums[:, 4::3]
    known = both > 0
    f1 = np.where(known, 2 * hits / np.where(known, both, 1), 0)
    classes = known.sum(axis=1)
    return np.where(classes == 0, np.nan, f1.sum(axis=1) / classes)
