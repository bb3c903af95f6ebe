"""Backends: the socket every model plugs into, what people call on it, and the names that open one.

Takes   a model's name, "engine:name".           Gives  a `Backend`: abilities, submit, stream, close.
May use the ground modules and sources.          Never  imports engines or providers; they are opened by dotted name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "CALL_STYLES",
    "DEFAULT_ENGINE",
    "DIRECT_ANSWER",
    "ENGINES",
    "MOST_PENALTY",
    "REASONING_MARKS",
    "RESULT_PICTURES",
    "TOOLS_HEADING",
    "Abilities",
    "AskJob",
    "Backend",
    "BaseBackend",
    "CallMarkup",
    "Compatibility",
    "Counts",
    "Delta",
    "EngineSpec",
    "FoundModel",
    "Insight",
    "ModelInfo",
    "ModelName",
    "OnDelta",
    "PendingReply",
    "Surface",
    "Tile",
    "ToolCallDelta",
    "borrow",
    "call_markup_of",
    "call_style_of",
    "call_text",
    "check_engine",
    "engine_of",
    "file_stamp",
    "find_models",
    "frozen",
    "load",
    "loaded_models",
    "parse",
    "read_address",
    "result_lines",
    "tool_line",
    "with_tool_lines",
    "without_secrets",
]

if TYPE_CHECKING:
    from vlmkit.backends.addresses import read_address, without_secrets
    from vlmkit.backends.base import AskJob, BaseBackend
    from vlmkit.backends.call_styles import (
        CALL_STYLES,
        REASONING_MARKS,
        CallMarkup,
        call_markup_of,
        call_style_of,
    )
    from vlmkit.backends.checks import MOST_PENALTY
    from vlmkit.backends.discovery import FoundModel, check_engine, find_models
    from vlmkit.backends.facts import Compatibility, Counts, ModelInfo
    from vlmkit.backends.protocol import Abilities, Backend, Delta, Insight, OnDelta, PendingReply, Tile, ToolCallDelta
    from vlmkit.backends.registry import (
        DEFAULT_ENGINE,
        ENGINES,
        EngineSpec,
        ModelName,
        engine_of,
        file_stamp,
        frozen,
        load,
        parse,
    )
    from vlmkit.backends.shared import borrow, loaded_models
    from vlmkit.backends.surface import Surface
    from vlmkit.backends.tool_lines import (
        DIRECT_ANSWER,
        RESULT_PICTURES,
        TOOLS_HEADING,
        call_text,
        result_lines,
        tool_line,
        with_tool_lines,
    )
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "addresses": "read_address without_secrets",
            "base": "AskJob BaseBackend",
            "call_styles": "CALL_STYLES REASONING_MARKS CallMarkup call_markup_of call_style_of",
            "checks": "MOST_PENALTY",
            "discovery": "FoundModel check_engine find_models",
            "facts": "Compatibility Counts ModelInfo",
            "protocol": "Abilities Backend Delta Insight OnDelta PendingReply Tile ToolCallDelta",
            "registry": "DEFAULT_ENGINE ENGINES EngineSpec ModelName engine_of file_stamp frozen load parse",
            "shared": "borrow loaded_models",
            "surface": "Surface",
            "tool_lines": (
                "DIRECT_ANSWER RESULT_PICTURES TOOLS_HEADING call_text result_lines tool_line with_tool_lines"
            ),
        },
    )
