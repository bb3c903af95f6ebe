"""Tools as a server of the Model Context Protocol: names, schemas and hints as they are, results as blocks.

It is made of the lower tier of `mcp`, which passes schemas on as they stand and leaves the logging of this process
alone. Sessions with a handshake (up to 2025-11-25) and those without (2026-07-28) are both served.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity

from vlmkit.agent.calls import call_in_thread
from vlmkit.agent.mcp_server.consent import ask_consent
from vlmkit.agent.mcp_server.openings import Opening
from vlmkit.agent.results import ToolResult
from vlmkit.agent.tools import Tool
from vlmkit.errors import Cancelled, ToolError, VlmkitError
from vlmkit.records import Picture
from vlmkit.untrusted import mend_surrogates, quoted

__all__ = ["NAME", "ToolCalls", "fitting", "mcp_server"]

NAME = "vlmkit"

_LOG = logging.getLogger("vlmkit.mcp")
_AT_A_TIME = 4  # calls; what a model is asked shares its queue anyway
_SIDES_PX = (1024, 768, 512, 384, 256, 128, 64)
_MOST_PICTURE_BYTES = 600_000  # of all pictures of a result, before base64 makes them larger by a third
_MOST_CHARACTERS = 60_000
_MOST_PICTURES = 8

Context = ServerRequestContext[Any, Any]


class ToolCalls:
    """Lists tools and calls them, each in a thread; for one server.

    Parameters
    ----------
    declared : sequence of Tool
        What is listed.
    opening : Opening of mapping of str to Tool
        What is called: the same tools by their names, once they are there.
    is_approved : bool, default False
        Whether tools that change something are called without asking a person.
    """

    def __init__(
        self, declared: Sequence[Tool], opening: Opening[Mapping[str, Tool]], *, is_approved: bool = False
    ) -> None:
        self._declared = {tool.name: tool for tool in declared}
        self._opening = opening
        self._is_approved = is_approved
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._changing = asyncio.Lock()

    async def listed(self, _context: Context, _page: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        """Answer ``tools/list``."""
        return types.ListToolsResult(tools=[_listed(tool) for tool in self._declared.values()])

    async def called(
        self, context: Context, call: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Answer ``tools/call``; whatever goes wrong is a result that says so."""
        tool = self._declared.get(call.name)
        if tool is None:
            return _fault(f"There is no tool {quoted(call.name)}. Tools are: {', '.join(self._declared)}.")
        try:
            if tool.needs_consent and not self._is_approved:
                question = await ask_consent(context, call, tool)
                if question is not None:
                    return question
            return await self._run(context, call)
        except (ToolError, Cancelled) as error:
            return _fault(str(error))
        except VlmkitError as error:
            return _fault(f"{type(error).__name__}: {error}")
        except Exception as error:  # noqa: BLE001  what it says may name files, and stays here
            _LOG.exception("The tool %s failed.", tool.name)
            return _fault(f"{tool.name} failed with {type(error).__name__}; the server's log says more.")

    async def _run(self, context: Context, call: types.CallToolRequestParams) -> types.CallToolResult:
        tool = (await self._opening.get())[call.name]
        work = partial(_called, tool, call.arguments or {})
        try:
            async with self._places if tool.read_only else self._changing:
                return await call_in_thread(
                    work,
                    name=f"vlmkit-tool-{tool.name}",
                    timeout_s=tool.timeout_s,
                    report=context.session.report_progress,
                )
        except TimeoutError as error:
            raise ToolError(f"{tool.name} took longer than {tool.timeout_s:g} s. Ask for less.") from error


def mcp_server(tools: ToolCalls, *, instructions: str, start: Callable[[], object], **handlers: Any) -> Server[None]:
    """A server that lists and calls tools.

    Parameters
    ----------
    tools : ToolCalls
    instructions : str
        What the host's model is told of all of them.
    start : callable
        Called when the server starts; it returns at once.
    **handlers
        Of the other methods, as ``on_read_resource``.
    """

    @asynccontextmanager
    async def lifespan(_server: Server[None]) -> AsyncIterator[None]:
        start()
        yield None

    server = Server(
        NAME,
        version=version("vlmkit"),
        title="vlmkit: a table of pictures",
        instructions=instructions,
        lifespan=lifespan,
        on_list_tools=tools.listed,
        on_call_tool=tools.called,
        **handlers,
    )
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=NAME))
    return server


def _listed(tool: Tool) -> types.Tool:
    hints = types.ToolAnnotations(
        title=tool.title,
        read_only_hint=tool.read_only,
        destructive_hint=tool.destructive,
        idempotent_hint=tool.idempotent,
        open_world_hint=tool.open_world,
    )
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=dict(tool.parameters),
        annotations=hints,
    )


def _called(tool: Tool, arguments: Mapping[str, Any]) -> types.CallToolResult:
    """The result of a call, its pictures read and shrunk."""
    return _blocks(fitting(tool.run(arguments)))


def fitting(result: ToolResult) -> ToolResult:
    """A result whose pictures are small enough for one message.

    Clients of sessions with a handshake refuse an event of more than a megabyte over HTTP, and hosts cut what costs too
    many tokens.

    Parameters
    ----------
    result : ToolResult

    Returns
    -------
    ToolResult
        Its pictures are all `Picture`; where they had to be made smaller than the tool meant, its text says so.
    """
    shown = result.shrunk(_SIDES_PX[0])
    smaller = iter(_SIDES_PX[1:])
    side_px = None
    while _picture_bytes(shown) > _MOST_PICTURE_BYTES and (side_px := next(smaller, None)) is not None:
        shown = result.shrunk(side_px)
    if side_px is not None:
        note = f"[pictures are shown smaller, {side_px} pixels at most; ask for fewer at a time]"
        shown = replace(shown, text=f"{shown.text}\n{note}".lstrip())
    return shown


def _picture_bytes(result: ToolResult) -> int:
    return sum(len(picture.data) for picture in result.pictures if isinstance(picture, Picture))


def _blocks(shown: ToolResult) -> types.CallToolResult:
    text = mend_surrogates(shown.text)
    is_whole = len(text) <= _MOST_CHARACTERS
    if not is_whole:
        text = f"{text[:_MOST_CHARACTERS]}… [cut: {len(text):,} characters in all; ask for less]"
    there = [picture for picture in shown.pictures if isinstance(picture, Picture)]
    pictures = there[:_MOST_PICTURES]
    left = len(there) - len(pictures)
    if left:
        text += f"\n[{left} more pictures are not shown; ask for fewer at a time]"
    content: list[types.ContentBlock] = [types.TextContent(text=text)] if text else []
    content += [
        types.ImageContent(data=base64.b64encode(picture.data).decode(), mime_type=picture.media_type)
        for picture in pictures
    ]
    # Clients that read data read nothing else.
    data = shown.data if is_whole and not pictures and isinstance(shown.data, dict) else None
    return types.CallToolResult(content=content, structured_content=data, is_error=shown.failed)


def _fault(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=mend_surrogates(text))], is_error=True)
