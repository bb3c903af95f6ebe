"""What a model writes for itself before its answer, split off: calls in it are no calls, and it is no text.

Reasoning stands at the beginning of an answer and nowhere else, so that an answer about such marks stays whole.
"""

from __future__ import annotations

import re

from vlmkit.backends import REASONING_MARKS
from vlmkit.chat.events import ChatEvent, ReasoningDelta, TextDelta
from vlmkit.chat.tools.source import EVERYTHING, Source, Steps

__all__ = ["ReasoningSplitter"]

_OPENERS = tuple(opener for opener, _ in REASONING_MARKS)
_CLOSERS = {opener: (closer,) for opener, closer in REASONING_MARKS}
_ALL_CLOSERS = tuple(closer for _, closer in REASONING_MARKS)


class ReasoningSplitter:
    """Splits one answer.

    Parameters
    ----------
    is_open : bool, default False
        Whether the prompt ends in the mark that begins reasoning, so that the answer begins inside it.

    Examples
    --------
    >>> splitter = ReasoningSplitter()
    >>> splitter.feed("<think>Two, I think.</think>There are two.") + splitter.finish()
    [ReasoningDelta(text='Two, I think.', choice=0), TextDelta(text='There are two.', choice=0)]
    """

    def __init__(self, *, is_open: bool = False) -> None:
        self._source = Source()
        self._events: list[ChatEvent] = []
        self._steps = self._run(is_open=is_open)

    def feed(self, text: str) -> list[ChatEvent]:
        """Take a piece of the answer; what is certain by now.

        Parameters
        ----------
        text : str
        """
        self._source.feed(text)
        next(self._steps, None)
        events, self._events = self._events, []
        return events

    def finish(self) -> list[ChatEvent]:
        """Take the end of the answer."""
        self._source.close()
        return self.feed("")

    def _run(self, *, is_open: bool) -> Steps[None]:
        space = yield from self._source.space()
        opener = yield from self._source.accept_any(_OPENERS)
        if opener or is_open:
            yield from self._reasoning(_CLOSERS.get(opener, _ALL_CLOSERS))
            yield from self._source.space()
        elif space:
            self._events.append(TextDelta(space))
        while (yield from self._source.look()):
            self._events.append(TextDelta(self._source.run(EVERYTHING)))

    def _reasoning(self, closers: tuple[str, ...]) -> Steps[None]:
        """Read up to the closing mark, or to the end of the text; white space at either end is left out."""
        yield from self._source.space()
        pattern = re.compile("|".join(map(re.escape, closers)))
        space = ""
        while True:
            piece, is_end = self._source.find(pattern, closers)
            piece = space + piece
            kept = piece.rstrip()
            space = piece[len(kept) :]
            if kept:
                self._events.append(ReasoningDelta(kept))
            if is_end:
                yield from self._source.accept_any(closers)
                return
            if self._source.is_closed:
                return
            yield
