"""Sources of pictures by the scheme of a URL, as rows: what lists and what fetches them.

Other packages add rows by an entry point of the group ``vlmkit.sources``.
"""

from __future__ import annotations

from dataclasses import dataclass

from vlmkit.errors import BrokenPlugin, UnreadableImage
from vlmkit.plugins import Table, open_foreign
from vlmkit.sources.limits import Limits
from vlmkit.sources.urls import shown

__all__ = ["SOURCES", "PictureSource", "fetch", "list_pictures"]


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
    found = open_foreign(source.lister, f"{shown(url)} cannot be listed")(url, recursive)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise BrokenPlugin(f"{shown(url)} cannot be listed: {source.lister} must give a list of URLs.")
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
