"""A streamed answer: events taken out of its bytes, pieces put together; and how long any answer can honestly be.

Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import json
from dataclasses import replace

from vlmkit.backends import ToolCallDelta
from vlmkit.errors import ServerFault
from vlmkit.providers.dialect import AnswerPiece, new_call_id, no_text
from vlmkit.providers.transport import MOST_BYTES
from vlmkit.records import Ask, Token, ToolCall, Usage

__all__ = ["Calls", "Events", "Gathered", "check_length", "is_cut_off", "most_answer_bytes", "most_lines"]

# Of an answer: all that is not text. Thoughts, which not every server counts among max_tokens, are the longest of it.
_FREE_BYTES = 2 * 2**20
_TOKEN_BYTES = 1024  # an event with one token in it has 200 to 400
_LIKELIHOOD_BYTES = 512  # a token's probability, spelled out and indented
_FREE_LINES = 20_000  # also signs of life during an hour
_TOKEN_LINES = 8
_MOST_EVENT_BYTES = 2**20  # one token, all its likeliest alternatives beside it, has a few thousand
_SEE_LOG = "No model writes that; see the server's log."


def most_answer_bytes(ask: Ask) -> int:
    """Bytes that no answer to this ask has, framing left out.

    Parameters
    ----------
    ask : Ask
    """
    likelihoods = ask.alternatives + 1 if ask.token_probabilities else 0
    return min(MOST_BYTES, _FREE_BYTES + ask.sampling.max_tokens * (_TOKEN_BYTES + likelihoods * _LIKELIHOOD_BYTES))


def most_lines(ask: Ask) -> int:
    """Lines that no stream of events for this ask has.

    Parameters
    ----------
    ask : Ask
    """
    return _FREE_LINES + ask.sampling.max_tokens * _TOKEN_LINES


def check_length(characters: int, ask: Ask) -> None:
    """Make sure that a text is no longer than so many tokens can be; a longer one was not made as it was asked for.

    Parameters
    ----------
    characters : int
    ask : Ask

    Raises
    ------
    ServerFault
        It is.
    """
    sampling = ask.sampling
    if characters > sampling.most_characters:
        raise ServerFault(
            f"the answer has more than {sampling.most_characters:,} characters, though max_tokens="
            f"{sampling.max_tokens} was asked for. See whether the server keeps max_tokens; if it may write more, "
            "raise it."
        )


class Calls:
    """Tool calls that come in parts, numbered from 0 in the order in which they begin.

    A server's own numbers cannot be used: some count other blocks, too, and some give every call the same.
    """

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._ids: list[str] = []
        self._names: list[str] = []
        self._arguments: list[list[str]] = []
        self._signatures: list[str] = []

    def add(self, part: ToolCallDelta) -> ToolCallDelta:
        """Take the next part; gives it with its own number, and with id and name where a call begins by it.

        Parameters
        ----------
        part : ToolCallDelta
        """
        place = self._places.get(part.index)
        begins = place is None or bool(part.id and part.id != self._ids[place])
        if place is None or begins:
            place = self._places[part.index] = len(self._ids)
            self._ids.append(part.id or new_call_id())
            self._names.append(part.name)
            self._arguments.append([])
            self._signatures.append("")
        self._arguments[place].append(part.arguments)
        self._signatures[place] = part.signature or self._signatures[place]
        if begins:
            return replace(part, index=place, id=self._ids[place])
        return ToolCallDelta(index=place, arguments=part.arguments, signature=part.signature)

    def whole(self) -> tuple[ToolCall, ...]:
        """All calls that have a name."""
        parts = zip(self._ids, self._names, self._arguments, self._signatures, strict=True)
        return tuple(
            ToolCall(id=call_id, name=name, arguments="".join(texts) or "{}", signature=signature)
            for call_id, name, texts, signature in parts
            if name
        )


class Gathered:
    """What the pieces of an answer say so far; each is added once, and none is copied again for the next.

    Attributes
    ----------
    is_last : bool
        Whether nothing comes after the latest piece.
    characters : int
        Of the text, and of tool calls.
    """

    def __init__(self) -> None:
        self.is_last = False
        self.characters = 0
        self._facts = AnswerPiece()
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._tokens: list[Token] = []
        self._calls: list[ToolCallDelta] = []

    def add(self, piece: AnswerPiece) -> None:
        """The next one.

        Parameters
        ----------
        piece : AnswerPiece
        """
        facts = self._facts
        self.is_last = piece.is_last
        self.characters += len(piece.text)
        self.characters += sum(len(call.arguments) for call in piece.tool_calls)
        self._calls.extend(piece.tool_calls)
        if piece.text:
            self._texts.append(piece.text)
        if piece.refusal:
            self._refusals.append(piece.refusal)
        if piece.tokens:
            self._tokens.extend(piece.tokens)
        self._facts = AnswerPiece(
            finish_reason=piece.finish_reason or facts.finish_reason,
            usage=Usage(
                prompt_tokens=_newer(piece.usage.prompt_tokens, facts.usage.prompt_tokens),
                completion_tokens=_newer(piece.usage.completion_tokens, facts.usage.completion_tokens),
            ),
            response_id=facts.response_id or piece.response_id,
            thinks=facts.thinks or piece.thinks,
        )

    def whole(self) -> AnswerPiece:
        """All of it, as one piece."""
        return replace(
            self._facts,
            text="".join(self._texts),
            refusal="".join(self._refusals),
            tokens=tuple(self._tokens) or None,
            is_last=self.is_last,
            tool_calls=tuple(self._calls),
        )

    def checked(self) -> AnswerPiece:
        """All of it, where it is an answer.

        Raises
        ------
        BackendError
            It ended too early, or has no text.
        """
        whole = self.whole()
        if whole.finish_reason is None and not whole.is_last:
            message = "the answer ended before the model was done. Try again; see the server's log."
            raise ServerFault(message, is_transient=True)
        if (not whole.text.strip() and not whole.tool_calls) or whole.refusal:
            raise no_text(whole)
        return whole


def _newer(new: int | None, old: int | None) -> int | None:
    return old if new is None else new


def is_cut_off(text: str, error: Exception) -> bool:
    """Whether a text that is not JSON would be, had it gone on.

    Parameters
    ----------
    text : str
    error : Exception
        What the JSON decoder said.
    """
    text = text.strip()
    if not isinstance(error, json.JSONDecodeError):
        return isinstance(error, UnicodeDecodeError) and text[:1] in {"{", "["} and text.endswith("\ufffd")
    if text[:1] not in {"{", "["}:
        return False
    left = len(text) - error.pos
    # A word, a number or an escape may be cut, too; none is longer.
    return left <= 0 or error.msg.startswith("Unterminated string") or (left < 10 and text[-1] not in "}]")


class Events:
    """Takes server-sent events out of bytes, however they were cut; comments and other fields are left out.

    Parameters
    ----------
    most_lines : int
        Of all events together, empty ones and comments included.
    """

    def __init__(self, most_lines: int) -> None:
        self._most_lines = most_lines
        self._lines = 0
        self._rest = bytearray()
        self._data: list[str] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[str]:
        """Data of each event that is now complete, its lines joined.

        Parameters
        ----------
        chunk : bytes
            The next ones; none at the end, which completes the last event.

        Raises
        ------
        ServerFault
            There are more lines, or a longer event, than any answer has.
        """
        if chunk and b"\n" not in chunk:
            self._rest += chunk
            self._check(len(self._rest))
            return []
        *lines, rest = (self._rest + chunk).split(b"\n")
        if not chunk:
            lines, rest = [rest, bytearray()], bytearray()
        self._rest = rest
        self._lines += len(lines)
        self._check(len(rest))
        return self._taken(lines)

    def _taken(self, lines: list[bytearray]) -> list[str]:
        found = []
        for line in (each.removesuffix(b"\r") for each in lines):
            if line.startswith(b"data:"):
                self._data_bytes += len(line)
                self._check(self._data_bytes)
                self._data.append(line[5:].removeprefix(b" ").decode("utf-8", errors="replace"))
            elif not line and self._data:
                found.append("\n".join(self._data))
                self._data, self._data_bytes = [], 0
        return found

    def _check(self, event_bytes: int) -> None:
        if event_bytes > _MOST_EVENT_BYTES:
            raise ServerFault(f"an event of the answer has more than {_MOST_EVENT_BYTES:,} bytes. {_SEE_LOG}")
        if self._lines > self._most_lines:
            raise ServerFault(f"the answer has more than {self._most_lines:,} lines of events. {_SEE_LOG}")
