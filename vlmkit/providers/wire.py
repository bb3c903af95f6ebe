"""Bytes of requests and of streamed answers: pictures put into JSON, JSON taken out of server-sent events.

Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from typing import Any

from vlmkit.errors import ServerFault
from vlmkit.records import Picture

__all__ = ["PICTURE", "Events", "encode", "is_cut_off"]

_MOST_EVENT_BYTES = 2**20  # one token, all its likeliest alternatives beside it, has a few thousand
_SEE_LOG = "No model writes that; see the server's log."

_compact = json.JSONEncoder(separators=(",", ":")).encode

PICTURE = secrets.token_hex(16)
"""Stands for the base64 of the next picture in what `encode` gets; no prompt can contain it by chance."""


def encode(payload: dict[str, Any], pictures: Sequence[Picture]) -> bytes:
    """JSON of a request, each `PICTURE` in it replaced by a picture, in order.

    Putting base64 in afterwards takes a third of the time that a JSON encoder needs to look at every character of it.

    Parameters
    ----------
    payload : dict
    pictures : sequence of Picture
    """
    first, *rest = _compact(payload).encode("ascii").split(PICTURE.encode("ascii"))
    pieces = [first]
    for picture, text in zip(pictures, rest, strict=True):
        pieces += [base64.b64encode(picture.data), text]
    return b"".join(pieces)


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
