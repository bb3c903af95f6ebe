"""Requests to one server over connections that are kept: one per request in flight, each with its own deadline.

Everything is awaited in the thread of one event loop: a thread for each request would spend more time waiting for the
interpreter than the request takes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

from vlmkit.errors import BadSetting, Cancelled, RunError, ServerFault, TimedOut
from vlmkit.providers.connection import ConnectionPool, Response, tls_context, translation_of
from vlmkit.providers.event_loop import EventLoop
from vlmkit.providers.secret import BLOT, Key, Screen

__all__ = ["MOST_BYTES", "HttpAnswer", "Read", "RequestDeadline", "Transport"]

Read = Callable[[], Awaitable[bytes]]
Result = TypeVar("Result")

MOST_BYTES = 32 * 2**20
"""Longest answer that is read, unless less is allowed."""

_FREE_PIECES = 10_000
_LEAST_BYTES = 8  # of a piece, on average; the shortest event of an honest stream has thirty

# Gateways turn away who names no program; what is not asked for compressed need not be unpacked.
_HEADERS = (("user-agent", "vlmkit"), ("accept", "*/*"), ("accept-encoding", "identity"))


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """What a server sent back.

    Attributes
    ----------
    status : int
    headers : mapping of str to str
        Names in lower case.
    body : bytes
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


class RequestDeadline:
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
        The key in those headers: redacted out wherever a server repeats it.
    ca_file : str or None, default None
        PEM file of certificates that are trusted beside the usual ones.
    verify : bool, default True
        False does not check the server's certificate.

    Raises
    ------
    BadSetting
        This machine's settings name a proxy for the address that cannot be used, or certificates that are not there.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        secret: str | None = None,
        ca_file: str | None = None,
        verify: bool = True,
    ) -> None:
        parts = urlsplit(url)
        self._origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.address = self._origin + parts.path.rstrip("/")
        proxy = _proxy_for(parts.scheme, parts.hostname or "")
        is_tls = url.startswith("https:") or (proxy or "").startswith("https:")
        tls = tls_context(ca_file=ca_file, verify=verify) if is_tls else None
        all_headers = [*_HEADERS, *(headers or {}).items()]
        self._connections = ConnectionPool(all_headers, tls=tls, proxy=proxy)
        self._secret = Key(secret) if secret else None
        self._loop: EventLoop | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"Transport({self.address!r})"

    def get(self, path: str, deadline: RequestDeadline, *, most_bytes: int = MOST_BYTES) -> HttpAnswer:
        """Fetch, and wait for the whole answer, whatever its status; not in the thread of the loop.

        Parameters
        ----------
        path : str
            Below the base path, with its slash; or absolute where it begins with ``//``.
        deadline : RequestDeadline
        most_bytes : int, default MOST_BYTES
            An answer that is longer is a fault.

        Raises
        ------
        BackendError
            `Unreachable`, `TimedOut`, `ServerFault`, `Refused`; never for a status.
        """
        return self.enter().run(self.fetch("GET", path, b"", deadline, most_bytes=most_bytes))

    def post(self, path: str, body: bytes, deadline: RequestDeadline, *, most_bytes: int = MOST_BYTES) -> HttpAnswer:
        """Send JSON; as `get`.

        Raises
        ------
        BackendError
            As `get`.
        """
        return self.enter().run(self.fetch("POST", path, body, deadline, most_bytes=most_bytes))

    async def fetch(
        self, method: str, path: str, body: bytes, deadline: RequestDeadline, *, most_bytes: int = MOST_BYTES
    ) -> HttpAnswer:
        """Send a request, and wait for the whole answer; as `get`, in the thread of the loop.

        Raises
        ------
        BackendError
            As `get`.
        Cancelled
            The transport was closed.
        """
        return await self._within(deadline, self._fetched(method, path, body, most_bytes))

    @asynccontextmanager
    async def open(
        self, method: str, path: str, body: bytes, deadline: RequestDeadline, *, most_bytes: int = MOST_BYTES
    ) -> AsyncIterator[tuple[HttpAnswer, Read]]:
        """Send a request; status and headers of the answer, and how to read its body.

        Yields
        ------
        (HttpAnswer without body, callable)
            Which gives the next piece of the body each time it is awaited, and nothing at its end.

        Raises
        ------
        BackendError
            As `get`, also while the pieces are read.
        Cancelled
            The transport was closed.
        """
        self.enter()
        response = await self._within(deadline, self._connections.send(method, self._url(path), body, most_bytes))
        pieces = self._pieces(response, most_bytes)

        async def read() -> bytes:
            return await self._within(deadline, anext(pieces, b""))

        try:
            yield self._head(response), read
        finally:
            await pieces.aclose()
            await response.aclose()

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
            loop.call(self._connections.abort)
            loop.leave()

    @property
    def has_secret(self) -> bool:
        """Whether there is a key to be redacted."""
        return self._secret is not None

    def redact(self, text: str) -> str:
        """A server's text without the key."""
        return text.replace(self._secret, BLOT) if self._secret else text

    def screen(self) -> Screen[str]:
        """For a server's text that comes in pieces."""
        return Screen(self._secret or "", BLOT)

    def _byte_screen(self) -> Screen[bytes]:
        return Screen((self._secret or "").encode(), BLOT.encode())

    def _url(self, path: str) -> str:
        return self._origin + path[1:] if path.startswith("//") else self.address + path

    async def _fetched(self, method: str, path: str, body: bytes, most_bytes: int) -> HttpAnswer:
        self.enter()
        response = await self._connections.send(method, self._url(path), body, most_bytes)
        size, screen = _Size(self.address, most_bytes), self._byte_screen() if self._secret else None
        chunks = []
        try:
            while piece := await response.read():
                if fault := size.fault_after(piece):
                    del piece  # which a traceback with its variables would show
                    raise fault
                chunks.append(screen.feed(piece) if screen else piece)
            if screen:
                chunks.append(screen.rest())
            return self._head(response, b"".join(chunks))
        finally:
            await response.aclose()

    def _head(self, response: Response, body: bytes = b"") -> HttpAnswer:
        """An answer that began to come, as far as it is read, without the key where the server repeats it."""
        shown = self.redact if self._secret else str
        headers = {  # without a name for what came, as a traceback that shows variables would show the key in it
            shown(name.decode("latin-1")).lower(): shown(value.decode("latin-1")) for name, value in response.headers
        }
        head = HttpAnswer(status=response.status, headers=headers, body=body)
        encoding = headers.get("content-encoding", "identity")
        if encoding.strip().lower() != "identity" and 200 <= head.status < 300:
            message = f"{self.address}: the answer came compressed ({encoding[:40]!r}), which was not asked for."
            raise ServerFault(f"{message} Switch that off in the server, or in what stands before it.")
        return head

    async def _pieces(self, response: Response, most_bytes: int) -> AsyncGenerator[bytes, None]:
        """A body as it comes, bounded in bytes and in pieces, without the key where the server repeats it."""
        size, screen = _Size(self.address, most_bytes), self._byte_screen()
        while piece := await response.read():
            if fault := size.fault_after(piece):
                del piece  # which a traceback with its variables would show
                raise fault
            if shown := screen.feed(piece):
                yield shown
        if rest := screen.rest():
            yield rest

    async def _within(self, deadline: RequestDeadline, work: Awaitable[Result]) -> Result:
        """Something done in what is left of a request's time, with faults instead of foreign exceptions."""
        left_s = deadline.left_s()
        try:
            if left_s is None:
                return await work
            async with asyncio.timeout(left_s):
                return await work
        except RunError:
            raise
        except Exception as error:  # noqa: BLE001  sorted here, all of it
            fault, cause = self._fault(error, deadline), _system_error(error)
        # The libraries quote what a server sent, and a header that they refuse: either may have the key in it.
        raise fault from cause

    def _fault(self, error: Exception, deadline: RequestDeadline) -> RunError:
        if isinstance(error, TimeoutError) and deadline.timeout_s is not None:
            return TimedOut(f"{self.address} gave no complete answer within {deadline.timeout_s:g} s. Raise timeout_s.")
        if self._closed:
            return Cancelled(f"{self.address}: the connections to it were closed.")
        translation = translation_of(error)
        if translation is None:
            return ServerFault(f"{self.address}: {type(error).__name__} while asking. Report it.")
        kind, words, has_detail = translation
        detail = " ".join(str(error).split())[:200] if has_detail else ""
        return kind(f"{self.address}: {words}" + (f" ({self.redact(detail)})." if detail else "."))


