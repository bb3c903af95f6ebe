"""What must not be shown: a key, and what has one in it; in tracebacks with their variables, reprs and pickles."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

__all__ = ["BLOT", "Key", "Screen", "Secret"]

Value = TypeVar("Value")
Text = TypeVar("Text", str, bytes)

BLOT = "***"
"""What stands where a key was."""


class Key(str):
    """A text that is sent and compared like any other, and never shown as a variable's value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(BLOT)

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise _not_written()


class Secret(Generic[Value]):
    """Holds something else that has a key in it.

    Attributes
    ----------
    value : object
    """

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Secret({BLOT})"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise _not_written()


class Screen(Generic[Text]):
    """Takes a key out of a text that comes in pieces, also where it is cut.

    Parameters
    ----------
    key, redact : str or bytes
        An empty key hides nothing.
    """

    def __init__(self, key: Text, redact: Text) -> None:
        self._key: Secret[Text] = Secret(key)
        self._redact: Text = redact
        self._held: Text = key[:0]

    def feed(self, piece: Text) -> Text:
        """The text as far as it is certain that it does not end within the key.

        Parameters
        ----------
        piece : str or bytes
            The next one.
        """
        key = self._key.value
        if not key:
            return piece
        text = (self._held + piece).replace(key, self._redact)
        tail = text[-(len(key) - 1) :] if len(key) > 1 else key[:0]
        found = tail.find(key[:1])
        while found >= 0 and not key.startswith(tail[found:]):
            found = tail.find(key[:1], found + 1)
        self._held = tail[found:] if found >= 0 else key[:0]
        return text[: len(text) - len(self._held)]

    def rest(self) -> Text:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, self._held[:0]
        return held


def _not_written() -> TypeError:
    return TypeError("A key is not written into a pickle. Open the model again where it is needed, with vk.load.")
