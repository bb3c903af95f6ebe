"""Scores of free text against one or more texts that are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from vlmkit.evaluation.classes import plain
from vlmkit.evaluation.resampling import Array, Scores, bounded, ratio_of, share_of
from vlmkit.evaluation.words import cider_d, rouge_l
from vlmkit.extras import open_by_name

__all__ = ["TEXT_MEASURES", "check_measures", "score_texts"]

References = Sequence[Sequence[str]]

_BOUNDS = {"chrf": 100.0, "bleu": 100.0, "cider_d": 10.0}


def score_texts(predicted: Sequence[str | None], actual: References, *, measures: Sequence[str]) -> Scores:
    """Figures of texts.

    Parameters
    ----------
    predicted : sequence of str
        None where there is no answer: it scores as an empty text does, nothing.
    actual : sequence of sequences of str
        References of each row.
    measures : sequence of str
        Keys of `TEXT_MEASURES`, in order.

    Raises
    ------
    MissingExtra
        chrF or BLEU are meant and sacrebleu is not installed.
    """
    texts = [text or "" for text in predicted]
    columns: list[Array] = [np.ones((len(texts), 1))]
    figures = []
    width = 1
    for name in measures:
        statistics, aggregate = TEXT_MEASURES[name](texts, actual, width)
        is_share = name == "exact"
        most = _BOUNDS.get(name, 1.0)
        figures.append(share_of(name, width, 0) if is_share else bounded(name, aggregate, rows=0, most=most))
        columns.append(statistics)
        width += statistics.shape[1]
    return Scores.of_matrix(np.concatenate(columns, axis=1), figures)


_Measured = tuple[Array, Callable[[Array], Array]]


def _per_row(scores: Sequence[float], at: int) -> _Measured:
    return np.array(scores, dtype=float).reshape(-1, 1), ratio_of(at, 0)


def _exact(texts: Sequence[str], references: References, at: int) -> _Measured:
    rows = zip(texts, references, strict=True)
    return _per_row([plain(text) in {plain(each) for each in right} if text else False for text, right in rows], at)


def _rouge_l(texts: Sequence[str], references: References, at: int) -> _Measured:
    return _per_row([rouge_l(text, right) for text, right in zip(texts, references, strict=True)], at)


def _cider_d(texts: Sequence[str], references: References, at: int) -> _Measured:
    return _per_row(cider_d(texts, references), at)


def check_measures(measures: Iterable[str]) -> None:
    """Find out whether what these measures need is installed, before answers are asked for.

    Parameters
    ----------
    measures : iterable of str
        Keys of `TEXT_MEASURES`.

    Raises
    ------
    MissingExtra
        It is not; says what to install.
    """
    if not {"chrf", "bleu"}.isdisjoint(measures):
        open_by_name("sacrebleu.metrics:CHRF", extra="evaluation")


def _chrf(texts: Sequence[str], references: References, at: int) -> _Measured:
    scorer = open_by_name("sacrebleu.metrics:CHRF", extra="evaluation")()
    rows = zip(texts, references, strict=True)
    return _per_row([scorer.sentence_score(text, list(right)).score for text, right in rows], at)


def _bleu(texts: Sequence[str], references: References, at: int) -> _Measured:
    """BLEU is of all rows together: its statistics are counts of n-grams and lengths."""
    kind: Any = open_by_name("sacrebleu.metrics:BLEU", extra="evaluation")
    scorer = kind(effective_order=True)
    rows = []
    for text, right in zip(texts, references, strict=True):
        score = scorer.sentence_score(text, list(right))
        rows.append([*score.counts, *score.totals, score.sys_len, score.ref_len])

    def aggregate(sums: Array) -> Array:
        ours = sums[:, at : at + 10].round().astype(int).tolist()
        return np.array([kind.compute_bleu(row[:4], row[4:8], row[8], row[9], "exp").score for row in ours])

    return np.array(rows, dtype=float).reshape(len(rows), 10), aggregate


TEXT_MEASURES: dict[str, Callable[[Sequence[str], References, int], _Measured]] = {
    "exact": _exact,
    "rouge_l": _rouge_l,
    "chrf": _chrf,
    "bleu": _bleu,
    "cider_d": _cider_d,
}
"""Measures of text: exact and rouge_l 0 to 1, chrf and bleu 0 to 100, cider_d 0 to 10."""
