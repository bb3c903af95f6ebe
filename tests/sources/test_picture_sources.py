"""What lists and what fetches a URL is found by its scheme."""

import pytest

from vlmkit import plugins
from vlmkit.errors import BrokenPlugin, UnreadableImage
from vlmkit.sources import SOURCES, Limits, PictureSource
from vlmkit.sources.picture_sources import fetch, list_pictures


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
