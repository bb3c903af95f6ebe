"""How the next token of one answer is chosen, in a way that does not depend on who shares the batch.

A sampler stands in the row's own logits processor: it draws from a random stream of its own, numbered by the answer's
seed and the token's position, and hands on logits in which only its choice is finite. The batch's argmax then takes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mlx.core as mx
import numpy as np

from vlmkit.records import Sampling

if TYPE_CHECKING:
    from vlmkit.engines.grammar import Matcher

__all__ = ["RowSampler", "choose", "needs_sampler"]

# Beyond these a penalty decides alone already, and logits would become infinite.
_LEAST_PENALTY, _MOST_PENALTY = 1e-6, 1e6


def needs_sampler(sampling: Sampling, *, probabilities: bool, constrained: bool = False) -> bool:
    """Whether plain argmax on the model's logits is not enough."""
    return probabilities or constrained or sampling.temperature > 0 or _penalizes(sampling)


def _penalizes(sampling: Sampling) -> bool:
    return (sampling.repetition_penalty, sampling.frequency_penalty, sampling.presence_penalty) != (1.0, 0.0, 0.0)


class RowSampler:
    """Logits processor of one row.

    Parameters
    ----------
    sampling : Sampling
    probabilities : bool
        Whether the probability of each chosen token is kept.
    alternatives : int, default 0
        How many of the likeliest other tokens are kept with it.
    matcher : Matcher or None, default None
        Says which tokens may follow.

    Attributes
    ----------
    probabilities : list of float
        Of each token chosen so far, under the model's own distribution over the tokens that could follow.
    alternatives : list of list of (int, float)
        For each of them, other tokens and their probabilities, likeliest first.
    """

    def __init__(
        self, sampling: Sampling, *, probabilities: bool, alternatives: int = 0, matcher: Matcher | None = None
    ) -> None:
        self.probabilities: list[float] = []
        self.alternatives: list[list[tuple[int, float]]] = []
        self._sampling = sampling
        self._matcher = matcher
        self._keep = probabilities
        self._others = alternatives
        self._chosen: list[int] = []

    def __call__(self, _tokens: Any, logits: Any) -> Any:
        """Choose the token that follows; the form of the interface that passes all tokens."""
        return self._choose(logits)

    def process_last_token(self, _token: int, logits: Any) -> Any:
        """Choose the token that follows; the form of the interface that passes one token."""
        return self._choose(logits)

    def _choose(self, logits: Any) -> Any:
        row = np.array(logits.astype(mx.float32)).reshape(-1)
        if self._matcher is not None:
            row[~self._matcher.allowed(row.size)] = -np.inf
        token = choose(row, self._sampling, self._chosen)
        if self._matcher is not None:
            self._matcher.take(token)
        if self._keep:
            self._note(row, token)
        self._chosen.append(token)
        forced = np.full(row.shape, -np.inf, np.float32)
        forced[token] = 0.0
        return mx.array(forced.reshape(logits.shape)).astype(logits.dtype)

    def _note(self, row: Any, token: int) -> None:
        mass = np.exp(row.astype(np.float64) - row.max())
        mass /= mass.sum()
        self.probabilities.append(float(mass[token]))
        self.alternatives.append(_likeliest_others(mass, token, self._others))


def choose(logits: np.ndarray[Any, Any], sampling: Sampling, chosen: list[int]) -> int:
    """Token that follows.

    Parameters
    ----------
    logits : ndarray of float32, shape (vocabulary,)
    sampling : Sampling
    chosen : list of int
        The answer's tokens so far; their number is the position of the draw.
    """
    scores = logits.astype(np.float64)
    if chosen and _penalizes(sampling):
        seen, times = np.unique(chosen, return_counts=True)
        penalty = min(max(sampling.repetition_penalty, _LEAST_PENALTY), _MOST_PENALTY)
        scores[seen] = np.where(scores[seen] > 0, scores[seen] / penalty, scores[seen] * penalty)
        scores[seen] -= times * sampling.frequency_penalty + sampling.presence_penalty
    if sampling.temperature <= 0:
        return int(scores.argmax())
    candidates, mass = _candidates(scores, sampling)
    stream = np.random.Philox(key=np.array([sampling.seed % 2**64, len(chosen)], np.uint64))
    draw = np.random.Generator(stream).random()
    return int(candidates[min(np.searchsorted(mass.cumsum(), draw * mass.sum(), side="right"), len(mass) - 1)])


def _candidates(scores: Any, sampling: Sampling) -> tuple[Any, Any]:
    """Token ids that may be drawn, likeliest first where a filter needs the order, and their probability mass."""
    tokens = np.arange(scores.size)
    if 0 < sampling.top_k < scores.size:
        tokens = np.sort(np.argpartition(-scores, sampling.top_k - 1)[: sampling.top_k])
    with np.errstate(over="ignore"):  # at a temperature of almost 0 all others are infinitely unlikely
        mass = np.exp((scores[tokens] - scores[tokens].max()) / sampling.temperature)
    if sampling.top_p < 1.0:
        mass /= mass.sum()
        order = np.argsort(-mass, kind="stable")
        kept = order[: int(np.searchsorted(mass[order].cumsum(), sampling.top_p)) + 1]
        tokens, mass = tokens[kept], mass[kept]
    return tokens, mass


def _likeliest_others(mass: Any, token: int, count: int) -> list[tuple[int, float]]:
    if not count:
        return []
    most = min(count + 1, mass.size)
    candidates = np.argpartition(-mass, most - 1)[:most]
    likeliest = candidates[np.lexsort((candidates, -mass[candidates]))]
    # What may not follow at all is not an alternative.
    others = [(int(other), float(mass[other])) for other in likeliest if other != token and mass[other] > 0]
    return others[:count]
