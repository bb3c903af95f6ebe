"""Tables as they are, to a stream and back."""

import io

import pandas as pd
import pytest

from vlmkit.errors import BadSetting
from vlmkit.exporters import TABLE_FORMATS, read_dataset, write_table


def frame():
    """Rows of which one failed, with a formula, a list, and a control character."""
    return pd.DataFrame(
        {
            "path": pd.array(["a.png", "b.png"], dtype="string"),
            "count": pd.array([3, None], dtype="Int64"),
            "caption": pd.array(["=1+1", None], dtype="string"),
            "caption_error": pd.array([None, "Refused: no"], dtype="string"),
            "tags": [["x", "y"], []],
        }
    )


def written(table, form):
    """Bytes of a table."""
    stream = io.BytesIO()
    write_table(table, form, stream)
    return stream.getvalue()


@pytest.mark.parametrize("form", TABLE_FORMATS)
def test_every_row_and_column_comes_back(tmp_path, form):
    """Also those that failed, and whether or not there is a picture behind the path."""
    (tmp_path / f"table.{form}").write_bytes(written(frame(), form))
    back = read_dataset(tmp_path / f"table.{form}", form if form != "json" else "jsonl")
    assert list(back.columns) == list(frame().columns)
    assert back["path"].tolist() == ["a.png", "b.png"]
    assert back["caption"].iloc[0] == "=1+1"
    assert back["caption_error"].iloc[1] == "Refused: no"
    if form != "csv":
        assert (back["count"].iloc[0], list(back["tags"].iloc[0])) == (3, ["x", "y"])


def test_csv_has_no_formula_and_no_control():
    """As in an export."""
    table = frame().assign(caption=pd.array(["=1+1", "a\x1b[2Jb"], dtype="string"))
    text = written(table, "csv").decode()
    assert '"\'=1+1"' in text
    assert "\x1b" not in text


def test_pictures_inside_are_written_as_their_paths():
    """Bytes have no place in a table for reading."""
    table = pd.DataFrame({"image": [{"bytes": b"\x89", "path": "a.png"}], "caption": ["A dog."]})
    assert written(table, "jsonl") == b'{"path": "a.png", "caption": "A dog."}\n'


def test_a_table_without_pictures_has_no_path():
    """Figures and findings are tables, too."""
    assert written(pd.DataFrame({"measure": ["f1"], "value": [0.5]}), "csv") == b'"measure","value"\n"f1",0.5\n'


def test_an_unknown_format_is_said():
    """With those that there are."""
    with pytest.raises(BadSetting, match="form='xml': unknown format"):
        write_table(frame(), "xml", io.BytesIO())
