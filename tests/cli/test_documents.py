"""A document for people: everything is there, and nothing a model or a file name says takes effect."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from vlmkit.cli.documents import draw_document
from vlmkit.cli.results import FIELDS, Results

EMPTY = dict.fromkeys(FIELDS)


def drawn(*records, extra=(), beside=None):
    rows = (EMPTY | record for record in records)
    return "\n".join(draw_document(Results(rows, total=len(records), extra=extra, beside=beside, model="m"), 80))


def test_each_picture_has_heading_picture_text_and_facts():
    """In this order, each a paragraph of its own."""
    record = {
        "path": "folder/a b.png",
        "description": "A star.",
        "orientation": 1,
        "exif": {"Make": "A*", "Exif": {"ISO": 100}},
        "digest": None,
    }
    text = drawn(record, extra=("orientation", "exif", "digest"))
    assert text.splitlines() == [
        "# Pictures", "", "## a b.png", "", "![a b.png](<folder/a%20b.png>)", "", "A star.", "",
        "- orientation: 1", r"- exif: Make=A\*, Exif=ISO=100", "", "---", "", "1 pictures. Described by m.",
    ]  # fmt: skip


def test_errors_are_marked_and_counted():
    """Beside a text that stands in for the answer, too."""
    text = drawn({"path": "a", "error": "Refused: no"}, {"path": "b", "description": "PNG", "error": "TimedOut: late"})
    assert "**Error:** Refused: no" in text
    assert "PNG\n\n**Error:** TimedOut: late" in text
    assert text.endswith("2 pictures, 2 of them failed. Described by m.")


@pytest.mark.parametrize(
    ("path", "beside", "link"),
    [
        ("pics/a.png", "docs", "../pics/a.png"),
        ("pics/a.png", ".", "pics/a.png"),
        ("/p/a>.png", "docs", "/p/a%3E.png"),
        ("a)](x.png", None, "a%29%5D%28x.png"),
        ("a\udcff.png", None, "a%FF.png"),
        ("https://h/a.png?x=1", "docs", "https://h/a.png?x=1"),
        ("javascript:alert(1)", None, "javascript:alert%281%29"),
    ],
)
def test_pictures_are_found_from_where_the_document_is(path, beside, link):
    """By a link relative to it, in which every character is safe."""
    text = drawn({"path": path, "description": "x"}, beside=beside and Path(beside))
    assert f"](<{link}>)" in text


class Tags(HTMLParser):
    found = ()

    def handle_starttag(self, tag, attrs):
        self.found = (*self.found, tag)


@pytest.mark.parametrize(
    "evil",
    ["# heading", "## heading", "- item", "+ item", "1. item", "1) item", "> quote", "`code`", "```\ncode\n```",
     "*a* _b_", "~~a~~", "[a](http://x)", "![a](http://x)", "<script>alert(1)</script>", "<http://x>", "http://x.y",
     "www.x.y", "a\n===", "a\n---", "    code", "| a | b |\n| - | - |", "&copy;", "$$x$$", "\\",
     "[^1]: x", "<!-- x", "\x1b[2J"],
)  # fmt: skip
def test_no_markup_of_a_model_takes_effect(evil):
    """What Markdown obeys is escaped; read back as CommonMark does, it is the text."""
    text = drawn({"path": evil.replace("\n", " "), "description": evil, "error": evil, "x": evil}, extra=("x",))
    body = MarkdownIt("gfm-like", {"linkify": False}).render(text)
    tags = Tags()
    tags.feed(body)
    assert set(tags.found) <= {"h1", "h2", "p", "img", "strong", "hr", "br", "ul", "li"}
    assert tags.found.count("li") == tags.found.count("strong") == 1
    assert tags.found.count("img") == 1
    assert tags.found.count("hr") == 1
    assert "\x1b" not in text
    assert not any("http://" in line for line in text.splitlines() if not line.startswith("!["))


@pytest.mark.parametrize("honest", ["A 0.5 l bottle, 3.5 cm high.", "Well-known 1970s car", "He said: hello"])
def test_plain_sentences_stay_readable(honest):
    """Nothing is escaped that need not be."""
    assert honest in drawn({"path": "a", "description": honest})
