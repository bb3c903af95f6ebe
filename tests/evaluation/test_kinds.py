"""What a column is decides how it is judged."""

import pandas as pd
import pytest

from vlmkit.errors import BadSetting
from vlmkit.evaluation.kinds import kind_of


@pytest.mark.parametrize(
    ("column", "truth", "kind"),
    [
        (pd.Series([1, None], dtype="Int64"), pd.Series([1, 2]), "number"),
        (pd.Series([0.5]), pd.Series([1]), "number"),
        (pd.Series([True, None], dtype="boolean"), pd.Series([True, False]), "category"),
        (pd.Series(["a"]).astype("category"), pd.Series(["a"]), "category"),
        (pd.Series([["a"], None]), pd.Series([["a"], []]), "tags"),
        (pd.Series(["a"], dtype="string"), pd.Series([["a", "b"]]), "text"),
        (pd.Series([None], dtype="string"), pd.Series(["a"]), "text"),
        (pd.Series([None], dtype=object), pd.Series([3]), "number"),
    ],
)
def test_kinds(column, truth, kind):
    """By the values; of an empty column by those of the truth."""
    assert kind_of(column, truth) == kind


def test_numbers_are_not_compared_with_words():
    """The message names the column and a value."""
    with pytest.raises(BadSetting, match=r"'count'.*'two'"):
        kind_of(pd.Series([1], name="count"), pd.Series(["two"]))
