"""What counts as a URL, and what of it is shown."""

from __future__ import annotations

import pytest

from vlmkit import plugins
from vlmkit.errors import BrokenPlugin, UnreadableImage
from vlmkit.sources import SOURCES, Limits, PictureSource, refer
from vlmkit.sources.urls import (
    check_media_type,
    fetch,
    is_url,
    list_pictures,
    path_from_text,
    path_in_text,
    path_of_url,
    shown_url,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/a.jpg", True),
        ("HTTP://example.org", True),
        ("file:///etc/passwd", True),
        ("data:image/png;base64,AAAA", True),
        ("photos/a.jpg", False),
        ("C:\\photos\\a.jpg", False),
        ("a/http://b", False),
        ("", False),
    ],
)
def test_urls_begin_with_a_scheme(text: str, *, expected: bool) -> None:
    """Drive letters do not."""
    assert is_url(text) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.org/a.jpg?X-Amz-Signature=KEY&b=1#KEY", "https://example.org/a.jpg?…"),
        ("https://user:KEY@example.org:8443/a/b.jpg", "https://example.org:8443/a/b.jpg"),
        ("https://example.org#KEY", "https://example.org"),
        ("https://example.org/a.jpg#KEY?x", "https://example.org/a.jpg"),
        ("https://example.org?token=KEY", "https://example.org?…"),
        ("data:image/png;base64,KEYKEY", "<data URL 28>"),
    ],
)
def test_no_key_in_a_url_is_ever_shown(url: str, expected: str) -> None:
    """Not in labels, hence not in messages; the source itself stays whole."""
    assert shown_url(url) == refer(url).label == expected
    assert refer(url).source == url
    assert "KEY" not in repr(refer(url))


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "video/mp4"])
def test_other_content_is_refused(media_type: str) -> None:
    """By what it calls itself."""
    with pytest.raises(UnreadableImage, match=f"content type is '{media_type}'"):
        check_media_type(media_type, "x")


@pytest.mark.parametrize("media_type", ["", "image/jpeg", "image/x-whatever", "application/octet-stream"])
def test_pictures_and_anything_unspecific_pass(media_type: str) -> None:
    """The bytes have the last word."""
    check_media_type(media_type, "x")


@pytest.mark.parametrize("path", ["/a/b\x1b.png", "/a/b\udcff.png", "/a/%41\u200b#?.png", "/a.zip/x\ny.png"])
def test_a_path_survives_a_file_of_text(path):
    """As a URL of printable letters, which leads to the same file."""
    text = path_in_text(path)
    assert text.isascii()
    assert text.isprintable()
    assert path_of_url(text) == path_from_text(text) == path


@pytest.mark.parametrize(
    "text", ["a.png", "/é %41 #.png", "http://h/a.png?x=%1b", "file:///a/plain.png", "file://h/a%1B"]
)
def test_other_texts_stay(text):
    """Paths that everything can hold, and addresses that people wrote."""
    assert path_in_text(text) == path_from_text(text) == text


@pytest.fixture
def add(monkeypatch):
    """A function that adds a source whose fetcher and lister are functions of its own, as a plugin's would be."""

    def added(**functions):
        monkeypatch.setattr(plugins, "open_by_name", functions.__getitem__)
        row = PictureSource(name="acme", **{name: name for name in functions})
        monkeypatch.setattr(SOURCES, "built_in", (row,))

    return added


def test_ours_are_rows_too():
    """A URL of a scheme that nobody knows goes to the one for the web, which says what is wrong with it."""
    assert [row.name for row in SOURCES.own()] == ["https", "http", "data"]
    assert fetch("DATA:;base64,AAAA", "x", Limits.in_force()) == bytes(3)
    with pytest.raises(UnreadableImage, match="x: "):
        fetch("ftp://host/a.jpg", "x", Limits.in_force())


def test_a_url_of_ours_is_one_picture():
    """Nothing is asked for that."""
    assert list_pictures("https://host/a.jpg", recursive=True) == ["https://host/a.jpg"]


@pytest.mark.parametrize("given", [["acme://1", 2], "acme://1", None])
def test_a_list_must_be_one_of_urls(given, add):
    """Whatever a plugin gives."""
    add(fetcher=None, lister=lambda url, recursive: given)
    with pytest.raises(BrokenPlugin, match="acme://x cannot be listed: lister must give a list of URLs"):
        list_pictures("acme://x", recursive=False)


def test_what_a_fetcher_does_wrong_is_a_fault_of_its_picture(add):
    """It raises, or gives no bytes; what it says on purpose stays."""

    def fetcher(url, label, limits):
        raise {"acme://a": OSError("gone"), "acme://b": UnreadableImage("not today")}[url]

    add(fetcher=fetcher)
    with pytest.raises(UnreadableImage, match="x: cannot be fetched: fetcher raised OSError: gone"):
        fetch("acme://a", "x", Limits.in_force())
    with pytest.raises(UnreadableImage, match=r"^not today"):
        fetch("acme://b", "x", Limits.in_force())
    add(fetcher=lambda url, label, limits: "text")
    with pytest.raises(UnreadableImage, match="x: fetcher gave a str instead of bytes"):
        fetch("acme://c", "x", Limits.in_force())
