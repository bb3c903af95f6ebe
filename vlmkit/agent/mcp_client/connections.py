"""A connection to one MCP server: one task owns its client from the start to the end, and all who ask wait beside it.

The library cancels the task that entered a client as soon as an HTTP server dies, and wants it to be the one that
leaves. So nobody who asks is that task: what ends it reaches them as an error that says why. A connection that ended is
forgotten, and the next request makes a new one. A request itself is never repeated: a tool may have acted.

Everything here runs in the thread of `vlmkit.agent.mcp_client.background`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from vlmkit.agent.mcp_client.background import background_loop
from vlmkit.agent.mcp_client.server_faults import gone, innermost, is_end, not_started, why_no_result
from vlmkit.agent.mcp_client.targets import ServerTarget
from vlmkit.agent.mcp_client.transports import route_to
from vlmkit.errors import ServerGone, ServerNotStarted

__all__ = ["Link", "OnQuestion"]

Result = TypeVar("Result")
OnQuestion = Callable[[str, Mapping[str, Any]], Mapping[str, Any] | None]
"""A server's question and the JSON schema of the fields that it asks for, to these fields; None declines."""

_LONGEST_END_S = 8.0
_LONGEST_WAIT_S = 86_400.0


class Link:
    """The way to one server, connected when it is needed, and anew where the last connection ended.

    Parameters
    ----------
    target : ServerTarget
    answer : callable or None
        As `OnQuestion`; None tells servers that nobody can be asked.
    """

    def __init__(self, target: ServerTarget, answer: OnQuestion | None) -> None:
        self._target = target
        self._answer = answer
        self._connection: _Connection | None = None
        self._was_connected = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = asyncio.Lock()

    async def request(
        self, ask: Callable[[Any], Coroutine[Any, Any, Result]], *, what: str, timeout_s: float
    ) -> Result:
        """Ask the server something, and wait.

        Parameters
        ----------
        ask : callable
            Gets the `mcp.Client`.
        what : str
            What is asked, for messages, as ``"the call of 'add'"``.
        timeout_s : float
            How long it may take.

        Raises
        ------
        ServerNotStarted
            It could not be connected to for the first time.
        ServerGone
            It ended before it answered, or could not be connected to again.
        TimedOut
            It did not answer in time.
        ToolError
            It answers that it cannot do this.
        """
        connection = await self._connected()
        work = asyncio.create_task(_within(ask(connection.client), timeout_s))
        try:
            return await connection.outcome(work)
        except ConnectionError as error:
            raise gone(innermost(connection.error), self._target, connection.words, what) from error
        except Exception as error:
            raise why_no_result(error, self._target, connection.refusal, what=what, timeout_s=timeout_s) from error
        finally:
            work.cancel()

    async def end(self) -> None:
        """End the connection, and with it a server that was started; fine where there is none."""
        if self._connection is not None and self._loop is asyncio.get_running_loop():
            connection, self._connection = self._connection, None
            await connection.end()

    async def _connected(self) -> _Connection:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # a forked child has none of its parent's connections
            self._loop, self._lock, self._connection = loop, asyncio.Lock(), None
        async with self._lock:
            if self._connection is None or not self._connection.is_open:
                await self.end()
                self._connection = await self._opened()
                self._was_connected = True
            return self._connection

    async def _opened(self) -> _Connection:
        try:
            return await _open(self._target, self._answer)
        except ServerNotStarted as error:
            if self._was_connected:
                raise ServerGone(f"{error} It was there before: once it is there again, so are its tools.") from error
            raise


async def _open(target: ServerTarget, answer: OnQuestion | None) -> _Connection:
    """A connection that is open.

    A modern client's first message asks what the server knows. Older servers refuse it; some end over it. They are
    started once more, and greeted as older clients do it.
    """
    deadline_s = asyncio.get_running_loop().time() + target.start_timeout_s
    connection = _Connection(target, answer, mode="auto")
    await connection.begin(deadline_s)
    if target.command and connection.has_ended and is_end(innermost(connection.error)):
        again = _Connection(target, answer, mode="legacy")
        await again.begin(deadline_s)
        connection = again if again.is_open else connection
    if not connection.is_open:
        raise not_started(innermost(connection.error), target, connection.words) from connection.error
    return connection


