"""What is said of an answer that cannot be read: what was expected, and the answer."""

from __future__ import annotations

from vlmkit.errors import UnreadableReply
from vlmkit.texts import quoted

__all__ = ["unreadable"]


def unreadable(expected: str, text: str) -> UnreadableReply:
    """Fault of an answer that is not what was asked for."""
    problem = f"expected {expected}, got {quoted(text)}."
    return UnreadableReply(problem, "Ask more plainly, or read it with dtype=str.")
