"""Pydantic AI runs our server and calls its tools; its model is a function. Takes the server's command."""

import asyncio
import json
import sys

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent, BinaryContent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, RetryPromptPart, TextPart, ToolCallPart, ToolReturnPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel

CALLS = [
    ("ask", {"question": "How many objects are there?", "rows": [0, 1, 2], "kind": "count"}),
    ("look", {"rows": [0, 1]}),
    ("look", {"rows": [900]}),
]
SEEN = {}


async def script(messages, info):
    """The next call, or the last word; what came back is kept."""
    parts = [part for message in messages for part in message.parts]
    back = [part for part in parts if isinstance(part, ToolReturnPart | RetryPromptPart)]
    SEEN.update(tools=[tool.name for tool in info.function_tools], back=back, parts=parts)
    if len(back) < len(CALLS):
        name, arguments = CALLS[len(back)]
        return ModelResponse(parts=[ToolCallPart(name, arguments)])
    return ModelResponse(parts=[TextPart("done")])


async def main():
    """Run the agent, and print what its model got."""
    toolset = MCPToolset(StdioTransport(sys.argv[1], sys.argv[2:]), init_timeout=120, read_timeout=120, max_retries=3)
    async with Agent(FunctionModel(script), toolsets=[toolset]) as agent:
        await agent.run("Go.")
    ask, look, missing = SEEN["back"]
    pictures = list(pictures_in(look.content))
    for part in SEEN["parts"]:
        if isinstance(part, UserPromptPart) and not isinstance(part.content, str):
            pictures += pictures_in(part.content)
    seen = {
        "tools": SEEN["tools"],
        "ask": json.dumps(ask.content, default=str),
        "look": ["text", *("image" for _ in pictures)],
        "missing": str(missing.content),
    }
    sys.stdout.write(json.dumps(seen) + "\n")


def pictures_in(content):
    """Pictures among the parts of a content."""
    return [part for part in content if isinstance(part, BinaryContent)] if isinstance(content, list | tuple) else []


asyncio.run(main())
