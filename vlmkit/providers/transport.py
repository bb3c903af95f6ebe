"""Requests to one server over connections that are kept: one per request in flight, each with its own deadline.

The only module that imports httpcore, the engine under httpx. One blocking connection per request, taken from a stack
of idle ones, costs half the CPU of httpx's client and a third of its import; a pool shared by 64 requests costs more
than the requests.
"""

from __future__ import annotations

import functools
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore

from vlmkit.errors import BackendError, Cancelled, Refused, RunError, ServerFault, TimedOut, Unreachable

__all__ = ["MOST_BYTES", "TRANSLATION", "Answer", "Call", "Transport"]

MOST_BYTES = 32 * 2**20
"""Longest answer that is read; OpenRouter's list of models is the longest honest one, with 1 MB."""

_CONNECT_S = 10.0
_SOCKET_OPTIONS = ((socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),)

# Gateways turn away who names no program; what is not asked for compressed need not be unpacked.
_HEADERS = (("user-agent", "vlmkit"), ("accept", "*/*"), ("accept-encoding", "identity"))

_LOST = (Unreachable, "the connection was lost before the answer was complete. Try again; see the server's log")
_NO_CONNECTION = (Unreachable, "no connection. Start the server, or correct the address")
_LATE = (TimedOut, "no complete answer in time. Raise timeout_s")

TRANSLATION: dict[type[Exception], tuple[type[BackendError], str]] = {
    httpcore.ConnectTimeout: (Unreachable, f"no connection within {_CONNECT_S:g} s. Is the address right, and open?"),
    httpcore.ConnectError: _NO_CONNECTION,
    httpcore.ReadTimeout: _LATE,
    httpcore.WriteTimeout: _LATE,
    httpcore.PoolTimeout: _LATE,
    httpcore.TimeoutException: _LATE,
    httpcore.ReadError: _LOST,
    httpcore.WriteError: _LOST,
    httpcore.NetworkError: _LOST,
    httpcore.ConnectionNotAvailable: _LOST,
    httpcore.RemoteProtocolError: _LOST,
    httpcore.ProtocolError: _LOST,
    httpcore.LocalProtocolError: (Refused, "the request breaks HTTP's rules. Look at the address and the key"),
    httpcore.UnsupportedProtocol: (Refused, "the address is no http:// or https:// one. Correct it"),
    httpcore.ProxyError: (Unreachable, "the proxy of this machine refused. See HTTP_PROXY, HTTPS_PROXY, NO_PROXY"),
}
"""Every exception of httpcore, and what it becomes."""


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
    """One request's deadline, and the way to end it from another thread.

    Parameters
    ----------
    timeout_s : float or None, default None
        Seconds from now to the last byte of the answer; None waits for ever.
    """

    def __init__(self, timeout_s: float | None = None) -> None:
        self.timeout_s = timeout_s
        self._deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._ended = threading.Event()

    @property
    def is_aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._ended.is_set()

    @property
    def is_late(self) -> bool:
        """Whether the deadline has passed."""
        return self._deadline_s is not None and time.monotonic() >= self._deadline_s

    def left_s(self) -> float | None:
        """Seconds to the deadline, at least 0; None where there is none."""
        return None if self._deadline_s is None else max(0.0, self._deadline_s - time.monotonic())

    def abort(self) -> None:
        """End the request on the wire; whoever waits for its answer gets `Cancelled`."""
        self._ended.set()
        with self._lock, suppress(OSError):
            if self._socket is not None:
                # Past SSLSocket's own method, which is not made for a thread that does not read.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def pause(self, seconds: float) -> bool:
        """Wait outside of the deadline, as for a host's limit; whether the call was aborted meanwhile."""
        start_s = time.monotonic()
        aborted = self._ended.wait(seconds)
        if self._deadline_s is not None:
            self._deadline_s += time.monotonic() - start_s
        return aborted

    def hold(self, held: socket.socket | None) -> None:
        """Name the socket that `abort` shuts; None once the request is over."""
        with self._lock:
            self._socket = held


