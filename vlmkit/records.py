"""The nouns that travel between rooms: frozen, and ignorant of everything else.

ImageRef   where a picture is            Picture  its bytes as a backend gets them
Ask        a conversation to continue    Sampling how tokens are chosen; Constraint what an answer must be
Message    one part of a conversation    ToolDefinition  what a model may ask to have run; ToolCall that it does
Reply      what a backend answered       Usage    what it cost; Token  one piece of it, and how sure
Outcome    what became of one row: values or a fault
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from vlmkit.errors import RunError

__all__ = [
    "Ask",
    "Constraint",
    "ImageRef",
    "Message",
    "Outcome",
    "Picture",
    "Reply",
    "Role",
    "Sampling",
    "Token",
    "ToolCall",
    "ToolDefinition",
    "Usage",
    "one_question",
]


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
    kind : {"json_schema", "choice", "regex", "grammar"}
    text : str
        The JSON schema as JSON; the choices as a JSON list of strings; the regular expression; the grammar as Lark
        writes it, with llguidance's additions: ``%json {…}`` for a schema, ``<name>`` for a special token of the model.
        A grammar is for models in this process alone.
    """

    kind: Literal["json_schema", "choice", "regex", "grammar"]
    text: str


Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolDefinition:
    """A function that a model may ask its caller to run.

    Attributes
    ----------
    name : str
        Letters, digits, ``_``, ``-`` and ``.``; at most 64 characters.
    description : str, default ""
        What it does, for the model.
    parameters : str
        JSON schema of its arguments, an object, as JSON. The default has no arguments.
    """

    name: str
    description: str = ""
    parameters: str = '{"type": "object", "properties": {}}'


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A model's wish that a tool be run.

    Attributes
    ----------
    id : str
        Names the call; the message with the result carries it as `Message.tool_call_id`.
    name : str
        Of the tool.
    arguments : str
        A JSON object as the model wrote it, so perhaps not valid JSON.
    signature : str, default ""
        What a server wants back with the call, unread, as Google's thought signature.
    """

    id: str
    name: str
    arguments: str = "{}"
    signature: str = field(default="", repr=False)

    @property
    def parsed_arguments(self) -> dict[str, Any]:
        """Arguments as a mapping; what is not a JSON object is kept as it is, under the name ``"raw"``."""
        try:
            read = json.loads(self.arguments)
        except (ValueError, RecursionError):
            read = None
        return read if isinstance(read, dict) else {"raw": self.arguments}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes
    ----------
    role : {"system", "user", "assistant", "tool"}
        Who speaks; ``"tool"`` is the result of a tool call.
    content : tuple of (str or Picture), default ()
        Texts and pictures, in the order in which the model shall see them.
    tool_calls : tuple of ToolCall, default ()
        What an assistant wanted to have run.
    tool_call_id : str or None, default None
        Which call a tool message answers.

    Examples
    --------
    >>> Message.user("What is it?").text
    'What is it?'
    """

    role: Role
    content: tuple[str | Picture, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    @classmethod
    def system(cls, text: str) -> Self:
        """What holds for the whole conversation."""
        return cls(role="system", content=(text,))

    @classmethod
    def user(cls, text: str, pictures: Iterable[Picture] = ()) -> Self:
        """A question, its pictures before its text."""
        return cls(role="user", content=(*pictures, text))

    @classmethod
    def assistant(cls, text: str = "", tool_calls: Iterable[ToolCall] = ()) -> Self:
        """What the model said, or wanted to have run."""
        return cls(role="assistant", content=(text,) if text else (), tool_calls=tuple(tool_calls))

    @classmethod
    def tool(cls, tool_call_id: str, text: str, pictures: Iterable[Picture] = ()) -> Self:
        """The result of a tool call."""
        return cls(role="tool", content=(*pictures, text), tool_call_id=tool_call_id)

    @property
    def text(self) -> str:
        """All texts, joined."""
        return "".join(part for part in self.content if isinstance(part, str))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, in order."""
        return tuple(part for part in self.content if isinstance(part, Picture))


def one_question(
    prompt: str, pictures: Iterable[Picture] = (), *, system: str | None = None, before: Iterable[Message] = ()
) -> tuple[Message, ...]:
    """Messages that ask one question.

    Parameters
    ----------
    prompt : str
        The finished user text.
    pictures : iterable of Picture, default ()
        They come before the text.
    system : str or None, default None
        What holds for the whole conversation; an empty text is none.
    before : iterable of Message, default ()
        What was said before, such as examples.

    Examples
    --------
    >>> [message.role for message in one_question("What is it?", system="Be brief.")]
    ['system', 'user']
    """
    head = (Message.system(system),) if system else ()
    return (*head, *before, Message.user(prompt, pictures))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """A conversation that a model shall continue, ready to be sent.

    Attributes
    ----------
    messages : tuple of Message
        In order; `one_question` makes those of a single question.
    tools : tuple of ToolDefinition, default ()
        What the model may ask to have run.
    tool_choice : str, default "auto"
        ``"auto"``: the model decides; ``"none"``: no call; ``"required"``: at least one; else the name of the one tool
        that must be called.
    parallel_tool_calls : bool, default True
        Whether an answer may have several calls. A server is told; of a model in this process whoever reads the calls
        out of the text takes the first.
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
    keep_special_tokens : bool, default False
        Whether the text shall hold the special tokens of the model, such as those around a tool call, except those
        that end the answer.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    sampling: Sampling = Sampling()
    timeout_s: float | None = None
    constraint: Constraint | None = None
    token_probabilities: bool = False
    alternatives: int = 0
    keep_partial: bool = False
    keep_special_tokens: bool = False

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """Those of all messages, in the order in which the model sees them."""
        return tuple(picture for message in self.messages for picture in message.pictures)

    @property
    def prompt(self) -> str:
        """Text of the user's last message; empty where there is none."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")

    @property
    def system(self) -> str | None:
        """Text of the system message at the beginning; None where there is none."""
        first = self.messages[0] if self.messages else None
        return first.text if first is not None and first.role == "system" else None

    def called_tool(self, tool_call_id: str | None) -> str | None:
        """Name of the tool of a call; None where no message has that call.

        Parameters
        ----------
        tool_call_id : str or None
        """
        calls = (call for message in reversed(self.messages) for call in message.tool_calls)
        return next((call.name for call in calls if call.id == tool_call_id), None)


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
        ``"tool_calls"``: the model waits for results of tools.
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
    tool_calls : tuple of ToolCall, default ()
        What the model wants to have run, as a server tells it; not kept in the store. A model in this process writes
        its calls into `text`, each family in a form of its own.
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
    tool_calls: tuple[ToolCall, ...] = ()


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
