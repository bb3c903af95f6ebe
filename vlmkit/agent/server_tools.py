"""Tools of MCP servers as tools of an agent, and what they give as results.

A result is a list of blocks: text, pictures, sounds, files, links; and perhaps the same as data. What pictures are is
never text: a model that gets base64 to read has no room for anything else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from vlmkit.agent.results import ToolResult
from vlmkit.agent.tools import Tool
from vlmkit.records import ImageRef

__all__ = ["tool_from", "tool_result"]

_SHORTEST_BASE64 = 1000
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,([A-Za-z0-9+/=_-]+)")
_BASE64 = re.compile(rf"(?:[A-Za-z0-9+/_-]|\\/){{{_SHORTEST_BASE64},}}={{0,2}}")


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
        contents, uri = block.resource, str(block.resource.uri)
        if hasattr(contents, "text"):
            return f"{uri}:\n{_text(contents.text, server, pictures)}"
        return f"{uri}: {_encoded(contents.blob, contents.mime_type or 'a file', server, pictures)}"
    return f"[{block.type}, not shown]"


def _text(text: str, server: str, pictures: list[ImageRef]) -> str:
    def shown(match: re.Match[str]) -> str:
        return _encoded(match[2], match[1] or "data", server, pictures)

    return _BASE64.sub(_named, _DATA_URL.sub(shown, text))


def _encoded(data: str, media_type: str, server: str, pictures: list[ImageRef]) -> str:
    try:
        decoded = base64.b64decode(data.translate(_STANDARD), validate=True)
    except ValueError:
        return f"[{media_type} that is no base64, not shown]"
    if media_type.lower().startswith("text/"):
        return decoded.decode("utf-8", "replace")
    if not media_type.lower().startswith("image/"):
        return f"[{media_type}, {_size(len(decoded))}, not shown]"
    pictures.append(ImageRef(source=decoded, label=f"<picture of {server}>", is_foreign=True))
    return f"[picture {len(pictures)}]"


_STANDARD = str.maketrans({"-": "+", "_": "/", "\n": None, "\r": None, " ": None})


def _without_base64(value: Any) -> Any:
    if isinstance(value, str):
        return _BASE64.sub(_named, value)
    if isinstance(value, Mapping):
        return {key: _without_base64(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_base64(each) for each in value]
    return value


def _named(match: re.Match[str]) -> str:
    """What is said of something that looks like base64; a long word of one kind of letters is none."""
    found = match[0]
    if not all(re.search(kind, found) for kind in ("[A-Z]", "[a-z]", "[0-9]")):
        return found
    return f"[base64, {_size(len(found) * 3 // 4)}, not shown]"


def _size(size_bytes: int) -> str:
    return f"{size_bytes} bytes" if size_bytes < 1000 else f"{size_bytes / 1000:.0f} kB"
