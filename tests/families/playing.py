"""What vlmkit's engine makes of the recorded questions, and how far that is from what transformers made of them."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.families import asks
from vlmkit import sources
from vlmkit.engines.desk import desk
from vlmkit.records import Message, one_question

TOKENS = 20
# Another order of summation; what is wrong differs by whole units.
SAME = 1e-3


@dataclass(frozen=True)
class Played:
    """What a model was given and what it did.

    Attributes
    ----------
    token_ids : list of int
        Of the prompt.
    logits : ndarray
        Of the first step.
    tokens : list of int
        Written greedily, up to the end of the text.
    """

    token_ids: list[int]
    logits: Any
    tokens: list[int]


@dataclass(frozen=True)
class Gap:
    """How far an engine is from a recording in one question.

    Attributes
    ----------
    same_ids : bool
    logits : float
        Greatest difference of the first step, counted from the likeliest token.
    same_tokens : bool
        Up to where two tokens were equally likely.
    """

    same_ids: bool
    logits: float
    same_tokens: bool

    @property
    def is_none(self):
        """Whether there is none but rounding."""
        return self.same_ids and self.logits <= SAME and self.same_tokens


class _Recorder:
    """A logits processor that changes nothing and keeps what it saw first."""

    def __init__(self):
        self.first = None

    def __call__(self, _tokens, logits):
        if self.first is None:
            self.first = logits
        return logits

    def process_last_token(self, _token, logits):
        return self(None, logits)


def ask(engine, question):
    """A recorded question as an engine takes it, pictures the way that every user's go.

    Parameters
    ----------
    engine : Engine
    question : asks.Question
    """
    made = engine.ask(
        [asks.png(name) for name in question.pictures], question.text, system=question.system, max_tokens=TOKENS
    )
    before = tuple(
        message
        for earlier, answer in question.before
        for message in (Message.user(earlier.text, ask(engine, earlier).pictures), Message.assistant(answer))
    )
    messages = one_question(question.text, made.pictures, system=question.system, before=before)
    return dataclasses.replace(made, messages=messages)


def play(engine, asked, decoder=None):
    """Answer an ask greedily with an engine that has nothing else to do, `TOKENS` tokens at most.

    Parameters
    ----------
    engine : Engine
    asked : Ask
    decoder : callable or None, default None
        Makes a decoder of a model and its processor; None is the one that serves the engine.
    """
    images = [sources.decode(picture) for picture in asked.pictures]
    return desk().call(lambda: _play(engine, asked, images, decoder))


def _play(engine, asked, images, decoder):
    import mlx.core as mx

    language = engine._language
    used = engine._scheduler._decoder if decoder is None else decoder(language.model, language.processor)
    prompt = language.prompt(asked, images)
    recorder, tokens = _Recorder(), []
    used.admit(0, prompt, [recorder], TOKENS)
    while len(tokens) < TOKENS and not (tokens and tokens[-1] in language.eos_token_ids):
        tokens += [token for _, token in used.step()]
    used.remove({0})
    logits = np.array(recorder.first.astype(mx.float32), np.float64).reshape(-1)
    return Played(prompt.token_ids, logits, tokens)


def gap(played, answer):
    """Compare with what was recorded.

    Parameters
    ----------
    played : Played
    answer : recording.Answer
    """
    expected, got = (logits - logits.max() for logits in (answer.logits, played.logits))
    logits = float(np.abs(expected - got).max()) if expected.shape == got.shape else float("inf")
    return Gap(played.token_ids == answer.token_ids, logits, _same_tokens(played.tokens, answer))


def _same_tokens(tokens, answer):
    for step, (got, expected) in enumerate(zip(tokens, answer.tokens, strict=False)):
        if got != expected:
            second, lead = answer.ties.get(step, (None, 0.0))
            return got == second and lead <= 2 * SAME
    return len(tokens) == len(answer.tokens)
