"""Agent: a model that calls tools until it can answer, and what it said and did on the way.

Takes   a question, a model, tools: functions, a table, servers.    Gives  a `Conversation`: answer, steps, pictures.
May use chat, frame, views, sources, exporters, pydantic, mcp.      Never  runs what may change something unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "Agent",
    "AgentControl",
    "AgentEvent",
    "AgentLimits",
    "AgentRun",
    "CallFinished",
    "CallProgressed",
    "CallStarted",
    "Conversation",
    "ConversationEnded",
    "Orchestrator",
    "ProposedCall",
    "ResponsesSession",
    "ServedTable",
    "Server",
    "Servers",
    "Step",
    "TableTools",
    "TextWritten",
    "Tool",
    "ToolError",
    "ToolResult",
    "TurnStarted",
    "ask_table",
    "proposal_in_words",
    "read_mcp_config",
    "read_servers",
    "run_conversation",
    "serve_table",
    "step_element",
    "table_tools",
    "to_mcp_call",
    "tool",
]

if TYPE_CHECKING:
    from vlmkit.agent.agent import Agent
    from vlmkit.agent.approval import ProposedCall
    from vlmkit.agent.control import AgentControl
    from vlmkit.agent.conversation import Conversation
    from vlmkit.agent.events import (
        AgentEvent,
        CallFinished,
        CallProgressed,
        CallStarted,
        ConversationEnded,
        TextWritten,
        TurnStarted,
    )
    from vlmkit.agent.limits import AgentLimits
    from vlmkit.agent.mcp_client.mcp_config import read_mcp_config
    from vlmkit.agent.mcp_client.servers import Server, Servers, read_servers
    from vlmkit.agent.mcp_server.served import ServedTable, serve_table
    from vlmkit.agent.results import ToolResult
    from vlmkit.agent.running import AgentRun
    from vlmkit.agent.session import Orchestrator, ResponsesSession, run_conversation, to_mcp_call
    from vlmkit.agent.showing import proposal_in_words, step_element
    from vlmkit.agent.steps import Step
    from vlmkit.agent.table.toolset import TableTools, table_tools
    from vlmkit.agent.table_agent import ask_table
    from vlmkit.agent.tools import Tool, tool
    from vlmkit.errors import ToolError
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "agent": "Agent",
            "approval": "ProposedCall",
            "control": "AgentControl",
            "conversation": "Conversation",
            "events": "AgentEvent CallFinished CallProgressed CallStarted ConversationEnded TextWritten TurnStarted",
            "limits": "AgentLimits",
            "mcp_client.mcp_config": "read_mcp_config",
            "results": "ToolResult",
            "running": "AgentRun",
            "mcp_server.served": "ServedTable serve_table",
            "mcp_client.servers": "Server Servers read_servers",
            "showing": "proposal_in_words step_element",
            "session": "Orchestrator ResponsesSession run_conversation to_mcp_call",
            "steps": "Step",
            "table_agent": "ask_table",
            "tools": "Tool ToolError tool",
            "table.toolset": "TableTools table_tools",
        },
    )
