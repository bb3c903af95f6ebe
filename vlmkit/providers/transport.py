"""Requests to one server over connections that are kept: one per request in flight, each with its own deadline.

Everything is awaited in the thread of one event loop: a thread for each request would spend more time waiting for the
interpreter than the request takes.
"""

from __future__ import annotations

import asyncio
import base64
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from vlmkit.errors import BadSetting, Cancelled, Refused, RunError, ServerFault, TimedOut
from vlmkit.providers.connection import Connection, Place, Route, head_of, translation_of
from vlmkit.providers.event_loop import EventLoop

__all__ = ["MOST_BYTES", "Answer", "Call", "Read", "Transport"]

Read = Callable[[], Awaitable[bytes]]
Result = TypeVar("Result")

MOST_BYTES = 32 * 2**20
"""Longest answer that is read; OpenRouter's list of models is the longest honest one, with 1 MB."""

# Gateways turn away who names no program; what is not asked for compressed need not be unpacked.
_HEADERS = (("user-agent", "vlmkit"), ("accept", "*/*"), ("accept-encoding", "identity"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a server sent back.

    Attributes
    ----------
    status : int
    headers : mapping of str to str
        Names in lower case.
    body : bytes
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Call:
    """One request's deadline.

    Parameters
    ----------
    timeout_s : float or None, default None
        Seconds from now to the last byte of the answer; None waits for ever.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self.timeout_s = timeout_s
        self._deadline_s = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self) -> float | None:
        """Seconds to the deadline, at least 0; None where there is none."""
        return None if self._deadline_s is None else max(0.0, self._deadline_s - time.monotonic())


class Transport:
    """Everything that is sent to one address.

    Parameters
    ----------
    url : str
        Scheme, host and base path, as ``http://localhost:11434/v1``.
    headers : mapping of str to str, default none
        Sent with every request.
    secret : str or None, default None
        The key in those headers: blotted out wherever a server repeats it.

    Raises
    ------
    BadSetting
        This machine's settings name a proxy for the address that cannot be used.
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, *, secret: str | None = None) -> None:
        parts = urlsplit(url)
        self.address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        host = (parts.hostname or "").encode("idna").decode("ascii")
        is_tls = parts.scheme == "https"
        place = Place(host=host, port=parts.port or (443 if is_tls else 80), is_tls=is_tls)
        self._route = _route_to(place)
        self._headers = [("host", parts.netloc.rpartition("@")[2]), *_HEADERS, *(headers or {}).items()]
        self._base, self._path = "", parts.path.rstrip("/")
        if self._route.proxy and not is_tls:  # which forwards what has a whole address and the proxy's own headers
            self._base = f"http://{f'[{host}]' if ':' in host else host}:{place.port}"
            self._headers += self._route.proxy_headers.items()
        self._heads: dict[tuple[str, str], bytes] = {}
        self._secret = secret
        self._loop: EventLoop | None = None
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"Transport({self.address!r})"

    def get(self, path: str, call: Call) -> Answer:
        """Fetch, and wait for the whole answer, whatever its status; not in the thread of the loop.

        Parameters
        ----------
        path : str
            Below the base path, with its slash; or absolute where it begins with ``//``.
        call : Call

        Raises
        ------
        BackendError
            `Unreachable`, `TimedOut`, `ServerFault`, `Refused`; never for a status.
        """
        return self.enter().run(self.fetch("GET", path, b"", call))

    def post(self, path: str, body: bytes, call: Call) -> Answer:
        """Send JSON; as `get`.

        Raises
        ------
        BackendError
            As `get`.
        """
        return self.enter().run(self.fetch("POST", path, body, call))

    async def fetch(self, method: str, path: str, body: bytes, call: Call) -> Answer:
        """Send a request, and wait for the whole answer; as `get`, in the thread of the loop.

        Raises
        ------
        BackendError
            As `get`.
        Cancelled
            The transport was closed.
        """
        return await self._within(call, self._exchange(method, path, body))

    @asynccontextmanager
    async def open(self, method: str, path: str, body: bytes, call: Call) -> AsyncIterator[tuple[Answer, Read]]:
        """Send a request; status and headers of the answer, and how to read its body.

        Yields
        ------
        (Answer without body, callable)
            Which gives the next piece of the body each time it is awaited, and nothing at its end.

        Raises
        ------
        BackendError
            As `get`, also while the pieces are read.
        Cancelled
            The transport was closed.
        """
        connection, head = await self._within(call, self._asked(method, path, body))
        received = 0

        async def read() -> bytes:
            nonlocal received
            chunk = await self._within(call, connection.chunk())
            received += len(chunk)
            self._check_size(received)
            return chunk

        try:
            yield head, read
        finally:
            self._finish(connection)

    def enter(self) -> EventLoop:
        """The loop in whose thread the requests are made, from now until `close`.

        Raises
        ------
        Cancelled
            The transport was closed.
        """
        with self._lock:
            if self._closed:
                raise Cancelled(f"{self.address}: the connections to it were closed.")
            if self._loop is None:
                self._loop = EventLoop.enter()
            return self._loop

    def close(self) -> None:
        """Let all connections go, also those in use. Twice is fine."""
        with self._lock:
            loop, self._loop, self._closed = self._loop, None, True
        if loop is not None:
            loop.call(self._abort)
            loop.leave()

    def blot(self, text: str) -> str:
        """A server's text without the key."""
        return text.replace(self._secret, "***") if self._secret else text

    def _request(self, method: str, path: str, body: bytes) -> bytes:
        head = self._heads.get((method, path))
        if head is None:
            headers = [*self._headers, *([("content-type", "application/json")] if method == "POST" else [])]
            target = self._base + (path[1:] if path.startswith("//") else self._path + path)
            head = self._heads[method, path] = head_of(method, target, headers)
        return b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body) if body else head + b"\r\n"

    async def _connection(self) -> Connection:
        """One that is idle, the latest first; a server's end of one is noticed when it comes."""
        self.enter()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        connection = await Connection.open(self._route, self._open.discard)
        self._open.add(connection)
        if self._closed:
            connection.abort()
        return connection

    async def _asked(self, method: str, path: str, body: bytes) -> tuple[Connection, Answer]:
        """Send a request; the connection, to be finished, and what its answer begins with."""
        connection = await self._connection()
        try:
            connection.send(self._request(method, path, body))
            status, headers = await connection.head()
        except BaseException:
            self._finish(connection)
            raise
        return connection, Answer(status=status, headers=headers)

    async def _exchange(self, method: str, path: str, body: bytes) -> Answer:
        connection, head = await self._asked(method, path, body)
        chunks: list[bytes] = []
        try:
            while chunk := await connection.chunk():
                chunks.append(chunk)
                self._check_size(sum(map(len, chunks)))
        finally:
            self._finish(connection)
        return Answer(status=head.status, headers=head.headers, body=b"".join(chunks))

    def _finish(self, connection: Connection) -> None:
        # A body that was not read to its end closes the connection.
        if connection.finish():
            self._idle.append(connection)

    def _abort(self) -> None:
        for connection in self._open:
            connection.abort()

    def _check_size(self, received_bytes: int) -> None:
        if received_bytes > MOST_BYTES:
            message = f"{self.address}: the answer has more than {MOST_BYTES:,} bytes, and no caption has. "
            raise ServerFault(message + "See the server's log.")

    async def _within(self, call: Call, work: Coroutine[Any, Any, Result]) -> Result:
        """Something done in what is left of the call's time, with faults instead of foreign exceptions."""
        try:
            async with asyncio.timeout(call.left_s()):
                return await work
        except RunError:
            raise
        except Exception as error:  # noqa: BLE001  sorted here, all of it
            fault = self._fault(error, call)
            # h11 quotes a header that it refuses, and that may be the key.
            raise fault from (None if isinstance(fault, Refused) else error)

    def _fault(self, error: Exception, call: Call) -> RunError:
        if isinstance(error, TimeoutError) and call.timeout_s is not None:
            return TimedOut(f"{self.address} gave no complete answer within {call.timeout_s:g} s. Raise timeout_s.")
        translation = translation_of(error)
        if translation is None:
            return ServerFault(f"{self.address}: {type(error).__name__} while asking. Report it.")
        kind, words = translation
        if kind is Refused:
            return Refused(f"{self.address}: {words}.")
        detail = " ".join(str(error).split())[:200]
        return kind(f"{self.address}: {words}" + (f" ({self.blot(detail)})." if detail else "."))


def _route_to(place: Place) -> Route:
    """The way to a place, by the proxy that this machine's settings name for it; none for this machine itself."""
    proxy = _proxy_for("https" if place.is_tls else "http", place.host)
    if proxy is None:
        return Route(place=place)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadSetting(
            f"{place.host} would be asked through a proxy of type {parts.scheme}. Name an http:// one in HTTP_PROXY "
            "and HTTPS_PROXY, or the host in NO_PROXY."
        )
    is_tls = parts.scheme == "https"
    headers = {}
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        headers["proxy-authorization"] = f"Basic {base64.b64encode(login).decode('ascii')}"
    nearest = Place(host=parts.hostname, port=parts.port or (443 if is_tls else 80), is_tls=is_tls)
    return Route(place=place, proxy=nearest, proxy_headers=headers)


def _proxy_for(scheme: str, host: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    from vlmkit.providers.addresses import is_loopback

    if is_loopback(host) or proxy_bypass(host):
        return None
    proxy: str | None = getproxies().get(scheme)
    return proxy
