"""Prompts of the MCP server: what people ask of a table of pictures, in words that a host's model can follow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mcp import types
from mcp.shared.exceptions import MCPError

from vlmkit.untrusted import quoted

if TYPE_CHECKING:
    from vlmkit.agent.mcp_server.tool_server import Context

__all__ = ["get_prompt", "list_prompts"]

_DESCRIBE = """Describe this data set of pictures to somebody who has not seen it.
1. Call describe_table, and summarize for each column that could group the rows.
2. Look at four to eight rows from different places of the table.
3. Ask two or three questions about all or many rows, such as what is shown, where, and what is wrong with pictures.
Say how many pictures there are, what they show, how they differ, what is odd or broken, what you could not find out.
Name rows by their numbers as evidence."""

_REVIEW = """Review the captions in the column {column} of this table.
1. Call describe_table, and list_rows with that column.
2. For each of {count} rows, look at the picture before you read its caption, then compare: what is wrong, what is
missing, what cannot be known from the picture.
3. Crop where a detail decides.
Give a table of the rows with something wrong: row, what the caption says, what the picture shows, a better caption.
Change nothing unless you are asked to."""

_MOST_ROWS = 50

_PROMPTS = (
    types.Prompt(name="describe_dataset", description="What is in these pictures, told with evidence."),
    types.Prompt(
        name="review_captions",
        description="Compare captions with their pictures.",
        arguments=[
            types.PromptArgument(name="column", description='Column of captions. Default: "caption".'),
            types.PromptArgument(name="count", description="How many rows, from 1 to 50. Default: 20."),
        ],
    ),
)


async def list_prompts(_context: Context, _page: Any) -> types.ListPromptsResult:
    """Answer ``prompts/list``."""
    return types.ListPromptsResult(prompts=list(_PROMPTS))


async def get_prompt(_context: Context, asked: types.GetPromptRequestParams) -> types.GetPromptResult:
    """Answer ``prompts/get``.

    Raises
    ------
    MCPError
        There is no such prompt, or an argument is none.
    """
    text = _text(asked.name, asked.arguments or {})
    message = types.PromptMessage(role="user", content=types.TextContent(text=text))
    return types.GetPromptResult(messages=[message])


def _text(name: str, arguments: dict[str, str]) -> str:
    if name == "describe_dataset":
        return _DESCRIBE
    if name != "review_captions":
        names = ", ".join(prompt.name for prompt in _PROMPTS)
        raise MCPError(types.INVALID_PARAMS, f"There is no prompt {quoted(name)}. Prompts are: {names}.")
    count = arguments.get("count", "20")
    if not re.fullmatch("[0-9]{1,2}", count) or not 1 <= int(count) <= _MOST_ROWS:
        raise MCPError(types.INVALID_PARAMS, f"count {quoted(count)}: give a whole number from 1 to {_MOST_ROWS}.")
    return _REVIEW.format(column=quoted(arguments.get("column", "caption")), count=int(count))
