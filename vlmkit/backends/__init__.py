"""Backends: the socket every model plugs into, what people call on it, and the names that open one.

Takes   a model's name, "engine:name".           Gives  a `Backend`: abilities, submit, stream, close.
May use the ground modules and sources.          Never  imports engines or providers; they are opened by dotted name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.lazy import lazy_exports

__all__ = [
    "DEFAULT_ENGINE",
    "ENGINES",
    "Abilities",
    "AskJob",
    "Backend",
    "BaseBackend",
    "Delta",
    "EngineSpec",
    "ModelName",
    "PendingReply",
    "Surface",
    "ToolCallDelta",
    "borrow",
    "engine_of",
    "load",
    "parse",
]

if TYPE_CHECKING:
    from vlmkit.backends.base import AskJob, BaseBackend
    from vlmkit.backends.engine_table import DEFAULT_ENGINE, ENGINES, EngineSpec, engine_of
    from vlmkit.backends.protocol import Abilities, Backend, Delta, PendingReply, ToolCallDelta
    from vlmkit.backends.registry import ModelName, load, parse
    from vlmkit.backends.shared import borrow
    from vlmkit.backends.surface import Surface
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "base": "AskJob BaseBackend",
            "engine_table": "DEFAULT_ENGINE ENGINES EngineSpec engine_of",
            "protocol": "Abilities Backend Delta PendingReply ToolCallDelta",
            "registry": "ModelName load parse",
            "shared": "borrow",
            "surface": "Surface",
        },
    )
