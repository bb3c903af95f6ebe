"""Bodies of requests: read piece by piece, counted while they come, and taken for JSON only as far as it is strict."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from vlmkit.chat import ChatError
from vlmkit.server.problems import client_left

__all__ = ["Bodies"]

_LONGEST_READ_S = 60.0
_BODIES_AT_ONCE = 4
_LARGE_BYTES = 256 * 1024


class Bodies:
    """Reads bodies; of all that come at the same time, not more than a few of the largest size are held.

    Parameters
    ----------
    most_bytes : int
        Of one.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held_bytes = 0

    async def read_json(self, request: Request) -> Any:
        """What the body of a request says.

        Parameters
        ----------
        request : Request

        Raises
        ------
        ChatError
            It is too large, comes too slowly, or is not JSON.
        """
        self._check(_announced_bytes(request), 0)
        received = bytearray()
        try:
            async with asyncio.timeout(_LONGEST_READ_S):
                async for piece in request.stream():
                    self._check(len(received) + len(piece), len(piece))
                    self._held_bytes += len(piece)
                    received += piece
            large = len(received) > _LARGE_BYTES
            return await asyncio.to_thread(_parsed, received) if large else _parsed(received)
        except TimeoutError:
            message = f"The body did not come within {_LONGEST_READ_S:g} s. Send a smaller one, or try again."
            raise ChatError(message, code="request_incomplete") from None
        except ClientDisconnect:
            raise client_left() from None
        finally:
            self._held_bytes -= len(received)

    def _check(self, size_bytes: int, more_bytes: int) -> None:
        if size_bytes > self._most_bytes:
            message = (
                f"The request has more than the {self._most_bytes:,} bytes that are allowed. Send smaller pictures."
            )
            raise ChatError(message, status=413, code="request_too_large")
        if self._held_bytes + more_bytes > _BODIES_AT_ONCE * self._most_bytes:
            message = "The server is busy with other large requests. Try again a little later."
            raise ChatError(message, status=503, kind="server_busy", code="queue_full", retry_after_s=1.0)


def _announced_bytes(request: Request) -> int:
    told = request.headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() else 0


def _parsed(body: bytearray) -> Any:
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise ChatError(
            f"The body is not JSON{where}. Send an object with model and messages.", code="invalid_json"
        ) from None


def _refuse(_word: str) -> NoReturn:
    raise ValueError
