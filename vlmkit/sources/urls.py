"""What a URL is, and how much of it may be shown."""

from __future__ import annotations

import os
import re
import urllib.request
from urllib.parse import quote, unquote_to_bytes

from vlmkit.errors import UnreadableImage
from vlmkit.untrusted import without_hidden

__all__ = ["check_media_type", "is_url", "path_from_text", "path_in_text", "path_of_url", "shown"]

_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://|data:)", re.IGNORECASE)
_WHATEVER = frozenset({"", "application/octet-stream", "binary/octet-stream"})


def is_url(text: str) -> bool:
    """Whether a text is a URL of any kind rather than a path."""
    return _URL.match(text) is not None


def path_of_url(text: str) -> str:
    """Path of a ``file:`` URL of this machine (RFC 8089); any other text as it is.

    Parameters
    ----------
    text : str
    """
    if text[:7].lower() != "file://":
        return text
    host, slash, path = text[7:].partition("/")
    if host.lower() not in {"", "localhost"}:
        return text
    if os.name == "nt":
        return urllib.request.url2pathname(f"{slash}{path}")
    return os.fsdecode(unquote_to_bytes(f"{slash}{path}"))  # names need not be Unicode


def path_in_text(path: str) -> str:
    """A path for a file of text: as it is, or where it has hidden characters or is not Unicode, as a ``file:`` URL.

    Such a URL names the same file, is taken wherever a path is, and is made of printable characters alone.

    Parameters
    ----------
    path : str
        As Python has it: bytes that are not Unicode are halves of characters.
    """
    plain = without_hidden(path, lambda each: quote(each, errors="surrogatepass"))
    if plain == path or is_url(path):
        return plain
    whole = os.path.abspath(os.path.expanduser(path)).replace(os.sep, "/")  # noqa: PTH100, PTH111  links stay
    return f"file://{'' if whole.startswith('/') else '/'}{quote(os.fsencode(whole))}"


def path_from_text(text: str) -> str:
    """The absolute path that `path_in_text` was given; any other text as it is.

    Parameters
    ----------
    text : str
    """
    path = path_of_url(text)
    return path if path != text and path_in_text(path) == text else text


def shown(url: str) -> str:
    """A URL as messages may have it: without user, password and query, where keys stand."""
    if url[:5].lower() == "data:":
        return f"<data URL {len(url)}>"
    head, question, _ = url.partition("#")[0].partition("?")
    scheme, separator, rest = head.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}{question and '?…'}"


def check_media_type(media_type: str, label: str) -> None:
    """Make sure that something calls itself a picture, or nothing in particular.

    Parameters
    ----------
    media_type : str
        In lower case, without parameters; may be empty.
    label : str

    Raises
    ------
    UnreadableImage
        It calls itself something else.
    """
    if media_type not in _WHATEVER and not media_type.startswith("image/"):
        raise UnreadableImage(f"{label}: its content type is {media_type!r}, not a picture's; check the URL.")
