"""URLs of pictures: what one is, how much of it may be shown, and by its scheme what lists and what fetches.

Other packages add rows by an entry point of the group ``vlmkit.sources``.
"""

from __future__ import annotations

import os
import re
import urllib.request
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from vlmkit.errors import BrokenPlugin, UnreadableImage
from vlmkit.plugins import Table, open_foreign
from vlmkit.sources.limits import Limits
from vlmkit.untrusted import without_hidden

__all__ = [
    "SOURCES",
    "PictureSource",
    "check_media_type",
    "fetch",
    "is_url",
    "list_pictures",
    "path_from_text",
    "path_in_text",
    "path_of_url",
    "shown_url",
]

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


def shown_url(url: str) -> str:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureSource:
    """Where URLs of one scheme lead.

    Attributes
    ----------
    name : str
        The scheme, in lower case, as ``"https"``.
    fetcher : str
        Dotted name of ``(url, label, limits) -> bytes``: a whole encoded picture. `label` is the URL without what may
        be secret in it, for messages; `limits` is a `vlmkit.sources.Limits`.
    lister : str or None, default None
        Dotted name of ``(url, recursive) -> list of str``: URLs of the pictures that a URL stands for, in order. None:
        each URL is one picture.
    """

    name: str
    fetcher: str
    lister: str | None = None


SOURCES = Table(
    "vlmkit.sources",
    PictureSource,
    (
        PictureSource(name="https", fetcher="vlmkit.sources.remote:fetch"),
        PictureSource(name="http", fetcher="vlmkit.sources.remote:fetch"),
        PictureSource(name="data", fetcher="vlmkit.sources.contents:read_data_url"),
    ),
)


def list_pictures(url: str, *, recursive: bool) -> list[str]:
    """URLs of the pictures that a URL stands for.

    Parameters
    ----------
    url : str
    recursive : bool
        Whether what is below it counts, too.

    Raises
    ------
    SetupError
        It cannot be listed, or a plugin cannot be used.
    """
    source = SOURCES.find(_scheme(url))
    if source is None or source.lister is None:
        return [url]
    found = open_foreign(source.lister, f"{shown_url(url)} cannot be listed")(url, recursive)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BrokenPlugin(f"{shown_url(url)} cannot be listed: {source.lister} must give a list of URLs.")
    return found


def fetch(url: str, label: str, limits: Limits) -> bytes:
    """Bytes of the picture at a URL.

    Parameters
    ----------
    url : str
    label : str
        What messages call the picture.
    limits : Limits

    Raises
    ------
    RunError
        `UnreadableImage` or `ImageTooLarge`.
    SetupError
        The plugin whose scheme it is cannot be used.
    """
    source = SOURCES.find(_scheme(url)) or SOURCES.find("https")  # which says what is wrong with it
    if source is None:
        raise UnreadableImage(f"{label}: nothing here fetches such URLs. Download the picture, and give its file.")
    data = open_foreign(source.fetcher, f"{label}: cannot be fetched", UnreadableImage)(url, label, limits)
    if not isinstance(data, bytes):
        raise UnreadableImage(f"{label}: {source.fetcher} gave a {type(data).__name__} instead of bytes. Report it.")
    return data


def _scheme(url: str) -> str:
    return url.partition(":")[0].lower()
