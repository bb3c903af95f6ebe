"""Pictures of a request: out of ``data:`` URLs (RFC 2397), or through whoever is allowed to fetch an address."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from vlmkit import sources
from vlmkit.chat.faults import chat_error
from vlmkit.chat.limits import ChatLimits
from vlmkit.errors import ChatError, RunError
from vlmkit.records import ImageRef, Picture

__all__ = ["Fetch", "LinkedPicture", "picture_of"]

Fetch = Callable[[str], bytes]
"""Gets the bytes behind an ``http:`` or ``https:`` address. Raises RunError."""

_LOW_SIDE_PX = 512  # what OpenAI shows of a picture at low detail
_BLANKS = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class LinkedPicture:
    """A picture of a message, its header looked at.

    Attributes
    ----------
    ref : ImageRef
        Its label is the path of the part, as ``messages[0].content[1]``.
    limits : sources.Limits
    is_low : bool, default False
        Whether a small version is enough.
    """

    ref: ImageRef
    limits: sources.Limits
    is_low: bool = False

    def normalized(self, longest_side_px: int, *, lossless: bool) -> Picture:
        """The bytes that a model gets.

        Parameters
        ----------
        longest_side_px : int
        lossless : bool

        Raises
        ------
        ChatError
            It cannot be decoded.
        """
        side_px = min(longest_side_px, _LOW_SIDE_PX) if self.is_low else longest_side_px
        try:
            return sources.normalize(self.ref, side_px, lossless=lossless and not self.is_low, limits=self.limits)
        except RunError as error:
            raise chat_error(error, param=self.ref.label) from error


def picture_of(url: str, place: str, limits: ChatLimits, fetch: Fetch | None, *, is_low: bool = False) -> LinkedPicture:
    """The picture behind an address; its header is read, so that what is no picture is found at once.

    Parameters
    ----------
    url : str
    place : str
        Path of the part, for messages.
    limits : ChatLimits
    fetch : callable or None
        None allows ``data:`` alone.
    is_low : bool, default False
        Whether the client asked for low detail.

    Raises
    ------
    ChatError
        No address that is allowed, or no picture.
    """
    if url[:5].lower() == "data:":
        data = _decoded(url, place, limits.most_picture_bytes)
    elif fetch is not None and url[:8].lower().startswith(("http://", "https://")):
        try:
            data = fetch(url)
        except RunError as error:
            raise chat_error(error, param=place) from error
    else:  # a file's path gets the same words, whether there is such a file or not
        allowed = "a data: or http(s): URL" if fetch is not None else "a data: URL, as data:image/png;base64,…"
        raise _invalid(
            place, f"the address of this picture cannot be used here. Send the picture itself, in {allowed}."
        )
    if len(data) > limits.most_picture_bytes:
        raise _too_large(place, len(data), limits.most_picture_bytes)
    ref = ImageRef(source=data, label=place, is_foreign=True)
    try:
        sources.read_header(ref, limits=limits.image_limits)
    except RunError as error:
        raise chat_error(error, param=place) from error
    return LinkedPicture(ref, limits.image_limits, is_low)


def _decoded(url: str, place: str, most_bytes: int) -> bytes:
    head, comma, payload = url.partition(",")
    if not comma or not head.lower().endswith(";base64"):
        raise _invalid(place, "the data: URL has no base64 in it. Write data:image/png;base64,… with the file's bytes.")
    if len(payload) * 3 // 4 > most_bytes + len(payload) // 8:  # line ends come on top
        raise _too_large(place, len(payload) * 3 // 4, most_bytes)
    try:
        data = base64.b64decode(_BLANKS.sub("", payload), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid(place, f"its base64 cannot be read ({error}). Encode the file's bytes anew.") from error
    if not data:
        raise _invalid(place, "the picture is empty. Encode the file's bytes.")
    return data


def _invalid(place: str, message: str) -> ChatError:
    return ChatError(f"{place}: {message}", param=place, code="invalid_image")


def _too_large(place: str, size_bytes: int, most_bytes: int) -> ChatError:
    message = f"{place}: the picture has {size_bytes:,} bytes, and {most_bytes:,} are allowed. Send a smaller one."
    return ChatError(message, param=place, code="image_too_large")
