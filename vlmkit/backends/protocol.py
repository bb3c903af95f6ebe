"""The socket every model plugs into: what it is, what it can do, and four calls.

A fault of one ask travels in its future (or out of its stream) as a `RunError`; whatever is wrong with the whole
backend was raised as a `SetupError` when it was opened.

A deadline counts the work on an ask and nothing else. A backend that lets asks wait, for a slot or for a host's limit,
says when the work began by giving out a `PendingReply`; of any other future the submission counts as the beginning.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from vlmkit.records import Ask, Reply, Token

__all__ = ["Abilities", "Backend", "Delta", "Insight", "OnDelta", "PendingReply", "Tile", "ToolCallDelta"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What a backend can do; the defaults are what any of them can.

    Attributes
    ----------
    images_per_ask : int, default 1
    json_schema : bool, default False
        Enforces a schema natively.
    streaming : bool, default True
        Whether pieces of an answer come while it is written; else the whole text comes as one piece.
    tools : bool, default False
        Whether asks may have tools, and messages their calls and results.
    token_probabilities : bool, default False
    seed : bool, default False
        Whether answers that are drawn by chance can be repeated, by the same seed.
    longest_side_px : int, default 1568
        Larger pictures are shrunk before they are sent.
    lossless : bool, default False
        Whether pictures come as they are in their files, not compressed again; they are shrunk only where they would
        take too much memory.
    parallel_asks : int, default 8
        How many asks in flight keep it busy; the runner's ``workers="auto"``.
    destination : str, default "this process"
        Where pictures go to be looked at; for a server its address, without any key.
    """

    images_per_ask: int = 1
    json_schema: bool = False
    streaming: bool = True
    tools: bool = False
    token_probabilities: bool = False
    seed: bool = False
    longest_side_px: int = 1568
    lossless: bool = False
    parallel_asks: int = 8
    destination: str = "this process"


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCallDelta:
    """One piece of a tool call that is streamed.

    Attributes
    ----------
    index : int
        Which call of the answer, from 0.
    id, name : str, default ""
        In the first piece of a call.
    arguments : str, default ""
        The next part of them.
    signature : str, default ""
        As `ToolCall.signature`.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    signature: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """One piece of a streamed answer.

    Attributes
    ----------
    text : str, default ""
    tool_calls : tuple of ToolCallDelta, default ()
    tokens : tuple of Token, default ()
        Those whose text has come with this piece, where probabilities were asked for. What no piece brought is in
        `Reply.tokens`, which begins with those of all pieces.
    reply : Reply or None, default None
        The whole answer, in the last piece that `Surface.stream` gives.
    """

    text: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    tokens: tuple[Token, ...] = ()
    reply: Reply | None = None


OnDelta = Callable[[Delta], None]
"""Gets each piece of an answer as it comes, in any thread, the last one before the future ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tile:
    """A picture, or a part of one, as a model gets it: `data` is RGB, row by row."""

    width: int
    height: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Insight:
    """What a model in this process is given for an ask; such a backend has ``look_inside(ask)``.

    Attributes
    ----------
    text : str
        The prompt as it is read: its tokens as text, markers included, a run of the picture's token shown once.
    prompt_tokens : int
    image_tokens : int or None
        Those that stand for pictures; None where the family has no such token.
    tiles : tuple of Tile
        Empty where the family cuts pictures into something else than rectangles.
    patch_px : int or None
        Side of a patch.
    token_px : int or None
        Side of the square of patches that becomes one token; None where it is one patch, or is not known.
    """

    text: str
    prompt_tokens: int
    image_tokens: int | None = None
    tiles: tuple[Tile, ...] = ()
    patch_px: int | None = None
    token_px: int | None = None


class PendingReply(Future[Reply]):
    """A future whose backend says when the work on its ask began, and when it showed a sign of life.

    Attributes
    ----------
    begun_s : float or None
        Moment at which the ask got its slot, or was sent, by `time.monotonic`; None while it waits for that. Begun once
        more, as for another try, the later moment counts. A backend that keeps deadlines by a clock of its own leaves
        it at None: nobody else ends its asks then.
    heard_s : float or None
        Moment of the latest sign of life: the beginning, or a piece of the answer.
    prompt_tokens : int or None
        Once the prompt was read, where the backend says it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.begun_s: float | None = None
        self.heard_s: float | None = None
        self.prompt_tokens: int | None = None

    def begin(self) -> None:
        """Say that the work begins now."""
        self.begun_s = self.heard_s = time.monotonic()

    def hear(self) -> None:
        """Say that a piece of the answer came."""
        self.heard_s = time.monotonic()


@runtime_checkable
class Backend(Protocol):
    """A model that answers.

    Attributes
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None
        Commit or content digest of the weights: with `model` it tells stored answers apart.
    abilities : Abilities
    """

    model: str
    revision: str | None
    abilities: Abilities

    def submit(self, ask: Ask, on_delta: OnDelta | None = None) -> Future[Reply]:
        """Take an ask; return at once. `Future.cancel` or `close` ends it early with `Cancelled`.

        `on_delta` gets each piece of the answer; it must not block. The future may be a `PendingReply`;
        ``ask.timeout_s`` counts from its ``begin`` on.
        """

    def stream(self, ask: Ask) -> Iterator[Delta]:
        """Answer piece by piece; closing the iterator cancels. Raises RunError when the ask fails."""

    def close(self) -> None:
        """Give everything back; asks in flight end with `Cancelled`. Twice is fine."""