class _Connection:
    def __init__(self, target: ServerTarget, answer: OnQuestion | None, *, mode: str) -> None:
        self.client: Any = None
        self.error: BaseException | None = None
        self.words = ""
        self._target = target
        self._answer = answer
        self._mode = mode
        self._route = route_to(target)
        self._ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._owner = asyncio.create_task(self._live())
        background_loop().at_exit.add(self.end)
        self._owner.add_done_callback(lambda _: background_loop().at_exit.discard(self.end))

    @property
    def is_open(self) -> bool:
        return self._ready.is_set() and not self._stop.is_set() and not self._owner.done()

    @property
    def refusal(self) -> str:
        return self._route.refusal

    @property
    def has_ended(self) -> bool:
        return self._owner.done()

    async def begin(self, deadline_s: float) -> None:
        """Wait until it is open, has ended, or the loop's time is the deadline."""
        ready = asyncio.create_task(self._ready.wait())
        wait_s = max(0.0, deadline_s - asyncio.get_running_loop().time())
        try:
            await asyncio.wait({ready, self._owner}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
            if not self._ready.is_set() and not self._owner.done():
                self.error, self.words = TimeoutError(), await self._route.words.read()
        finally:
            ready.cancel()
            if not self._ready.is_set():  # also where whoever waits was interrupted
                self._leave()

    async def outcome(self, work: asyncio.Task[Result]) -> Result:
        """The result of some work with the client, or what ended it."""
        await asyncio.wait({work, self._owner}, return_when=asyncio.FIRST_COMPLETED)
        if work.done() and not work.cancelled():
            error = work.exception()
            if error is None:
                return work.result()
            if not is_end(error) and not self._route.has_forgotten:
                raise error
            self.error = error
        work.add_done_callback(_nobody_asks)
        await self.end()
        raise ConnectionError from self.error

    async def end(self) -> None:
        """Have the owner leave, and wait for it for as long as the library may need to end a process."""
        self._leave()
        await asyncio.wait({self._owner}, timeout=_LONGEST_END_S)

    def _leave(self) -> None:
        self._stop.set()
        if not self._ready.is_set() and not self._owner.cancelling():  # twice would disturb the end of a process
            self._owner.cancel()

    async def _live(self) -> None:
        error: BaseException | None = None
        try:
            async with self._client() as client:
                self.client = client
                self._ready.set()
                await self._stop.wait()
        except BaseException as raised:  # noqa: BLE001  the library cancels this task where an HTTP server dies
            error = raised
        finally:
            self._route.words.close()
        if innermost(error) is not None:
            self.error = error
        self.words = await self._route.words.read()

    def _client(self) -> Any:
        from mcp import Client

        return Client(
            self._route.open(self._stop.set),
            mode=self._mode,
            read_timeout_seconds=_LONGEST_WAIT_S,  # whoever asks has a deadline, and so has the start
            elicitation_callback=None if self._answer is None else _answering(self._answer),
        )


async def _within(work: Awaitable[Result], timeout_s: float) -> Result:
    async with asyncio.timeout(timeout_s):
        return await work


def _nobody_asks(work: asyncio.Task[Any]) -> None:
    """Look at a task's error, so that it is not reported as forgotten."""
    if not work.cancelled():
        work.exception()


def _answering(answer: OnQuestion) -> Any:
    async def ask(_context: Any, question: Any) -> Any:
        from mcp_types import ElicitResult

        schema = getattr(question, "requested_schema", None)
        if schema is None:  # a page to be opened, which is no business of a function
            return ElicitResult(action="decline")
        fields = await asyncio.to_thread(answer, question.message, dict(schema))
        if fields is None:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content=dict(fields))

    return ask
