"""Each format: complete, readable back, and safe to show or open."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from making_pictures import corners, encoded
from markdown_it import MarkdownIt

from vlmkit.cli.formats import OUTPUT_FORMATS, draw_document, format_of_file
from vlmkit.cli.results import FIELDS, Results
from vlmkit.sources import read_header, refer

EVIL = '=HYPERLINK("http://x")\x1b[2J\u202e\n<script>|`*'
EMPTY = dict.fromkeys(FIELDS)
RECORDS = [
    EMPTY | {"path": "a.png", "description": 'A star, "small".', "width": 64, "height": 48, "seconds": 0.25},
    EMPTY | {"path": "-b\udcff.png", "description": EVIL, "width": 2, "height": 1},
    EMPTY | {"path": "c.png", "error": "UnreadableImage: no picture"},
]


def iterate(rows):
    yield from rows


def written(name, width=100):
    return "\n".join(OUTPUT_FORMATS[name].draw(Results(iterate(RECORDS), total=3), width)) + "\n"


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_no_format_lets_controls_through(name):
    """Nothing a terminal obeys, and nothing UTF-8 cannot hold, is ever written."""
    text = written(name)
    text.encode("utf-8")
    assert not set(text) & {"\x1b", "\u202e", "\udcff"}


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_every_row_is_there(name):
    """Descriptions and faults of all rows, in order."""
    text = written(name).replace("\\", "")
    places = [text.index(part) for part in ("A star, ", "HYPERLINK", "UnreadableImage: no picture")]
    assert places == sorted(places)


def test_json_has_summary_and_results():
    """The shape that scripts rely on; the values come back exactly."""
    content = json.loads(written("json"))
    assert list(content) == ["summary", "results"]
    assert content["results"] == RECORDS
    assert content["summary"]["total"] == 3
    assert (content["summary"]["ok"], content["summary"]["failed"]) == (2, 1)


def test_further_fields_are_written_where_there_are_some():
    """In JSON as they are in the records, in CSV as further columns."""
    records = [record | {"frames": 1, "exif": {"Make": "A", "=x": 1}} for record in RECORDS]
    lines = list(OUTPUT_FORMATS["csv"].draw(Results(iterate(records), total=3, extra=("frames", "exif")), 80))
    assert lines[0] == ",".join([*FIELDS, "frames", "exif"])
    assert lines[1].endswith(',1,"{""Make"": ""A"", ""=x"": 1}"')


def test_json_lines_are_one_object_each():
    """A line per picture, each readable alone."""
    assert [json.loads(line) for line in written("jsonl").splitlines()] == RECORDS


def test_json_lines_come_as_rows_finish():
    """The first line is there before the second row is."""

    def rows():
        yield RECORDS[0]
        raise AssertionError("asked for the second row too early")

    lines = OUTPUT_FORMATS["jsonl"].draw(Results(rows(), total=2), 80)
    assert json.loads(next(lines))["path"] == "a.png"


def test_csv_reads_back_and_holds_no_formula():
    """Quoting survives a reader; a cell that would be calculated is text, in every column that holds text."""
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert [tuple(row) for row in rows] == [FIELDS] * 3
    assert rows[0]["description"] == 'A star, "small".'
    assert (rows[0]["width"], rows[0]["seconds"]) == ("64", "0.25")
    assert rows[1]["description"] == "'" + EVIL.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e")
    assert rows[1]["path"] == Path("-b%FF.png").absolute().as_uri().replace("%25", "%")
    assert rows[2]["description"] == ""


@pytest.mark.parametrize("start", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\n=1", "\tx", "\r", "\r\n=1", "＝1", "＠x"])
def test_every_start_of_a_formula_is_defused(start):
    """Spreadsheets skip white space before they look for a formula."""
    record = EMPTY | {"path": "a", "description": start}
    (row,) = csv.DictReader(io.StringIO("\n".join(OUTPUT_FORMATS["csv"].draw(Results(iterate([record]), total=1), 80))))
    assert row["description"].startswith("'")


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_a_stand_in_is_shown_with_its_error(name):
    """Whoever reads the text sees that it is none of the model's answers."""
    record = EMPTY | {"path": "a.png", "description": "A PNG picture.", "error": "TimedOut: no answer within 1 s"}
    results = Results(iterate([record]), total=1)
    text = "\n".join(OUTPUT_FORMATS[name].draw(results, 200))
    assert "A PNG picture." in text
    assert "TimedOut: no answer within 1 s" in text
    assert (results.ok, results.failed, results.stand_ins, results.summary()["stand_ins"]) == (0, 1, 1, 1)
    if name in {"plain", "table"}:
        assert "A PNG picture. (! TimedOut: no answer within 1 s)" in text


def test_plain_is_a_path_a_tab_and_a_text():
    """For cut and grep; a fault is marked."""
    assert [line.split("\t") for line in written("plain").splitlines()] == [
        ["a.png", 'A star, "small".'],
        [r"-b\udcff.png", r'=HYPERLINK("http://x")\x1b[2J\u202e <script>|`*'],
        ["c.png", "! UnreadableImage: no picture"],
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.JSON", "json"), ("a.jsonl", "jsonl"), ("a.md", "markdown"), ("a.xlsx", None), ("a", None)],
)
def test_a_file_name_may_name_the_format(name, expected):
    """The ending decides where nobody said otherwise."""
    assert format_of_file(name) == expected


@pytest.mark.parametrize(
    "name", ["a\x1b[2J.png", "b\udcff.png", "=1.png", "-rf.png", " @x.png", "a\u200bb.png", "a\nb.png", "%41.png"]
)
def test_a_path_in_csv_leads_to_its_file(name, tmp_path, monkeypatch):
    """Whatever it is called, to whoever reads the cell; and no spreadsheet or terminal obeys it."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(encoded(corners((4, 3)), "PNG"))
    record = EMPTY | {"path": name, "description": "x"}
    (row,) = csv.DictReader(io.StringIO("\n".join(OUTPUT_FORMATS["csv"].draw(Results(iterate([record]), total=1), 80))))
    assert read_header(refer(row["path"])).width == 4
    assert row["path"].isprintable()
    assert not row["path"].strip().startswith(("=", "-", "@", "+"))


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
