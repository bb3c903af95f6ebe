"""A prompt that reads its row."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import SetupError
from vlmkit.prompts import MISSING_TEXT, Template


@pytest.mark.parametrize(
    ("text", "row", "prompt"),
    [
        ("Who made {brand}?", {"brand": "Acme"}, "Who made Acme?"),
        ("{a}{b}{a}", {"a": 1, "b": 2.5}, "12.5" + "1"),
        ("{list price} {x.y} {x[0]} {x!r:>5}", {"list price": 3, "x.y": 4, "x[0]": 5, "x!r:>5": 6}, "3 4 5 6"),
        ("{tags}", {"tags": ["red", None, 3]}, f"red, {MISSING_TEXT}, 3"),
        ("Made in {year}?", {"year": None}, "Made in unknown?"),
        ('Give {{"n": 1}} or {{{{}}}}', {}, 'Give {"n": 1} or {{}}'),
        ("{{{name}}}", {"name": "x"}, "{x}"),
        ("no columns", {}, "no columns"),
    ],
)
def test_filling(text: str, row: dict[str, object], prompt: str) -> None:
    """Columns by their whole name, doubled braces as braces, missing values as the stated word."""
    template = Template.parse(text)
    template.check(row)
    assert template.fill(row) == prompt


def test_columns_are_named_once_in_order() -> None:
    """So that a frame reads only what it must."""
    assert Template.parse("{b} {a} {{c}} {b}").columns == ("b", "a")


def test_values_are_never_parsed_again() -> None:
    """Braces in the data are data."""
    assert Template.parse("{a}").fill({"a": "{b} {{c}}"}) == "{b} {{c}}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Who made {brnd}?", r"\{brnd\} is not a column\. Did you mean \{brand\}\? The columns are: brand, year\."),
        ('Answer {"n": 1}', r'\{"n": 1\} is not a column.*For braces as such write \{\{ and \}\}'),
    ],
)
def test_an_unknown_column_fails_with_the_list(text: str, message: str) -> None:
    """The remedy for a typing error and for meant braces are both there."""
    with pytest.raises(SetupError, match=message):
        Template.parse(text).check(["brand", "year"])


def test_without_any_column() -> None:
    """A series or a single picture has none."""
    with pytest.raises(SetupError, match="There are no columns here; pass a DataFrame"):
        Template.parse("{a}").check([])


@pytest.mark.parametrize("text", ["a { b", "a } b", "{}", "{a", "{{a}", "{a{b}}"])
def test_a_stray_brace_is_refused(text: str) -> None:
    """Guessing what was meant would send something else."""
    with pytest.raises(SetupError, match=r"a single '[{}]' near .*; write (\{\{|\}\}) for a brace"):
        Template.parse(text)


@pytest.mark.parametrize("text", ["", "  \n", None, 7, ["a"]])
def test_a_prompt_is_a_text(text: str) -> None:
    """An empty prompt would be sent ten thousand times."""
    with pytest.raises(SetupError, match="give a text that is not empty"):
        Template.parse(text)


@given(st.text(min_size=1).filter(str.strip))
def test_every_text_with_doubled_braces_is_itself(text: str) -> None:
    """Doubling braces is all that is ever needed."""
    template = Template.parse(text.replace("{", "{{").replace("}", "}}"))
    assert template.columns == ()
    assert template.fill({}) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2001.0, "2001"),
        (np.float32(2001), "2001"),
        (-3.0, "-3"),
        (2.5, "2.5"),
        (1e20, "1e+20"),
        (np.int64(7), "7"),
        (True, "True"),
        (Decimal("2.50"), "2.50"),
        (pd.Timestamp("2024-01-01"), "2024-01-01"),
        (pd.Timestamp("2024-01-01 10:30"), "2024-01-01 10:30"),
        (pd.Timestamp("2024-01-01 10:30:15", tz="UTC"), "2024-01-01 10:30:15+00:00"),
        (dt.datetime(2024, 1, 1), "2024-01-01"),  # noqa: DTZ001  as a table has it
        (dt.date(2024, 1, 1), "2024-01-01"),
        ([2001.0, pd.Timestamp("2024-01-01")], "2001, 2024-01-01"),
    ],
)
def test_values_are_written_as_people_write_them(value: object, text: str) -> None:
    """Whole numbers without a point, dates without a midnight."""
    assert Template.parse("{a}").fill({"a": value}) == text