class _Stream(httpcore.NetworkStream):
    """A connection's bytes, each read and write within what is left of the present call's time."""

    def __init__(self, inner: httpcore.NetworkStream, network: _Network) -> None:
        self._inner = inner
        self._network = network
        self.socket: socket.socket = inner.get_extra_info("socket")
        self._unsent: list[bytes] = []

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  the call knows better
        self._send()
        return self._inner.read(max_bytes, self._network.left_s(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        # Headers, body and end come one by one; together they are one system call and one packet fewer.
        self._unsent.append(buffer)

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, []
        if not unsent:
            return
        # `sendall` has one timeout for everything, where a loop over `send` would begin anew with each piece.
        self.socket.settimeout(self._network.left_s(httpcore.WriteTimeout))
        try:
            self.socket.sendall(b"".join(unsent))
        except TimeoutError as error:
            raise httpcore.WriteTimeout(error) from error
        except OSError:
            # A server may refuse a request before it has read it all; what it says about that is still to be read.
            return

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._network.left_s(httpcore.ConnectTimeout)
        timeout = _CONNECT_S if left_s is None else min(_CONNECT_S, left_s)
        return self._network.held(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Network(httpcore.SyncBackend):
    """Opens one connection's socket, and knows the call that it serves at the moment."""

    def __init__(self) -> None:
        self.call = Call()
        self.stream: _Stream | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left_s = self.left_s(httpcore.ConnectTimeout)
        timeout = _CONNECT_S if left_s is None else min(_CONNECT_S, left_s)
        return self.held(super().connect_tcp(host, port, timeout, local_address, socket_options))

    def held(self, inner: httpcore.NetworkStream) -> _Stream:
        self.stream = _Stream(inner, self)
        try:
            self.serve(self.call)
        except httpcore.ReadError:  # aborted while it connected; nobody else knows the socket yet
            self.stream.close()
            raise
        return self.stream

    def serve(self, call: Call) -> None:
        self.call = call
        call.hold(None if self.stream is None else self.stream.socket)
        if call.is_aborted:
            raise httpcore.ReadError

    def left_s(self, fault: type[Exception]) -> float | None:
        left_s = self.call.left_s()
        if left_s is not None and left_s <= 0:
            raise fault
        return left_s


class _Connection:
    """One connection, opened by its first request."""

    def __init__(self, origin: httpcore.Origin, proxy: str | None) -> None:
        self.network = _Network()
        tls = _tls_context() if origin.scheme == b"https" else None
        self.http: httpcore.HTTPConnection | httpcore.HTTPProxy
        if proxy is None:
            self.http = httpcore.HTTPConnection(
                origin, ssl_context=tls, network_backend=self.network, socket_options=_SOCKET_OPTIONS
            )
        else:
            self.http = httpcore.HTTPProxy(proxy, ssl_context=tls, max_connections=1, network_backend=self.network)

    def is_usable(self) -> bool:
        """Whether the server still holds its end; a proxy's pool finds that out by itself."""
        return isinstance(self.http, httpcore.HTTPProxy) or (self.http.is_idle() and not self.http.has_expired())


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
    """

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, *, secret: str | None = None) -> None:
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
        port = parts.port or (443 if scheme == "https" else 80)
        self.address = f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self._origin = httpcore.Origin(scheme.encode("ascii"), host.encode("idna"), port)
        self._base = parts.path.rstrip("/")
        self._proxy = _proxy_for(scheme, host)
        self._headers = [("host", parts.netloc.rpartition("@")[2]), *_HEADERS, *(headers or {}).items()]
        self._secret = secret
        self._idle: list[_Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return f"Transport({self.address!r})"

    def post(self, path: str, body: bytes, call: Call) -> Answer:
        """Send JSON; wait for the whole answer, whatever its status.

        Parameters
        ----------
        path : str
            Below the base path, with its slash; or absolute where it begins with ``//``.
        body : bytes
        call : Call

        Raises
        ------
        BackendError
            `Unreachable`, `TimedOut`, `ServerFault`, `Refused`; never for a status.
        Cancelled
            The call was aborted.
        """
        with self.open("POST", path, body, call) as (answer, chunks):
            return Answer(status=answer.status, headers=answer.headers, body=b"".join(chunks))

    def get(self, path: str, call: Call) -> Answer:
        """Fetch; as `post`.

        Raises
        ------
        BackendError
            As `post`.
        """
        with self.open("GET", path, b"", call) as (answer, chunks):
            return Answer(status=answer.status, headers=answer.headers, body=b"".join(chunks))

    @contextmanager
    def open(self, method: str, path: str, body: bytes, call: Call) -> Iterator[tuple[Answer, Iterator[bytes]]]:
        """Send a request; status and headers of the answer, and its body piece by piece.

        Yields
        ------
        (Answer without body, iterator of bytes)

        Raises
        ------
        BackendError
            As `post`, also while the pieces are read.
        """
        connection = self._take()
        try:
            with self._translated(call):
                connection.network.serve(call)
                response = connection.http.handle_request(self._request(method, path, body))
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            try:
                yield Answer(status=response.status, headers=headers), self._chunks(response, call)
            finally:
                # A body that was not read to its end closes the connection.
                with suppress(Exception):
                    response.close()
        finally:
            call.hold(None)
            self._give_back(connection)

    def close(self) -> None:
        """Let the idle connections go; those in use close when their answer is there."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.http.close()

    def blot(self, text: str) -> str:
        """A server's text without the key."""
        return text.replace(self._secret, "***") if self._secret else text

    def _request(self, method: str, path: str, body: bytes) -> httpcore.Request:
        target = path[1:] if path.startswith("//") else self._base + path
        url = httpcore.URL(
            scheme=self._origin.scheme, host=self._origin.host, port=self._origin.port, target=target.encode("ascii")
        )
        headers = list(self._headers)
        if method == "POST":
            headers += [("content-type", "application/json"), ("content-length", str(len(body)))]
        return httpcore.Request(method, url, headers=headers, content=body)

    def _chunks(self, response: httpcore.Response, call: Call) -> Iterator[bytes]:
        received = 0
        with self._translated(call):
            for chunk in response.iter_stream():
                received += len(chunk)
                if received > MOST_BYTES:
                    message = f"{self.address}: the answer has more than {MOST_BYTES:,} bytes, and no caption has. "
                    raise ServerFault(message + "See the server's log.")
                yield chunk

    def _take(self) -> _Connection:
        while True:
            with self._lock:
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                return _Connection(self._origin, self._proxy)
            if connection.is_usable():
                return connection
            connection.http.close()

    def _give_back(self, connection: _Connection) -> None:
        with self._lock:
            keep = not self._closed and connection.is_usable()
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.http.close()

    @contextmanager
    def _translated(self, call: Call) -> Iterator[None]:
        try:
            yield
        except (RunError, GeneratorExit):
            raise
        except Exception as error:  # noqa: BLE001  sorted here, all of it
            fault = self._fault(error, call)
            # h11 quotes a header that it refuses, and that may be the key.
            raise fault from (None if isinstance(error, httpcore.LocalProtocolError) else error)

    def _fault(self, error: Exception, call: Call) -> RunError:
        if call.is_aborted:
            return Cancelled(f"{self.address}: stopped before the answer was complete.")
        if call.is_late:
            return TimedOut(f"{self.address} gave no complete answer within {call.timeout_s:g} s. Raise timeout_s.")
        kind, words = TRANSLATION.get(type(error), _NO_CONNECTION if isinstance(error, OSError) else (None, ""))
        if kind is None:
            return ServerFault(f"{self.address}: {type(error).__name__} while asking. Report it.")
        if kind is Refused:
            return Refused(f"{self.address}: {words}.")
        detail = " ".join(str(error).split())[:200]
        return kind(f"{self.address}: {words}" + (f" ({self.blot(detail)})." if detail else "."))


@functools.cache
def _tls_context() -> ssl.SSLContext:
    # Reading the certificates takes longer than a request; connections may share them.
    return httpcore.default_ssl_context()


def _proxy_for(scheme: str, host: str) -> str | None:
    """Proxy that this machine's settings name for a host; none for this machine itself."""
    from urllib.request import getproxies, proxy_bypass

    from vlmkit.providers.addresses import is_loopback

    if is_loopback(host) or proxy_bypass(host):
        return None
    proxy: str | None = getproxies().get(scheme)
    return proxy
