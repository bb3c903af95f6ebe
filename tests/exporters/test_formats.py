"""From a row come the functions that write and read a format, and what people read about it."""

import inspect
import re
from pathlib import Path

import pandas as pd
import pytest

from vlmkit import exporters
from vlmkit.exporters import EXPORT_FORMATS

ROWS = list(EXPORT_FORMATS.own())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_is_complete(row):
    """It leads to a writer and a reader, and a file has an ending."""
    assert getattr(exporters, f"to_{row.name}") is row.open_writer()
    assert next(iter(inspect.signature(row.open_reader()).parameters)) in {"path", "directory"}
    assert row.suffixes or row.layout != "file"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_format_is_a_method_of_tables(row):
    """With the signature and the words of its function, less the table."""
    method = getattr(pd.DataFrame({"path": ["a.jpg"]}).vlm, f"to_{row.name}")
    assert f"to_{row.name}" in dir(pd.DataFrame().vlm)
    assert method.__doc__ == row.open_writer().__doc__
    assert list(inspect.signature(method).parameters) == list(inspect.signature(row.open_writer()).parameters)[1:]


def test_an_unknown_format_is_no_attribute():
    """And the message has those that are there."""
    with pytest.raises(AttributeError, match=r"has no attribute 'to_yolo'; it has: .*to_coco, .*verify"):
        _ = pd.DataFrame().vlm.to_yolo
    with pytest.raises(AttributeError, match="to_yolo"):
        _ = exporters.to_yolo
    assert not hasattr(pd.DataFrame().vlm, "_repr_png_")


def test_the_readme_names_every_format():
    """In the order of the table."""
    text = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8"))
    assert f"Formats that go out and come back: {', '.join(row.title for row in ROWS)} (" in text