class _Size:
    """How much of a body came: neither more bytes than are due, nor pieces without end."""

    def __init__(self, address: str, most_bytes: int) -> None:
        self._address = address
        self._most_bytes = most_bytes
        self._bytes = self._pieces = 0

    def fault_after(self, piece: bytes) -> ServerFault | None:
        """Count the next piece; the fault where it is too much."""
        self._bytes += len(piece)
        self._pieces += 1
        if self._bytes > self._most_bytes:
            problem = f"has more than {self._most_bytes:,} bytes, and none so long is due"
        elif self._pieces > _FREE_PIECES and self._bytes < self._pieces * _LEAST_BYTES:
            problem = f"came in {self._pieces:,} pieces of hardly a byte"
        else:
            return None
        return ServerFault(f"{self._address}: the answer {problem}. See the server's log.")


def _system_error(error: BaseException) -> OSError | None:
    """What the system said, below the libraries' exceptions."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    return cause


def _proxy_for(scheme: str, host: str) -> str | None:
    """Address of the proxy that this machine's settings name for a host; None for this machine itself."""
    from vlmkit.providers.addresses import is_loopback

    if is_loopback(host):
        return None
    from urllib.request import getproxies, proxy_bypass  # with an HTTP library of its own

    if proxy_bypass(host):
        return None
    named = getproxies().get(scheme)
    if named is None:
        return None
    proxy = named if "://" in named else f"http://{named}"
    parts = urlsplit(proxy)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadSetting(
            f"{host} would be asked through a proxy of type {parts.scheme}. Name an http:// one in HTTP_PROXY "
            "and HTTPS_PROXY, or the host in NO_PROXY."
        )
    return proxy
