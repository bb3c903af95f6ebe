"""Results of tools: text, pictures and data out of whatever a function returned."""

import datetime as dt
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydantic import BaseModel

from vlmkit import sources
from vlmkit.agent import ToolResult
from vlmkit.records import ImageRef, Picture

RED = Image.new("RGB", (80, 40), "red")


class Found(BaseModel):
    row: int


@dataclass
class Box:
    left: float


def png():
    file = io.BytesIO()
    RED.save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "text", "data"),
    [
        ("a text", "a text", None),
        (None, "Done.", None),
        (3, "3", 3),
        (True, "true", True),
        (float("nan"), "null", None),
        ({"Größe": 1.5}, '{"Größe": 1.5}', {"Größe": 1.5}),
        (["a", 1, None], '["a", 1, null]', ["a", 1, None]),
        ((Found(row=2), Box(0.5)), '[{"row": 2}, {"left": 0.5}]', [{"row": 2}, {"left": 0.5}]),
        (dt.date(2026, 1, 2), '"2026-01-02"', "2026-01-02"),
        (np.float32(0.5), "0.5", 0.5),
        (np.arange(3), "[0, 1, 2]", [0, 1, 2]),
        (pd.DataFrame({"row": [4], "said": [None]}), '[{"row": 4, "said": null}]', [{"row": 4, "said": None}]),
    ],
)
def test_data_is_json(value, text, data):
    """Whatever JSON can say is said in JSON."""
    result = ToolResult.of(value)
    assert (result.text, result.data, result.pictures, result.failed) == (text, data, (), False)


@pytest.mark.parametrize("form", ["pil", "bytes", "array", "file", "path", "reference", "picture"])
def test_a_picture_comes_in_any_form(form, tmp_path):
    """As vlmkit reads pictures everywhere; nothing is decoded yet."""
    path = tmp_path / "red.png"
    path.write_bytes(png())
    reference = sources.refer(RED)
    forms = {
        "pil": RED,
        "bytes": png(),
        "array": np.asarray(RED),
        "file": io.BytesIO(png()),
        "path": path,
        "reference": reference,
        "picture": sources.normalize(reference, 20),
    }
    result = ToolResult.of(forms[form])
    assert result.text == ""
    (kept,) = result.pictures
    assert isinstance(kept, Picture if form == "picture" else ImageRef)
    (small,) = result.shrunk(20).pictures
    assert (small.width, small.height) == (20, 10)


def test_a_list_with_pictures_is_a_message_of_parts():
    """Texts and data are lines, and a word stands where a picture was."""
    result = ToolResult.of([RED, "from the left", {"row": 1}, png()])
    assert result.text == '[picture 1]\nfrom the left\n{"row": 1}\n[picture 2]'
    assert len(result.pictures) == 2


def test_pictures_in_data_are_taken_out():
    """Data says where they were, and has none of their bytes."""
    result = ToolResult.of({"row": 3, "views": [RED, RED]})
    assert result.data == {"row": 3, "views": ["[picture 1]", "[picture 2]"]}
    assert len(result.pictures) == 2


def test_a_result_stays_what_it_is():
    """What says text, pictures and failure itself is taken at its word."""
    result = ToolResult(text="No such row.", pictures=[RED], failed=True)
    assert ToolResult.of(result) is result
    assert isinstance(result.pictures[0], ImageRef)
    assert ToolResult.fault("No.") == ToolResult(text="No.", failed=True)


def test_pictures_are_shrunk_to_a_budget():
    """Those that fit stay as they are, byte by byte, and pixels for a model in this process become a file."""
    fitting = sources.normalize(sources.refer(RED), 40)
    pixels = sources.normalize(sources.refer(RED), 80, lossless=True)
    assert pixels.media_type == "image/x-portable-pixmap"
    shown = ToolResult(pictures=[fitting, pixels, RED]).shrunk(40).pictures
    assert shown[0] is fitting
    assert [(each.width, each.height, each.media_type) for each in shown] == [(40, 20, "image/jpeg")] * 3


def test_a_picture_that_cannot_be_read_is_a_line_of_the_text():
    """The others are shown."""
    result = ToolResult(text="Two views.", pictures=[b"no picture", RED, Path("nowhere.png")]).shrunk(64)
    assert len(result.pictures) == 1
    first, *faults = result.text.splitlines()
    assert first == "Two views."
    assert [fault[: len("[picture 1 cannot be shown")] for fault in faults] == [
        "[picture 1 cannot be shown",
        "[picture 3 cannot be shown",
    ]


@pytest.mark.parametrize("value", [object(), {"a": object()}, iter])
def test_what_no_model_can_read_is_an_error(value):
    """It says what a tool may return."""
    with pytest.raises(TypeError, match="Return a text, a picture, what JSON can say"):
        ToolResult.of(value)


def test_a_result_may_be_about_rows_of_a_table():
    """Beside what it says of them."""
    result = ToolResult.about([3, 1], {"total": 2})
    assert (result.rows, result.data, result.text) == ((3, 1), {"total": 2}, '{"total": 2}')
    assert result.shrunk(100).rows == (3, 1)
    assert ToolResult.of("text").rows == ()
