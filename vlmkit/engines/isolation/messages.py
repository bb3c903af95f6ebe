"""What parent and child say to each other: frozen records as JSON, and read with their types checked.

Nothing is ever unpickled: a child that a hostile checkpoint has taken over can send text of these forms and no more.
What a record says is looked at, too, before its parent believes it: see `asks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from pydantic_core import to_json

from vlmkit.backends import Abilities, Counts, Insight, ModelInfo
from vlmkit.engines.locate import Specification
from vlmkit.errors import ModelLoadFailed, RunError, ServerFault, SetupError, TimedOut, VlmkitError
from vlmkit.framing import Frame, pack
from vlmkit.records import Ask, Picture, Reply
from vlmkit.untrusted import shortened

__all__ = [
    "Answered",
    "Called",
    "Drop",
    "Failed",
    "Faulted",
    "FromChild",
    "MethodCall",
    "Open",
    "Opened",
    "Pulse",
    "Put",
    "Remark",
    "TextPiece",
    "ToChild",
    "bare",
    "blocks_of",
    "clipped",
    "failed_by",
    "faulted_by",
    "packed",
    "read_from_child",
    "read_from_parent",
    "split_block",
    "whole",
    "without_pixels",
]

_MOST_MESSAGE_CHARACTERS = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """To the child: open this model. The first message, and there is one."""

    kind: Literal["open"] = "open"
    specification: Specification


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """To the child: answer this; the files of the pictures are in the block, in order, and `sizes` long."""

    kind: Literal["put"] = "put"
    number: int
    ask: Ask
    sizes: tuple[int, ...]
    wants_pieces: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """To the child: nobody waits for this any more."""

    kind: Literal["drop"] = "drop"
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MethodCall:
    """To the child: tokens of a text, the text of tokens, or what the model is given for an ask."""

    kind: Literal["call"] = "call"
    number: int
    what: Literal["tokenize", "detokenize", "look_inside"]
    text: str = ""
    tokens: tuple[int, ...] = ()
    ask: Ask | None = None
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """From the child: the model is open."""

    kind: Literal["opened"] = "opened"
    abilities: Abilities
    info: ModelInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """From the child: the model cannot be opened; `error` is the name of a SetupError."""

    kind: Literal["failed"] = "failed"
    error: str
    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPiece:
    """From the child: so much of an answer is certain."""

    kind: Literal["piece"] = "piece"
    number: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """From the child: an answer."""

    kind: Literal["answered"] = "answered"
    number: int
    reply: Reply
    counts: Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Faulted:
    """From the child: no answer to an ask or a call; `error` is the name of a RunError."""

    kind: Literal["faulted"] = "faulted"
    number: int
    error: str
    message: str
    partial: Reply | None = None
    counts: Counts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """From the child: what a call gave; pixels of tiles are in the block, in order."""

    kind: Literal["called"] = "called"
    number: int
    text: str = ""
    tokens: tuple[int, ...] = ()
    insight: Insight | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """From the child, every second: it is alive, which says nothing of its desk; `still_s` says that.

    Attributes
    ----------
    still_s : float
        How long the desk has shown no sign of life; 0 where it has nothing to do.
    cpu_s : float
        Processor time of the child so far.
    """

    kind: Literal["pulse"] = "pulse"
    still_s: float
    cpu_s: float
    counts: Counts | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """From the child: a line for the log."""

    kind: Literal["remark"] = "remark"
    level: int
    text: str


ToChild = Open | Put | Drop | MethodCall
FromChild = Opened | Failed | TextPiece | Answered | Faulted | Called | Pulse | Remark


def packed(message: ToChild | FromChild, blocks: Sequence[bytes] = ()) -> list[bytes]:
    """A message as the bytes of its frame.

    Parameters
    ----------
    message : ToChild or FromChild
    blocks : sequence of bytes, default ()

    Raises
    ------
    ValueError
        It cannot be said: too long, or with half a character in it.
    """
    # NaN and infinities stay what they are: a broken model's probabilities are not made better on the way.
    return pack(to_json(message, inf_nan_mode="constants", fallback=_plain), blocks)


def _plain(value: Any) -> Any:
    """A number that is not Python's own, such as numpy's, as one that is."""
    if hasattr(value, "item"):
        return value.item()
    raise ValueError(f"{type(value).__name__} has no form in JSON")


def read_from_parent(frame: Frame) -> ToChild:
    """The message of a frame.

    Raises
    ------
    ValueError
        It is none.
    """
    message: ToChild = _adapter("parent").validate_json(frame.text)
    return message


def read_from_child(frame: Frame) -> FromChild:
    """The message of a frame.

    Raises
    ------
    ValueError
        It is none.
    """
    message: FromChild = _adapter("child").validate_json(frame.text, strict=True)
    return message


@cache
def _adapter(sender: Literal["parent", "child"]) -> TypeAdapter[Any]:
    kinds: Any = ToChild if sender == "parent" else FromChild
    return TypeAdapter(Annotated[kinds, Field(discriminator="kind")])


def bare(ask: Ask) -> Ask:
    """An ask without the bytes of its pictures.

    Parameters
    ----------
    ask : Ask
    """
    return _with_data(ask, iter([b""] * len(ask.pictures)))


def blocks_of(ask: Ask) -> list[bytes]:
    """The bytes of an ask's pictures, in order.

    Parameters
    ----------
    ask : Ask
    """
    return [picture.data for picture in ask.pictures]


def whole(ask: Ask, blocks: Sequence[bytes]) -> Ask:
    """An ask with the bytes of its pictures again.

    Parameters
    ----------
    ask : Ask
    blocks : sequence of bytes

    Raises
    ------
    ValueError
        They are not as many as the pictures.
    """
    if len(blocks) != len(ask.pictures):
        raise ValueError(f"{len(blocks)} files came for {len(ask.pictures)} pictures")
    return _with_data(ask, iter(blocks))


def _with_data(ask: Ask, data: Iterator[bytes]) -> Ask:
    def filled(part: str | Picture) -> str | Picture:
        return part if isinstance(part, str) else replace(part, data=next(data))

    messages = (replace(message, content=tuple(map(filled, message.content))) for message in ask.messages)
    return replace(ask, messages=tuple(messages))


def without_pixels(insight: Insight) -> tuple[Insight, list[bytes]]:
    """What a model is given for an ask, and the pixels of its tiles beside it.

    Parameters
    ----------
    insight : Insight
    """
    bare_tiles = tuple(replace(tile, data=b"") for tile in insight.tiles)
    return replace(insight, tiles=bare_tiles), [tile.data for tile in insight.tiles]


def split_block(block: bytearray, sizes: Sequence[int]) -> list[bytes]:
    """A block's parts.

    Parameters
    ----------
    block : bytearray
    sizes : sequence of int

    Raises
    ------
    ValueError
        They do not make up the block.
    """
    if min(sizes, default=0) < 0 or sum(sizes) != len(block):
        raise ValueError(f"a block of {len(block):,} bytes is not made of parts of {list(sizes)[:9]}")
    view, parts, place = memoryview(block), [], 0
    for size in sizes:
        parts.append(bytes(view[place : place + size]))
        place += size
    return parts


def failed_by(error: Exception) -> Failed:
    """The message for whatever kept a model from being opened.

    Parameters
    ----------
    error : Exception
    """
    if isinstance(error, SetupError):
        return Failed(error=type(error).__name__, message=clipped(str(error)))
    text = f"its process broke while opening it: {type(error).__name__}: {error}"
    return Failed(error=ModelLoadFailed.__name__, message=clipped(text))


def faulted_by(number: int, error: BaseException, counts: Counts | None = None) -> Faulted:
    """The message for whatever an ask or a call ended with.

    Parameters
    ----------
    number : int
    error : BaseException
    counts : Counts or None, default None
    """
    kind = type(error).__name__ if isinstance(error, RunError) else ServerFault.__name__
    text = str(error) if isinstance(error, VlmkitError) else f"{type(error).__name__}: {error}"
    partial = error.partial if isinstance(error, TimedOut) and isinstance(error.partial, Reply) else None
    return Faulted(number=number, error=kind, message=clipped(text), partial=partial, counts=counts)


def clipped(text: str) -> str:
    """A message that is no longer than anybody reads.

    Parameters
    ----------
    text : str
    """
    return shortened(text, _MOST_MESSAGE_CHARACTERS)
