"""Tools of MCP servers as tools of an agent, and what they give as results.

A result is a list of blocks: text, pictures, sounds, files, links; and perhaps the same as data. What pictures are is
never text: a model that gets base64 to read has no room for anything else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from vlmkit.agent.base64_text import without_base64
from vlmkit.agent.results import ToolResult
from vlmkit.agent.tools import Tool
from vlmkit.records import ImageRef

__all__ = ["tool_from", "tool_result"]

_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+")
_PICTURE = "[picture]"  # as `without_base64` says it


def tool_from(described: Any, server: str, timeout_s: float, call: Callable[[Mapping[str, Any]], ToolResult]) -> Tool:
    """A server's tool as one of an agent.

    Parameters
    ----------
    described : mcp_types.Tool
    server : str
        The server's name.
    timeout_s : float
    call : callable
        Calls it with arguments.
    """
    hints = described.annotations

    def run(**arguments: Any) -> ToolResult:
        return call(arguments)

    return Tool(
        name=described.name,
        description=described.description or "",
        parameters=described.input_schema,
        call=run,
        read_only=getattr(hints, "read_only_hint", None),
        destructive=getattr(hints, "destructive_hint", None),
        idempotent=getattr(hints, "idempotent_hint", None),
        open_world=getattr(hints, "open_world_hint", None),
        title=described.title or getattr(hints, "title", None),
        server=server,
        timeout_s=timeout_s,
    )


def tool_result(result: Any, server: str) -> ToolResult:
    """What a server's tool gave.

    Parameters
    ----------
    result : mcp_types.CallToolResult
    server : str
        The server's name, for labels of pictures.
    """
    pictures: list[ImageRef] = []
    lines = [_line(block, server, pictures) for block in result.content]
    data = _without_base64(result.structured_content)
    if not lines and data is not None:
        lines = [json.dumps(data, ensure_ascii=False)]
    if lines == [f"[picture {number}]" for number in range(1, len(pictures) + 1)]:  # alone they need no words
        lines = []
    return ToolResult(text="\n".join(lines), pictures=pictures, data=data, failed=bool(result.is_error))


def _line(block: Any, server: str, pictures: list[ImageRef]) -> str:
    """A block's text; a picture in it is put into the list, and called by its number."""
    if block.type == "text":
        return _text(block.text, server, pictures)
    if block.type in {"image", "audio"}:
        return _encoded(block.data, block.mime_type, server, pictures)
    if block.type == "resource_link":
        return f"{block.uri} ({', '.join(filter(None, (block.name, block.mime_type)))})"
    if block.type == "resource":
        return _resource(block.resource, server, pictures)
    return f"[{block.type}, not shown]"


def _resource(contents: Any, server: str, pictures: list[ImageRef]) -> str:
    if hasattr(contents, "text"):
        return f"{contents.uri}:\n{_text(contents.text, server, pictures)}"
    kind = contents.mime_type or "application/octet-stream"
    if kind.lower().startswith("text/"):
        with suppress(ValueError):
            return f"{contents.uri}:\n{base64.b64decode(contents.blob).decode('utf-8', 'replace')}"
    return f"{contents.uri}: {_encoded(contents.blob, kind, server, pictures)}"


def _encoded(data: str, media_type: str, server: str, pictures: list[ImageRef]) -> str:
    kind = media_type if _MEDIA_TYPE.fullmatch(media_type) else "application/octet-stream"
    said = _text(f"data:{kind};base64,{''.join(data.split())}", server, pictures)
    return f"[picture {len(pictures)}]" if said == _PICTURE else said


def _text(text: str, server: str, pictures: list[ImageRef]) -> str:
    said, found = without_base64(text)
    pictures += [ImageRef(source=each, label=f"<picture of {server}>", is_foreign=True) for each in found]
    return said


def _without_base64(value: Any) -> Any:
    if isinstance(value, str):
        return without_base64(value)[0]
    if isinstance(value, Mapping):
        return {key: _without_base64(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_base64(each) for each in value]
    return value
