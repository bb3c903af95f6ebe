"""CSV: no formulas, and back as it was."""

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import SetupError
from vlmkit.exporters import read_dataset, to_csv
from vlmkit.exporters.csv import guard, read_csv, unguard


@given(st.text(max_size=20) | st.from_regex(r"'{0,3}\s?[=+\-@＝\t\r\n].{0,5}", fullmatch=True))
def test_a_guarded_text_is_no_formula_and_comes_back(text):
    """Whatever stands before it, apostrophes included."""
    guarded = guard(text)
    assert unguard(guarded) == text
    assert guarded.strip()[:1] not in {"=", "+", "-", "@", "＝", "＋", "－", "＠"}


def test_spreadsheets_see_no_formula(captions, tmp_path):
    """Cells, and names of columns, too; Python's own reader shows what they would."""
    frame = captions.assign(caption=["=1+1", "-5", "@x", "'=1", "\t=1"]).rename(columns={"caption": "=caption"})
    to_csv(frame, tmp_path / "set.csv", columns=["=caption"])
    with (tmp_path / "set.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["path", "'=caption"]
    assert [row[1] for row in rows] == ["'=1+1", "'-5", "'@x", "''=1", "'\t=1"]
    assert read_dataset(tmp_path / "set.csv")["=caption"].tolist() == frame["=caption"].tolist()


def test_empty_is_not_missing(captions, tmp_path):
    """Nor is a text that says so; numbers and flags come back as texts."""
    frame = captions.assign(caption=["", None, "NA", "null", "x"], n=[1, 2, -3, 4, 5], sure=[0.5, None, 1, 1, 1])
    to_csv(frame, tmp_path / "set.csv")
    back = read_csv(tmp_path / "set.csv")
    assert [None if pd.isna(value) else value for value in back["caption"]] == ["", None, "NA", "null", "x"]
    assert back["n"].tolist() == ["1", "2", "-3", "4", "5"]
    assert back["sure"].isna().tolist() == [False, True, False, False, False]


def test_other_columns_do_not_go_into_the_same_file(captions, tmp_path):
    """Rows under wrong names would be worse than none."""
    to_csv(captions, tmp_path / "set.csv")
    with pytest.raises(SetupError, match="its columns are 'path', 'caption', 'caption_error', not"):
        to_csv(captions.assign(more=1), tmp_path / "set.csv", if_exists="append")


def test_foreign_files_are_read(tmp_path):
    """With a mark at the beginning, Windows line ends, and unquoted cells; two columns of one name are refused."""
    path = tmp_path / "set.csv"
    path.write_bytes(b'\xef\xbb\xbfpath,caption\r\na.jpg,"x, y"\r\nb.jpg,\r\n')
    assert read_csv(path).to_dict("list")["caption"][0] == "x, y"
    assert read_csv(path)["caption"].isna().tolist() == [False, True]
    path.write_text("a,a\n1,2\n")
    with pytest.raises(SetupError, match="same name"):
        read_csv(path)
