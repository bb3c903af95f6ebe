"""Prompts of the MCP server."""

import asyncio
import re

import pandas as pd
import pytest
from mcp import MCPError, types

from vlmkit.agent import TableTools
from vlmkit.agent.mcp_server.prompts import get_prompt, list_prompts


def text_of(name, arguments=None):
    """What a host's model gets."""
    asked = types.GetPromptRequestParams(name=name, arguments=arguments)
    (message,) = asyncio.run(get_prompt(None, asked)).messages
    assert message.role == "user"
    return message.content.text


def test_prompts_name_tools_that_are_there():
    """All words with an underscore are tools."""
    tools = {tool.name for tool in TableTools(pd.DataFrame({"path": []}), model="fake:echo").tools}
    names = [prompt.name for prompt in asyncio.run(list_prompts(None, None)).prompts]
    assert names == ["describe_dataset", "review_captions"]
    for name in names:
        assert set(re.findall(r"\w+_\w+", text_of(name))) <= tools


def test_a_review_is_of_a_column_and_some_rows():
    """The column is a quoted word, whatever stands in it."""
    assert "the column 'caption' " in text_of("review_captions")
    text = text_of("review_captions", {"column": "my\ncolumn {count}", "count": "5"})
    assert r"the column 'my column {count}' " in text
    assert "each of 5 rows" in text


@pytest.mark.parametrize("count", ["0", "51", "-1", "5e3", "", "٣", "9" * 5000])
def test_a_wrong_count_is_said(count):
    """Whatever it is."""
    with pytest.raises(MCPError, match="give a whole number from 1 to 50"):
        text_of("review_captions", {"count": count})


def test_an_unknown_prompt_is_said():
    """With those that there are."""
    with pytest.raises(MCPError, match="There is no prompt 'x'"):
        text_of("x")
