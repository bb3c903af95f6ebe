"""Reads a model's answer: what is text, what is reasoning, and which tools it calls, while it is written.

There is one way through a text, whole or in pieces. An opener is followed until the name of a tool is complete: a
declared name begins a call, which is never taken back; anything else makes the opener text like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vlmkit.chat.events import ChatEvent, TextDelta
from vlmkit.chat.tools.output import Output
from vlmkit.chat.tools.reasoning import ReasoningSplitter
from vlmkit.chat.tools.source import Source, Steps
from vlmkit.chat.tools.styles import Reader, ToolStyle
from vlmkit.records import ToolDefinition

__all__ = ["Scanner"]


class Scanner:
    """Reads one answer.

    No text makes it raise. What it found in a text does not depend on how the text was cut into pieces.

    Parameters
    ----------
    style : ToolStyle
        How the model writes calls.
    tools : iterable of ToolDefinition, default ()
        Those that it may call. Calls of others stay text.
    parallel : bool, default True
        Whether it may call several. If not, everything behind the first call is left out.
    is_reasoning : bool, default False
        Whether the prompt ends in the mark that begins reasoning.

    Examples
    --------
    >>> from vlmkit.chat.tools.styles import TOOL_STYLES
    >>> scanner = Scanner(TOOL_STYLES["hermes"], [ToolDefinition(name="now")])
    >>> scanner.feed('It is <tool_call>{"name": "n')
    [TextDelta(text='It is ', choice=0)]
    >>> [type(event).__name__ for event in scanner.feed('ow"}</tool_call>') + scanner.finish()]
    ['CallStart', 'CallArguments', 'CallEnd']
    """

    def __init__(
        self,
        style: ToolStyle,
        tools: Iterable[ToolDefinition] = (),
        *,
        parallel: bool = True,
        is_reasoning: bool = False,
    ) -> None:
        self._style = style
        self._source = Source()
        self._output = Output(self._source, tools, parallel=parallel)
        self._splitter = ReasoningSplitter(is_open=is_reasoning)
        self._is_done = False
        self._steps = self._run()

    @property
    def calls(self) -> int:
        """How many calls have begun."""
        return self._output.calls

    @property
    def is_complete(self) -> bool:
        """Whether the answer may be cut here, as the only call that was allowed is complete."""
        return self._output.is_full and self._is_done

    def feed(self, text: str) -> list[ChatEvent]:
        """Take a piece of the answer; what is certain by now.

        Parameters
        ----------
        text : str
        """
        return self._taken(self._splitter.feed(text))

    def finish(self) -> list[ChatEvent]:
        """Take the end of the answer; what was not certain until now."""
        events = self._taken(self._splitter.finish())
        self._source.close()
        self._advance()
        return events + self._output.take()

    def _taken(self, events: list[ChatEvent]) -> list[ChatEvent]:
        taken: list[ChatEvent] = []
        for event in events:
            if isinstance(event, TextDelta):
                self._source.feed(event.text)
                self._advance()
                taken += self._output.take()
            else:
                taken.append(event)
        return taken

    def _advance(self) -> None:
        """Read as far as it is certain; what comes behind the only call that was allowed is not read at all."""
        if next(self._steps, self) is self:
            self._source = Source()

    def _run(self) -> Steps[None]:
        source, output, closers = self._source, self._output, tuple[str, ...]()
        first: Mapping[str, tuple[Reader, ...]] = self._style.first
        while not output.is_full:
            space = yield from self._space(closers)
            if not (yield from source.look()):
                output.text("" if output.calls else space)
                return
            if (yield from self._read_first(first)) or (yield from self._read_call()):
                first, closers = {}, self._style.all_closers
                continue
            first = {}
            output.text(space)
            if not (yield from self._text()):
                return
            closers = self._style.all_closers
        self._is_done = True

    def _space(self, closers: tuple[str, ...]) -> Steps[str]:
        """Read white space and closers; the white space behind the last of these may turn out to be text."""
        space = yield from self._source.space()
        while (yield from self._source.accept_any(closers)):
            space = yield from self._source.space()
        return space

    def _text(self) -> Steps[bool]:
        """Read text up to a call and the call itself; whether there was one."""
        openers = self._style.openers
        while True:
            piece, is_opener = self._source.find(self._style.pattern, openers)
            self._output.text(piece)
            if is_opener:
                if (yield from self._read_call()):
                    return True
                self._output.text(self._source.take(1))
            elif self._source.is_closed:
                return False
            else:
                yield

    def _read_call(self) -> Steps[bool]:
        """Read a call whose opener comes next; whether there is one, else nothing is read."""
        for opener in self._style.openers:
            if (yield from self._source.starts(opener)):
                found = yield from self._try(self._style.readers[opener], len(opener))
                if found:
                    return True
        return False

    def _read_first(self, first: Mapping[str, tuple[Reader, ...]]) -> Steps[bool]:
        """Read a call without an opener, as which an answer may begin; whether there is one, else nothing is read."""
        for start, readers in first.items():
            if (yield from self._source.starts(start)) and (yield from self._try(readers, 0)):
                return True
        return False

    def _try(self, readers: Iterable[Reader], opener_length: int) -> Steps[bool]:
        mark = self._source.mark()
        for reader in readers:
            self._source.take(opener_length)
            found = yield from reader(self._source, self._output)
            if found:
                self._source.commit()
                self._output.take_aside()
                return True
            self._source.rewind(mark)
            self._output.forget_aside()
        self._source.commit()
        return False
