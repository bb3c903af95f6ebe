"""Tokens become text, piece by piece: whole characters only, and nothing that may turn out to begin a stop text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Transcript"]

_INCOMPLETE = "\ufffd"
_CONTEXT = 4  # tokens that can change how the next one is spelled, as the first of an answer is


class Transcript:
    """The text of one answer while its tokens arrive.

    Parameters
    ----------
    decode : callable
        Token ids to text.
    stop : sequence of str
        The text ends before the first of these.

    Attributes
    ----------
    text : str
        Everything certain so far.
    stopped : bool
        Whether a stop text was met.
    tokens : list of int
        All of them.
    """

    def __init__(self, decode: Callable[[list[int]], str], stop: Sequence[str] = ()) -> None:
        self.text = ""
        self.stopped = False
        self._decode = decode
        self._stop = tuple(text for text in stop if text)
        self.tokens: list[int] = []
        self._pieces: list[str] = []
        # A window of tokens is decoded again with each new one, because a tokenizer may join characters and
        # spaces across tokens; `_window` is where it begins, `_known` how many tokens are in text already.
        self._window = 0
        self._known = 0
        self._held = ""

    def add(self, token: int) -> str:
        """Take one token; the text that has become certain by it."""
        self.tokens.append(token)
        self._pieces.append(self._decoded())
        return self._release(self._pieces[-1], last=False)

    def finish(self) -> str:
        """Take the end of the answer; the text that was held back until now."""
        rest = self._decode(self.tokens[self._window :])[len(self._decode(self.tokens[self._window : self._known])) :]
        self._known = self._window = len(self.tokens)
        if self._pieces:
            self._pieces[-1] += rest
        return self._release(rest, last=True)

    def pieces(self) -> list[str]:
        """What each token adds to the text; joined, they are the text."""
        left, pieces = len(self.text), []
        for piece in self._pieces:
            pieces.append(piece[:left])
            left -= len(pieces[-1])
        return pieces

    def piece_of(self, token: int, place: int) -> str:
        """What another token would have added at a place.

        Parameters
        ----------
        token : int
        place : int
            How many tokens of the answer stand before it.
        """
        before = self.tokens[max(0, place - _CONTEXT) : place]
        return self._decode([*before, token])[len(self._decode(before)) :]

    def _decoded(self) -> str:
        before = self._decode(self.tokens[self._window : self._known])
        after = self._decode(self.tokens[self._window :])
        if after.endswith(_INCOMPLETE) or len(after) <= len(before):
            return ""
        self._window, self._known = self._known, len(self.tokens)
        return after[len(before) :]

    def _release(self, new: str, *, last: bool) -> str:
        if self.stopped:
            return ""
        held = self._held + new
        met = [place for text in self._stop if (place := held.find(text)) >= 0]
        if met:
            self.stopped = True
            piece, self._held = held[: min(met)], ""
        else:
            keep = 0 if last else self._possible_stop(held)
            piece, self._held = held[: len(held) - keep], held[len(held) - keep :]
        self.text += piece
        return piece

    def _possible_stop(self, held: str) -> int:
        """How many characters at the end may be the beginning of a stop text."""
        longest = max((len(text) - 1 for text in self._stop), default=0)
        sizes = range(min(longest, len(held)), 0, -1)
        return next((size for size in sizes if any(text.startswith(held[-size:]) for text in self._stop)), 0)
