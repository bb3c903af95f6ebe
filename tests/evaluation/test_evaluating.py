"""Tables of figures: which, of how many rows, how sure, and against each other."""

import pandas as pd
import pytest

from vlmkit.errors import BadSetting, SetupError
from vlmkit.evaluation.evaluating import confusion, evaluate


@pytest.fixture
def answers():
    """Six answers: one failed, one empty, one whose truth nobody knows."""
    return pd.DataFrame(
        {
            "count": pd.array([1, 2, 4, None, None, 5], dtype="Int64"),
            "count_error": pd.array([None, None, None, "TimedOut: too slow", None, None], dtype="string"),
            "truth": pd.array([1, 2, 3, 4, 5, None], dtype="Int64"),
            "color": pd.Categorical(["red", "red", "blue", None, "blue", "blue"]),
            "right_color": ["red", "blue", "blue", "red", "blue", "red"],
            "where": ["in", "in", "in", "out", "out", "out"],
        }
    )


def value(figures, measure, **which):
    rows = figures[figures["measure"] == measure]
    for column, wanted in which.items():
        rows = rows[rows[column] == wanted]
    return rows["value"].item()


def test_rows_without_an_answer_count(answers):
    """They are wrong, and the table says how many failed, were empty, or could not be judged."""
    figures = evaluate(answers, truth={"count": "truth"})
    assert value(figures, "exact") == pytest.approx(2 / 5)
    assert value(figures, "mae") == pytest.approx(1 / 3)
    counts = figures[["rows", "missing", "failed", "no_truth"]].drop_duplicates()
    assert counts.to_numpy().tolist() == [[5, 2, 1, 1]]
    assert "label" not in figures.columns
    assert (figures["low"] <= figures["value"]).all()
    assert (figures["value"] <= figures["high"]).all()


def test_groups_are_judged_by_themselves(answers):
    """A block of figures for each value of the columns named."""
    figures = evaluate(answers, truth={"count": "truth"}, by="where")
    assert list(figures.columns[:2]) == ["where", "column"]
    assert value(figures, "exact", where="in") == pytest.approx(2 / 3)
    assert value(figures, "exact", where="out") == 0
    two = evaluate(answers, truth={"count": "truth"}, by=["where", "right_color"])
    assert value(two, "exact", where="in", right_color="red") == 1


def test_one_column_against_another(answers):
    """Differences are to the column named, from the same draws of rows."""
    answers["better"] = answers["truth"]
    truth = {"count": "truth", "better": "truth"}
    figures = evaluate(answers, truth=truth, against="count")
    row = figures[(figures["column"] == "better") & (figures["measure"] == "exact")].iloc[0]
    assert row["difference"] == pytest.approx(3 / 5)
    assert row["difference_low"] > 0
    assert figures[figures["column"] == "count"]["difference"].isna().all()


def test_one_column_against_one_with_another_truth(answers):
    """Rows that only one of them is judged on cannot be paired."""
    with pytest.raises(SetupError, match="other rows"):
        evaluate(answers, truth={"count": "truth", "color": "right_color"}, against="count")


def test_the_same_seed_gives_the_same_table(answers):
    """An interval is drawn by chance, and by the same chance each time."""
    first = evaluate(answers, truth={"color": "right_color"})
    pd.testing.assert_frame_equal(first, evaluate(answers, truth={"color": "right_color"}))
    assert value(first, "recall", label="blue") == pytest.approx(2 / 3)


def test_texts_can_be_judged_as_classes(answers):
    """Where the type does not say it, the caller does."""
    answers["color"] = answers["color"].astype("string")
    as_text = evaluate(answers, truth={"color": "right_color"}, text_measures=["exact"])
    as_class = evaluate(answers, truth={"color": "right_color"}, kinds={"color": "category"})
    assert as_text["measure"].tolist() == ["exact"]
    assert value(as_class, "accuracy") == value(as_text, "exact") == pytest.approx(3 / 6)


def test_several_right_texts():
    """One of them is enough."""
    table = pd.DataFrame({"text": ["a cat", "a dog"]})
    figures = evaluate(table, truth={"text": [["one cat", "A cat."], ["a bird"]]}, text_measures=["exact"])
    assert value(figures, "exact") == 0.5


def test_confusion(answers):
    """What was taken for what; no answer has a column of its own, at the end."""
    counts = confusion(answers, "color", truth="right_color")
    assert list(counts.columns) == ["blue", "red", "<missing>"]
    assert counts.loc["blue", "red"] == 1
    assert counts.loc["red", "<missing>"] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": {"count": "colour"}}, "one of category, number"),
        ({"text_measures": ["meteor"]}, "rouge_l"),
        ({"against": "other"}, "none of the judged columns"),
        ({"confidence": 95}, "between 0 and 1"),
        ({"draws": 0}, "from 1 up"),
        ({"by": "nowhere"}, "no column 'nowhere'"),
    ],
)
def test_wrong_options(answers, options, message):
    """Each is named, with what it takes."""
    with pytest.raises(SetupError, match=message):
        evaluate(answers, truth={"count": "truth"}, **options)
    assert issubclass(BadSetting, SetupError)


def test_a_series_against_a_series():
    """Aligned by index, whatever it is called."""
    answers, right = pd.Series([1, 2], index=["a", "b"]), pd.Series([2, 1], index=["b", "a"], name="truth")
    assert value(evaluate(answers, truth=right), "exact") == 1
    assert value(evaluate(answers.rename("n"), truth=[1, 3]), "exact", column="n") == 0.5


def test_objects_of_a_schema():
    """Fields in another order are the same object; lists of objects are judged as tags are."""
    table = pd.DataFrame({"one": [{"a": 1, "b": "X"}], "many": [[{"shape": "star"}, {"shape": "circle"}]]})
    truth = {"one": [{"b": "x", "a": 1}], "many": [[{"shape": "Star"}]]}
    figures = evaluate(table, truth=truth, text_measures=["exact"])
    assert value(figures, "exact", column="one") == 1
    assert value(figures, "precision", column="many") == 0.5
    assert value(figures, "recall", column="many") == 1
