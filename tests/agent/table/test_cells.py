"""Cells for a model: plain, short, with nothing hidden."""

import datetime as dt
import json
from decimal import Decimal
from enum import Enum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vlmkit.agent.table.cells import plain_cell


class Mood(Enum):
    CALM = "calm"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, None),
        (pd.NA, None),
        (pd.NaT, None),
        (np.float32("nan"), None),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (np.float32(0.1), 0.1),
        (float("-inf"), "-inf"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+999"), "1E+999"),
        (1 << 2_000, "<int of 2001 bits>"),
        (pd.Timestamp("2024-05-31T14:30:00+02:00"), "2024-05-31T14:30:00+02:00"),
        (dt.date(2024, 5, 31), "2024-05-31"),
        (dt.time(14, 30), "14:30:00"),
        (pd.Timedelta("90s"), "0 days 00:01:30"),
        (pd.Period("2024-05"), "2024-05"),
        (["red", pd.NA, np.int64(2)], ["red", None, 2]),
        ({"red", "blue"}, ["blue", "red"]),
        (np.arange(3), [0, 1, 2]),
        ({"a": {"b": 1.5}, 2: b"xy"}, {"a": {"b": 1.5}, "2": "<bytes 2>"}),
        (b"1234", "<bytes 4>"),
        (Path("a") / "b.jpg", str(Path("a") / "b.jpg")),
        (Mood.CALM, "calm"),
        (Image.new("RGB", (4, 3)), "<Image>"),
        (np.zeros((4, 3, 3)), "<ndarray of 4x3x3>"),
        (object(), "<object>"),
    ],
)
def test_a_cell_of_any_kind_is_json(cell, expected):
    """Whatever stands in a table."""
    assert plain_cell(cell) == expected
    json.dumps(plain_cell(cell), allow_nan=False)


def test_what_is_long_is_cut_and_says_so():
    """Texts, lists, what is nested; never more than was allowed, beside the words that tell of it."""
    assert plain_cell("a" * 5000, 10) == "aaaaaaaaaa… [cut: 5,000 characters in all]"
    assert plain_cell(list(range(768)))[-1] == "… [cut: 768 items in all]"
    deep = {"a" * 300: ["b" * 300] * 40}
    assert plain_cell(deep, 100).startswith('{"aaaa')
    assert len(plain_cell(deep, 100)) < 160
    nested = []
    nested.append(nested)
    assert "items" in str(plain_cell(nested))


def test_nothing_is_hidden_from_whoever_reads_along():
    """Controls, marks that turn the order, letters that nobody sees are escapes; line feeds stay."""
    assert plain_cell("a\x1b[2J\u202eb\nc\U000e0041") == "a\\x1b[2J\\u202eb\nc\\U000e0041"
    assert plain_cell("\ud83d half") == "\\ud83d half"
