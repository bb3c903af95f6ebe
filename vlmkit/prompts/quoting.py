"""How an answer that cannot be read is quoted: on one line, shortened, beside what was expected."""

from __future__ import annotations

from vlmkit.errors import UnreadableReply

__all__ = ["shortened", "unreadable"]


def unreadable(expected: str, text: str) -> UnreadableReply:
    """Fault of an answer that is not what was asked for."""
    problem = f"expected {expected}, got {shortened(text)}."
    return UnreadableReply(problem, "Ask more plainly, or read it with dtype=str.")


def shortened(text: str, longest: int = 80) -> str:
    """A text as messages quote it: on one line, cut after so many characters."""
    text = " ".join(text.split())
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
