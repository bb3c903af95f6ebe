"""What a parent believes of what its child says: only what can be true.

A hostile checkpoint may have taken the child over. Its answers are its own affair, as those of any model are; but it
says nothing in the name of another model, and takes no more memory than what it was asked for needs.
"""

from __future__ import annotations

from dataclasses import replace

from vlmkit import errors
from vlmkit.backends import Abilities, Insight, ModelInfo
from vlmkit.engines.isolation.messages import Called, Failed, Faulted, Opened, clipped, split
from vlmkit.errors import ModelLoadFailed, RunError, ServerFault, SetupError, TimedOut
from vlmkit.records import Ask, Reply

__all__ = ["believed_insight", "believed_opening", "believed_reply", "row_fault", "setup_fault"]

_MOST_REMARKS_CHARACTERS = 40_000
_MOST_COUNT = 2**53
_MOST_SIDE_PX = 2**20
_MOST_PARALLEL = 4096
_REASONS = frozenset({"stop", "stop_sequence", "length", "timeout"})
# The sampler may have run some tokens ahead of the answer.
_TOKENS_AHEAD = 8


def setup_fault(said: Failed) -> SetupError:
    """The error that a message stands for.

    Parameters
    ----------
    said : Failed
    """
    kind = getattr(errors, said.error, None) if said.error in errors.__all__ else None
    if isinstance(kind, type) and issubclass(kind, SetupError):
        return kind(clipped(said.message))
    return ModelLoadFailed(clipped(said.message))


def row_fault(said: Faulted, partial: Reply | None) -> RunError:
    """The fault that a message stands for.

    Parameters
    ----------
    said : Faulted
    partial : Reply or None
        What a late answer had got to, believed.
    """
    kind = getattr(errors, said.error, None) if said.error in errors.__all__ else None
    if kind is TimedOut:
        return TimedOut(clipped(said.message), partial=partial)
    if isinstance(kind, type) and issubclass(kind, RunError):
        return kind(clipped(said.message))
    return ServerFault(clipped(said.message))


def believed_opening(said: Opened, *, model: str, revision: str) -> tuple[Abilities, ModelInfo]:
    """What a child says of its model, where that is possible; name, revision and place are its parent's word.

    Raises
    ------
    ValueError
        It is not possible.
    """
    able, info = said.abilities, said.info
    _within("images_per_ask", able.images_per_ask, 1, _MOST_PARALLEL)
    _within("parallel_asks", able.parallel_asks, 1, _MOST_PARALLEL)
    _within("longest_side_px", able.longest_side_px, 1, _MOST_SIDE_PX)
    if sum(map(len, info.remarks)) > _MOST_REMARKS_CHARACTERS:
        raise ValueError("its remarks are too long")
    here = Abilities().destination
    return replace(able, destination=here), replace(info, name=model, revision=revision, destination=here)


def believed_reply(said: Reply, ask: Ask, *, model: str, revision: str, seconds: float) -> Reply:
    """A child's reply to an ask, where that can be one; name, revision and time are its parent's word.

    Raises
    ------
    ValueError
        It cannot.
    """
    if said.finish_reason not in _REASONS:
        raise ValueError(f"an answer that ended by {said.finish_reason[:20]!r}")
    for count in (said.usage.prompt_tokens, said.usage.completion_tokens):
        _within("usage", count or 0, 0, _MOST_COUNT)
    if (said.tokens is None) is ask.token_probabilities:
        raise ValueError("tokens that were not asked for, or none that were")
    if said.tokens is not None and len(said.tokens) > ask.sampling.max_tokens + _TOKENS_AHEAD:
        raise ValueError("more tokens than were asked for")
    return Reply(
        text=said.text,
        finish_reason=said.finish_reason,
        model=model,
        revision=revision,
        usage=said.usage,
        seconds=seconds,
        tokens=said.tokens,
    )


def believed_insight(said: Called, block: bytearray) -> Insight:
    """What a model is given for an ask, with the pixels of its tiles.

    Raises
    ------
    ValueError
        They do not fit.
    """
    if said.insight is None:
        raise ValueError("nothing was said of what the model is given")
    tiles = said.insight.tiles
    data = split(block, [3 * tile.width * tile.height for tile in tiles])
    filled = tuple(replace(tile, data=each) for tile, each in zip(tiles, data, strict=True))
    return replace(said.insight, tiles=filled)


def _within(name: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise ValueError(f"{name} of {str(number)[:20]}")
