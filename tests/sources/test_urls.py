"""What counts as a URL, and what of it is shown."""

from __future__ import annotations

import pytest

from vlmkit.errors import UnreadableImage
from vlmkit.sources import refer
from vlmkit.sources.urls import check_media_type, is_url, path_from_text, path_in_text, path_of_url, shown


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
    assert shown(url) == refer(url).label == expected
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
