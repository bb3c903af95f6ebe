"""One group of rows, with a list of references and a column that failed whole."""

import pandas as pd

from vlmkit.evaluation.judging import Judging, judge_group

JUDGING = Judging(
    kinds={"tags": "tags", "text": "text"},
    text_measures=["exact"],
    within=1,
    against=None,
    draws=20,
    confidence=0.9,
    seed=0,
)


def test_each_column_is_judged_as_its_kind():
    """Lists are tags in one column and references in the other."""
    table = pd.DataFrame({"tags": [["a"], ["b"]], "text": ["x", None], "text_error": [None, "Refused: no"]})
    truth = {"tags": pd.Series([["a"], ["b", "c"]]), "text": pd.Series([["y", "X."], ["z"]])}
    figures = judge_group(table, truth, JUDGING).set_index(["column", "measure"])
    assert figures.loc[("tags", "recall"), "value"] == 2 / 3
    assert figures.loc[("text", "exact"), "value"] == 1 / 2
    assert figures.loc[("text", "exact"), ["missing", "failed"]].tolist() == [1, 1]


def test_a_group_without_a_truth_has_no_figures():
    """They are NaN, of no rows, and that is said."""
    table = pd.DataFrame({"text": ["x"]})
    figures = judge_group(table, {"text": pd.Series([None], dtype=object)}, JUDGING)
    assert figures["value"].isna().all()
    assert figures[["rows", "no_truth"]].to_numpy().tolist() == [[0, 1]]
