"""JSON Lines."""

import json

import numpy as np
import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import read_dataset, to_jsonl


def test_types_survive(captions, tmp_path):
    """Numbers, flags, lists, missing values; rows that failed, too."""
    frame = captions.assign(
        n=pd.array([1, None, 3, 4, 5], dtype="Int64"),
        sure=[0.5, 1.0, None, 0.0, 1.0],
        yes=pd.array([True, False, None, True, True], dtype="boolean"),
        tags=[["a", "b"], [], None, ["c"], ["d"]],
    )
    frame.loc[0, ["caption", "caption_error"]] = [pd.NA, "Refused: no"]
    to_jsonl(frame, tmp_path / "set.jsonl")
    back = read_dataset(tmp_path / "set.jsonl")
    pd.testing.assert_frame_equal(back.drop(columns="tags"), frame.astype({"sure": "Float64"}).drop(columns="tags"))
    assert back["tags"].tolist() == [["a", "b"], [], None, ["c"], ["d"]]


def test_names_that_cannot_be_said_are_shown(captions, tmp_path):
    """A file name in no known encoding comes back; a column called as the pictures does ends an export before it."""
    captions["path"] = captions["path"].astype(object)
    captions.loc[0, "path"] = "caf\udce9.jpg"
    to_jsonl(captions, tmp_path / "set.jsonl")
    assert read_dataset(tmp_path / "set.jsonl")["path"][0].endswith("/caf\udce9.jpg")
    with pytest.raises(SetupError, match="rename it"):
        to_jsonl(captions.assign(photo=captions["path"]), tmp_path / "other.jsonl", image="photo")


def test_pictures_in_memory_are_rows_without_a_path(tmp_path):
    """Their other columns are written."""
    frame = pd.DataFrame({"image": [np.zeros((4, 4, 3), "uint8"), b"x"], "caption": ["a", "b"]}, dtype=object)
    to_jsonl(frame, tmp_path / "set.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "set.jsonl").read_text().splitlines()]
    assert lines == [{"path": None, "caption": "a"}, {"path": None, "caption": "b"}]
