"""Options that are made from parameters."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal

import click
import pytest
from click.testing import CliRunner

from vlmkit.cli.derived_options import LEFT_OUT, options_of, read_schema
from vlmkit.cli.signatures import REQUIRED, Parameter


def value(kind, *line, name="it", default=None):
    """What a command gets for an option of this type."""
    found = {}
    parameter = Parameter(name=name, kind=kind, default=default, text="What it is.")
    command = click.Command("sample", params=options_of([parameter]), callback=lambda **given: found.update(given))
    done = CliRunner().invoke(command, list(line))
    assert done.exit_code in {0, 2}, done.exception
    return found.get(name) if done.exit_code == 0 else done.output


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (str | None, "a b", "a b"),
        (int | None, "3", 3),
        (float, "3", 3),
        (float, "0.5", 0.5),
        (str | int | None, "clip", "clip"),
        (str | int | None, "77", 77),
        (Literal["a", "b"], "b", "b"),
        (bool | Literal["a", "b"], "a", "a"),
        (Sequence[str] | None, 'a, b,"c, d"', ["a", "b", "c, d"]),
        (str | Sequence[str] | None, "path", "path"),
        (str | Sequence[str] | None, "front,back", ["front", "back"]),
        (Mapping[str, str] | None, "count=number", (("count", "number"),)),
        (str | Path | None, "a/b", "a/b"),
    ],
)
def test_a_type_says_how_a_value_is_read(kind, text, expected):
    """Numbers, words, lists between commas, pairs."""
    assert value(kind, "--it", text) == expected


@pytest.mark.parametrize(
    ("kind", "text"), [(int, "x"), (Literal["a", "b"], "c"), (Mapping[str, str], "alone"), (float, "much")]
)
def test_a_value_of_another_type_is_a_mistake_in_the_command(kind, text):
    """It is said which option it is about."""
    assert "Invalid value for '--it'" in value(kind, "--it", text)


def test_flags():
    """One that is true by default can be switched off."""
    assert value(bool, "--it", default=False) is True
    assert value(bool, "--no-it", default=True) is False
    assert value(bool, default=False) is False


def test_names_follow_the_house():
    """Seconds have no unit in a shell, the table's columns are redone, a file is overwritten."""
    assert value(int, "--ca-file", "1", name="ca_file") == 1
    assert value(int, "--load-timeout", "1", name="load_timeout_s") == 1
    assert value(bool, "--redo", name="overwrite") is True


def test_what_has_no_default_is_required():
    """As in Python."""
    assert "Missing option '--it'" in value(str, default=REQUIRED)


def test_shared_options_are_those_of_all_commands():
    """A model has its letter; money needs a price; texts with commas are repeated."""
    assert value(str, "-m", "tiny", name="model") == "tiny"
    assert value(Any, "--stop", "a, b", "--stop", "c", name="stop") == ("a, b", "c")
    assert [option.name for option in options_of([Parameter(name="budget", kind=Any, default=None, text="")])] == [
        "budget_minutes",
        "budget_tokens",
        "budget_money",
        "price",
    ]


def test_what_a_shell_cannot_give_is_left_out_by_name():
    """A type that is neither listed nor readable is a mistake of ours, seen when the command is made."""
    assert options_of([Parameter(name=name, kind=Any, default=None, text="") for name in LEFT_OUT]) == []
    with pytest.raises(TypeError, match="thing: a shell has no form"):
        options_of([Parameter(name="thing", kind=Any, default=None, text="")])


def test_kinds_of_values_have_their_names():
    """What a schema may say besides is left to it."""
    assert value(Any, "--dtype", "int", name="dtype") is int
    assert value(Any, "--dtype", "Date", name="dtype") is date
    assert value(Any, "--dtype", "list[str]", name="dtype") == "list[str]"


def test_a_schema_is_text_or_a_file(tmp_path):
    """Of text, or a JSON object of names and types."""
    assert read_schema("count int, sky: blue|gray") == "count int, sky: blue|gray"
    (tmp_path / "schema.txt").write_text("count int")
    (tmp_path / "schema.json").write_text(json.dumps({"count": "int", "sky": ["blue", "gray"]}))
    assert read_schema(str(tmp_path / "schema.txt")) == "count int"
    assert read_schema(str(tmp_path / "schema.json")) == {"count": "int", "sky": ["blue", "gray"]}
    assert read_schema("a str, " * 100) == "a str, " * 100


def test_a_vocabulary_is_a_list_or_a_file(tmp_path):
    """Lines, or JSON with synonyms."""
    (tmp_path / "terms.txt").write_text("dog\n\ncat\n")
    (tmp_path / "terms.json").write_text('{"dog": ["puppy"]}')
    assert value(Any, "--vocabulary", "dog, cat", name="vocabulary") == ["dog", "cat"]
    assert value(Any, "--vocabulary", str(tmp_path / "terms.txt"), name="vocabulary") == ["dog", "cat"]
    assert value(Any, "--vocabulary", str(tmp_path / "terms.json"), name="vocabulary") == {"dog": ["puppy"]}


def test_a_truth_is_pairs_a_column_or_a_table(tmp_path):
    """A table in any format that is read."""
    (tmp_path / "truth.jsonl").write_text('{"path": "a.png", "caption": "A dog."}\n')
    assert value(Any, "--truth", "caption=right,count=n", name="truth") == {"caption": "right", "count": "n"}
    assert value(Any, "--truth", "right", name="truth") == "right"
    assert value(Any, "--truth", str(tmp_path / "truth.jsonl"), name="truth")["caption"].tolist() == ["A dog."]
