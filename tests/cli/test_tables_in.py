"""What a verb is given."""

import io

import click
import pytest

from vlmkit.cli import tables_in
from vlmkit.cli.tables_in import open_source
from vlmkit.cli.verbs import VERBS


def test_pictures_are_references_or_a_table_of_them(pictures):
    """As the verb takes them."""
    refs = open_source(VERBS["caption"], [str(pictures)], form=None, recursive=False)
    assert [ref.label.rpartition("/")[2] for ref in refs] == ["blue.png", "green.png", "red.png"]
    table = open_source(VERBS["duplicates"], [str(pictures)], form=None, recursive=False)
    assert table["width"].tolist() == [120, 80, 40]


@pytest.mark.parametrize("form", [None, "jsonl"])
def test_a_table_is_known_by_its_ending_or_by_name(tmp_path, form):
    """Of a file."""
    file = tmp_path / ("captions.jsonl" if form is None else "captions.data")
    file.write_text('{"path": "a.png", "caption": "A dog."}\n')
    table = open_source(VERBS["caption"], [str(file)], form=form, recursive=False)
    assert table["caption"].tolist() == ["A dog."]


def test_a_table_comes_through_a_pipe(monkeypatch):
    """By the format that is named."""
    pipe = io.TextIOWrapper(io.BytesIO(b"path,caption\na.png,A dog.\n"))
    monkeypatch.setattr(tables_in.sys, "stdin", pipe)
    table = open_source(VERBS["lint"], ["-"], form="csv", recursive=False)
    assert table["caption"].tolist() == ["A dog."]


def test_a_verb_that_needs_a_table_says_so(pictures):
    """With the ways to give it one."""
    with pytest.raises(click.UsageError, match="evaluate needs a table: a file that ends with"):
        open_source(VERBS["evaluate"], [str(pictures)], form=None, recursive=False)
