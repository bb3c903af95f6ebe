"""Arrow: types of columns, and rows in small groups."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.arrow import ParquetFile, csv_rows, schema_of
from vlmkit.exporters.documents import Entry
from vlmkit.exporters.lenient import Reading


def test_types_of_columns():
    """Also where the first ten thousand rows are empty; what has no type becomes text."""
    late = [None] * 10_001 + [1.5]
    frame = pd.DataFrame(
        {
            "late": pd.Series(late, dtype=object),
            "none": None,
            "tags": [["a"]] * 10_002,
            "kind": pd.Categorical(["x"] * 10_002),
            "count": pd.array([1] * 10_002, dtype="Int64"),
            "mixed": [1, "a"] * 5001,
        }
    )
    schema = schema_of(frame, {name: name for name in frame.columns}, "file_name")
    assert [str(field.type) for field in schema] == [
        "string", "double", "string", "list<item: string>", "string", "int64", "string",
    ]  # fmt: skip


def test_groups_are_small(tmp_path):
    """The Hub's viewer reads one at a time."""
    schema = pa.schema([("file_name", pa.string())])
    file = ParquetFile(schema, lambda record: Entry(name=record["file_name"], text=None, record=record))
    entries = [Entry(name=str(i), text=None, record={"file_name": str(i)}) for i in range(250)]
    with (tmp_path / "x.parquet").open("wb") as stream:
        file.write(stream, iter(entries))
    assert pyarrow.parquet.ParquetFile(tmp_path / "x.parquet").num_row_groups == 3
    assert list(file.read(tmp_path / "x.parquet")) == entries


def test_other_columns_are_refused(tmp_path):
    """As in CSV."""
    pyarrow.parquet.write_table(pa.table({"other": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(SetupError, match="its columns are other, not file_name"):
        list(ParquetFile(pa.schema([("file_name", pa.string())]), lambda record: record).read(tmp_path / "x.parquet"))


def test_csv_comes_in_blocks(tmp_path):
    """Line ends within cells, and cells of a megabyte."""
    path = tmp_path / "x.csv"
    path.write_text('a,b\n"x\ny",' + "z" * 1_000_000 + "\n", encoding="utf-8")
    names, rows = csv_rows(path, Reading(path))
    assert names == ["a", "b"]
    assert [[len(cell) for cell in row] for row in rows] == [[3, 1_000_000]]


@pytest.mark.parametrize("zero", ["", "\0"])
def test_a_broken_row_may_be_no_text_either(tmp_path, zero):
    """Also beside a zero: it is left out and told, and its neighbours stand."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"path,caption\na.jpg,x\nb.jpg," + zero.encode() + b"\xff\xfe,extra\nc.jpg,\xe9t\xc3\xa9\n")
    reading = Reading(path)
    names, rows = csv_rows(path, reading)
    assert (names, list(rows)) == (["path", "caption"], [["a.jpg", "x"], ["c.jpg", "\udce9té"]])
    with pytest.warns(UserWarning, match="line 3 .3 cells where 2 should be"):
        reading.table([{"path": "a.jpg", "caption": "x"}])
