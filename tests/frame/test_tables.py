"""Tables as rows, whatever their index and columns look like."""

import numpy as np
import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.frame.tables import add_columns, check_clash, pick_pictures, refs_of, rows_of


def test_pictures_are_in_path_else_in_image_else_where_it_says():
    """An explicit column stands above both."""
    frame = pd.DataFrame({"image": ["i"], "path": ["p"], "front": ["f"]})
    assert pick_pictures(frame, None).tolist() == ["p"]
    assert pick_pictures(frame[["front", "image"]], None).tolist() == ["i"]
    assert pick_pictures(frame, "front").tolist() == ["f"]


@pytest.mark.parametrize(
    ("frame", "image", "message"),
    [
        (
            pd.DataFrame({"file": ["a"]}),
            None,
            "no column 'path' or 'image' to take pictures from; the columns are 'file'",
        ),
        (pd.DataFrame({"file": ["a"]}), "flie", "no column 'flie'"),
        (pd.DataFrame(), None, "the columns are none"),
        (pd.DataFrame({"file": ["a"]}), ["file"], r"no column \['file'\]"),
        (pd.DataFrame([["a", "b"]], columns=["path", "path"]), None, "2 columns are called 'path'"),
    ],
)
def test_no_such_column(frame, image, message):
    """The message lists what there is."""
    with pytest.raises(SetupError, match=message):
        pick_pictures(frame, image)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT])
def test_missing_pictures_refer_to_nothing(missing):
    """Whatever pandas calls missing."""
    refs = list(refs_of(pd.Series(["a.png", missing, b"123"], dtype=object)))
    assert [ref.label for ref in refs] == ["a.png", "<missing>", "<bytes 3>"]


def test_cells_are_read_by_column_with_none_for_missing():
    """From columns of any type; labels that are not texts are found by their text."""
    frame = pd.DataFrame(
        {
            "brand": pd.array(["Acme", None], dtype="string"),
            2024: [1.5, np.nan],
            "when": pd.to_datetime(["2024-05-01", None]),
            "kind": pd.Categorical(["a", None]),
            "tags": [["x", "y"], None],
        },
        index=["same", "same"],
    )
    first, second = rows_of(frame, ["brand", "2024", "when", "kind", "tags"])
    assert first == {"brand": "Acme", "2024": 1.5, "when": pd.Timestamp("2024-05-01"), "kind": "a", "tags": ["x", "y"]}
    assert set(second.values()) == {None}


def test_no_columns_still_have_rows():
    """A prompt that reads nothing is the same for each."""
    assert list(rows_of(pd.DataFrame({"a": [1, 2]}), [])) == [{}, {}]
    assert list(rows_of(pd.DataFrame(index=[]), [])) == []


def test_two_columns_of_the_same_name_cannot_be_read():
    """Either could be meant."""
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(SetupError, match="2 columns are called 'a'"):
        list(rows_of(frame, ["a"]))


def test_a_column_is_replaced_only_on_request():
    """The message says how to ask."""
    frame = pd.DataFrame({"a": [1], "b": [2]})
    check_clash(frame.columns, ["c"], overwrite=False)
    check_clash(frame.columns, ["a"], overwrite=True)
    with pytest.raises(
        SetupError, match=r"'a', 'b' is there already\. When a cell runs again, pass overwrite=True .* into="
    ):
        check_clash(frame.columns, ["a", "b", "c"], overwrite=False)
    with pytest.raises(SetupError, match="'a' is there already"):
        add_columns(frame, {"a": [3]}, overwrite=False)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([7, 7, 7]),
        pd.MultiIndex.from_tuples([("x", 1), ("x", 1), ("y", 2)], names=["a", "b"]),
        pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02"]),
        pd.Index([None, None, "z"]),
    ],
)
def test_columns_are_added_in_position_whatever_the_index(index):
    """Nothing is aligned, sorted or dropped, and the given frame stays as it was."""
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    before = frame.copy()
    wider = add_columns(frame, {"self": pd.array(["x", "y", "z"], dtype="string")}, overwrite=False)
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_index_equal(wider.index, index)
    assert wider["self"].tolist() == ["x", "y", "z"]


def test_the_new_table_is_independent():
    """Changing it changes nothing elsewhere, in every version of pandas."""
    frame = pd.DataFrame({"a": [1, 2]})
    wider = add_columns(frame, {"b": [3, 4]}, overwrite=False)
    wider.loc[0, "a"] = 99
    assert frame["a"].tolist() == [1, 2]


def test_replaced_columns_keep_their_place():
    """A cell run again gives the same table."""
    frame = pd.DataFrame({"a": [1], "b": [2], "c": [3]})
    wider = add_columns(frame, {"b": [9], "d": [4]}, overwrite=True)
    assert wider.to_dict("list") == {"a": [1], "b": [9], "c": [3], "d": [4]}
