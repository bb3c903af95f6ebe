"""CSV: no formulas, and back as it was."""

import csv
from contextlib import nullcontext

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import BadSetting, SetupError
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


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_delimiter_is_seen(tmp_path, mark, end):
    """Also where captions have the others in them, quoted or not."""
    rows = [["path", "caption", "n"], ["a.jpg", '"one, two; three|four\tfive ""six"""', "1"], ["b.jpg", "plain", ""]]
    (tmp_path / "x.csv").write_bytes("".join(f"{mark.join(row)}{end}" for row in rows).encode())
    table = read_dataset(tmp_path / "x.csv")
    assert list(table.columns) == ["path", "caption", "n"]
    assert table["caption"].tolist() == ['one, two; three|four\tfive "six"', "plain"]
    assert table["n"].fillna("").tolist() == ["1", ""]


def test_excels_own_line_and_columns_of_one(tmp_path):
    """`sep=;` is not a column; a list of paths has no delimiter; one can be named."""
    (tmp_path / "x.csv").write_text("sep=;\npath;caption\na.jpg;x\n")
    assert read_dataset(tmp_path / "x.csv").to_dict("records") == [{"path": "a.jpg", "caption": "x"}]
    (tmp_path / "y.csv").write_text("path\na.jpg\nb;c.jpg\n", encoding="utf-8")
    assert read_dataset(tmp_path / "y.csv")["path"].tolist() == ["a.jpg", "b;c.jpg"]
    (tmp_path / "z.tsv").write_text("path#caption\na.jpg#x\n")
    assert read_dataset(tmp_path / "z.tsv", delimiter="#")["caption"].tolist() == ["x"]
    with pytest.raises(BadSetting, match="one character"):
        read_dataset(tmp_path / "z.tsv", delimiter="##")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_csv_of_windows(tmp_path, encoding):
    """Marks are not letters of the first name; wide texts are read and told."""
    (tmp_path / "x.csv").write_bytes("path\tcaption\r\na.jpg\ta cat\r\n".encode(encoding))
    with pytest.warns(UserWarning, match="read as utf-16") if "16" in encoding else nullcontext():
        assert read_dataset(tmp_path / "x.csv").to_dict("records") == [{"path": "a.jpg", "caption": "a cat"}]


def test_names_in_an_old_encoding(tmp_path):
    """Without its name nothing can be read, and the message says which option."""
    (tmp_path / "x.csv").write_bytes("path;légende\na.jpg;été\n".encode("cp1252"))
    with pytest.raises(SetupError, match="name its encoding"):
        read_dataset(tmp_path / "x.csv")
    with pytest.warns(UserWarning, match="read as cp1252"):
        assert read_dataset(tmp_path / "x.csv", encoding="cp1252")["légende"].tolist() == ["été"]


def test_one_bad_row_or_cell_leaves_the_others(tmp_path):
    """Rows of other widths are left out, cells of another encoding are NA; the encoding can be named."""
    (tmp_path / "x.csv").write_bytes(b"path,caption\na.jpg,caf\xe9\nb.jpg,one,two\nc.jpg,ok\n")
    with pytest.warns(UserWarning, match=r"1 of 3 records are left out: line 3 \(3 cells where 2 should be\).*1 cell"):
        table = read_dataset(tmp_path / "x.csv")
    assert table["caption"].fillna("").tolist() == ["", "ok"]
    assert table["caption_error"].notna().tolist() == [True, False]
    with pytest.warns(UserWarning, match="read as cp1252"):
        assert read_dataset(tmp_path / "x.csv", encoding="cp1252")["caption"].tolist() == ["café", "ok"]


def test_a_terminal_obeys_no_cell(photos, captions):
    """ESC and its like are left out of texts, and tabs and line ends stay; that is not an edit."""
    frame = captions.assign(caption=["a\x1b[31m\x00b\tc\nd", *captions["caption"][1:]])
    to_csv(frame, photos / "set.csv")
    assert b"\x1b" not in (photos / "set.csv").read_bytes()
    assert read_dataset(photos / "set.csv")["caption"].tolist()[0] == "a[31mb\tc\nd"
    assert (frame.vlm.merge_edits(photos / "set.csv")["caption_status"] == "auto").all()


@pytest.mark.parametrize("first", ["a.jpg,a dog", "A dog;photos/B.PNG", "c.webp"])
def test_a_file_without_names_loses_no_record(tmp_path, first):
    """Its first record would be taken for names; a picture may stand behind a name that says so."""
    (tmp_path / "set.csv").write_text(f"{first}\n{first}\n", encoding="utf-8")
    with pytest.raises(SetupError, match="its first line names no columns, but a picture"):
        read_dataset(tmp_path / "set.csv")
    (tmp_path / "set.csv").write_text("path,mask.png\na.jpg,1\n", encoding="utf-8")
    assert read_dataset(tmp_path / "set.csv")["mask.png"].tolist() == ["1"]
