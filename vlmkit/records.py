"""The nouns that travel between rooms: frozen, and ignorant of everything else.

ImageRef   where a picture is            Picture  its bytes as a backend gets them
Ask        picture + finished prompt     Sampling how tokens are chosen; Constraint what an answer must be
Turn       what was asked and answered before
Reply      what a backend answered       Usage    what it cost; Token  one piece of it, and how sure
Outcome    what became of one row: values or a fault
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vlmkit.errors import RunError

__all__ = ["Ask", "Constraint", "ImageRef", "Outcome", "Picture", "Reply", "Sampling", "Token", "Turn", "Usage"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRef:
    """Where one picture is, unopened.

    Attributes
    ----------
    source : object
        A path (str), the encoded bytes, or a ``PIL.Image.Image``.
    label : str
        What messages and tables call it: the path, or ``"<bytes 1234>"``, ``"<image 64x48>"``.
    is_foreign : bool, default False
        Whether encoded bytes were fetched from a URL, or out of an archive.
    """

    source: object = field(repr=False)
    label: str
    is_foreign: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """Encoded bytes of one picture, as a backend gets them: upright and RGB, or what decodes to that.

    Attributes
    ----------
    data : bytes
        A JPEG or PNG file, within the backend's pixel budget; for a model in this process perhaps a portable pixmap,
        or a file that says how it is turned, of its color profile and of its transparent parts.
    media_type : str
        ``"image/jpeg"``, ``"image/png"`` or ``"image/x-portable-pixmap"``.
    width, height : int
        Pixels of the picture, upright.
    digest : str
        blake2b-128 of ``data``, hexadecimal.
    """

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    digest: str


_TOKEN_CHARACTERS = 128
_FREE_CHARACTERS = 4096  # some servers take a few words more than they were allowed


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How tokens are chosen.

    Attributes
    ----------
    max_tokens : int, default 256
        Upper bound of generated tokens.
    temperature : float, default 0.0
        0 is greedy: the same table every time.
    top_p : float, default 1.0
        Nucleus: keep the smallest set of tokens with this probability mass.
    top_k : int, default 0
        Keep the k likeliest tokens; 0 keeps all.
    repetition_penalty : float, default 1.0
        Divides (positive) or multiplies (negative) logits of tokens already seen in the answer
        (CTRL, arXiv:1909.05858).
    frequency_penalty : float, default 0.0
        From -2 to 2. A token that stands n times in the answer so far loses n times as much from its logit: positive
        values make word-for-word repetition less likely.
    presence_penalty : float, default 0.0
        From -2 to 2. A token that stands in the answer so far loses so much, however often it does. Both together:
        logit - n * frequency_penalty - (n > 0) * presence_penalty, after `repetition_penalty`.
    stop : tuple of str, default ()
        The answer ends before the first of these texts.
    seed : int, default 0
        Same seed, same text, alone or in any batch.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int = 0

    @property
    def most_characters(self) -> int:
        """Characters that no text of `max_tokens` tokens has: words have 4 or 5 a token, a run of blanks up to 128."""
        return self.max_tokens * _TOKEN_CHARACTERS + _FREE_CHARACTERS


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraint:
    """What an answer must be; backends that cannot enforce it leave it to the prompt and to the reader.

    Attributes
    ----------
    kind : {"json_schema", "choice", "regex"}
    text : str
        The JSON schema as JSON; the choices as a JSON list of strings; the regular expression.
    """

    kind: Literal["json_schema", "choice", "regex"]
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One question of the same conversation, and its answer: an example that was given, or a try that went wrong.

    Attributes
    ----------
    pictures : tuple of Picture
    prompt : str
    answer : str
    """

    pictures: tuple[Picture, ...]
    prompt: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """One question about one or more pictures, ready to be sent.

    Attributes
    ----------
    pictures : tuple of Picture
    prompt : str
        The finished user text.
    system : str or None
        System text, where the task has one.
    turns : tuple of Turn, default ()
        What was said before, in order.
    sampling : Sampling
    timeout_s : float or None
        How long the model may work on the answer; None is as long as it likes. Waiting is not work: for a slot of the
        batch, for a limit that is kept, for other asks.
    constraint : Constraint or None
        What the answer must be, beyond what the prompt says.
    token_probabilities : bool
        Whether the reply shall carry its tokens, each with its probability.
    alternatives : int, default 0
        How many of the likeliest other tokens each of these shall come with.
    keep_partial : bool, default False
        Whether a `TimedOut` shall carry what had been written; over HTTP the answer then comes piece by piece.
    """

    pictures: tuple[Picture, ...]
    prompt: str
    system: str | None = None
    turns: tuple[Turn, ...] = ()
    sampling: Sampling = Sampling()
    timeout_s: float | None = None
    constraint: Constraint | None = None
    token_probabilities: bool = False
    alternatives: int = 0
    keep_partial: bool = False

    @property
    def all_pictures(self) -> tuple[Picture, ...]:
        """Those of the turns before, too, in the order in which the model sees them."""
        return (*(picture for turn in self.turns for picture in turn.pictures), *self.pictures)


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Tokens of one answer; None where the backend does not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """One token of an answer.

    Attributes
    ----------
    text : str
        What it adds to the text; empty where only a later token completes its character, or a stop text cut it off.
    probability : float
        In (0, 1], among all tokens that could follow, before temperature and filters.
    alternatives : tuple of (str, float)
        Text and probability of the likeliest tokens that were not chosen here, likeliest first. An empty text is a
        token without one, such as the end of the answer.
    """

    text: str
    probability: float
    alternatives: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a backend answered to one ask.

    Attributes
    ----------
    text : str
    finish_reason : str
        ``"stop"``: the model was done. ``"stop_sequence"``: one of the stop texts ended it, where that is known.
        ``"length"``: `max_tokens` or the context did. ``"timeout"``: the deadline did; such a reply is in a `TimedOut`.
        ``"unknown"``: a server did not say. Else the server's own word.
    model : str
        Full name, as ``engine:name``.
    revision : str or None
        Commit or content digest of the weights, where known.
    usage : Usage
    seconds : float
        From submission to the last token.
    tokens : tuple of Token or None
        In order; None unless probabilities were asked for. From this process their texts, joined, are `text`; a server
        may say it less exactly.
    retries : int
        Further asks that it took, of all models that were asked.
    response_id : str or None
        The server's own name for the answer, for questions to whoever runs it; not kept in the store.
    """

    text: str
    finish_reason: str
    model: str
    revision: str | None = None
    usage: Usage = Usage()
    seconds: float = 0.0
    tokens: tuple[Token, ...] | None = None
    retries: int = 0
    response_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one row: `values` when it worked, `fault` when it did not.

    Both are there where something stands in for an answer that came too late; the fault says what.

    Attributes
    ----------
    index : int
        Position in the order of the input, from 0.
    values : mapping of str to object, or None
        Column name to value.
    fault : RunError or None
    reply : Reply or None
        The answer itself, also when it could not be read.
    seconds : float
        Wall time of the row, decoding included.
    from_store : bool
        Whether it was answered without asking, as an earlier run had asked it.
    is_duplicate : bool
        Whether it was answered without asking, as an equal row of this run was asked.
    retries : int
        Further asks after the first: too busy, not reachable, too late, unreadable.
    prompt : str or None
        What was asked, finished; None where nothing was.
    """

    index: int
    values: Mapping[str, Any] | None = None
    fault: RunError | None = None
    reply: Reply | None = None
    seconds: float = 0.0
    from_store: bool = False
    is_duplicate: bool = False
    retries: int = 0
    prompt: str | None = None
