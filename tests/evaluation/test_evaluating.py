"""Tables of figures: which, of how many rows, how sure, and against each other."""

import pandas as pd
import pytest

from vlmkit.errors import BadSetting, SetupError
from vlmkit.evaluation.evaluating import assert_quality, confusion, evaluate


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


RIGHT = {
    "category": (["a", "b"] * 6, {}),
    "number": (list(range(12)), {}),
    "tags": ([["a", "b"], ["c"]] * 6, {}),
    "text": (
        ["a red cat on a mat", "two dogs"] * 6,
        {"text_measures": ["exact", "rouge_l", "chrf", "bleu", "cider_d"]},
    ),
}
WRONG = {"category": ["x"] * 12, "number": [99] * 12, "tags": [["x"]] * 12, "text": ["zzz"] * 12}
UNBOUNDED = {"mae", "rmse", "mean_error"}


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize("is_right", [True, False])
def test_no_figure_of_twelve_rows_is_certain(kind, is_right):
    """All right or all wrong: every figure with bounds has an interval with a width and the value in it."""
    truths, options = RIGHT[kind]
    answers = truths if is_right else WRONG[kind]
    figures = evaluate(pd.DataFrame({"x": answers}), truth={"x": truths}, kinds={"x": kind}, **options)
    known = figures[figures["value"].notna() & ~figures["measure"].isin(UNBOUNDED)]
    assert len(known) >= 2
    assert (known["high"] - known["low"] > 0.05).all()
    assert ((known["low"] <= known["value"]) & (known["value"] <= known["high"])).all()
    whole = known[known["measure"].isin(["accuracy", "exact"])].iloc[0]
    assert (whole["low"], whole["high"]) == pytest.approx((0.7575, 1) if is_right else (0, 0.2425), abs=1e-4)
    assert figures[figures["measure"].isin(UNBOUNDED)]["low"].isna().all() or not is_right


def test_a_rare_class_is_as_unsure_as_it_is_rare():
    """Two of two among 400 rows say little, of precision, recall and F1 alike."""
    labels = ["rare"] * 2 + ["common"] * 398
    figures = evaluate(pd.DataFrame({"x": labels}), truth={"x": labels}, kinds={"x": "category"})
    rare, common = (figures[figures["label"] == label] for label in ("rare", "common"))
    assert (rare["low"] < 0.55).all()
    assert (common["low"] > 0.98).all()


def test_equal_columns_are_not_certainly_equal():
    """A difference that no row shows can still be there; one that every row shows has ends, too."""
    table = pd.DataFrame({"one": ["a"] * 12, "two": ["a"] * 12, "bad": ["b"] * 12, "t": ["a"] * 12})
    truth = {"one": "t", "two": "t", "bad": "t"}
    figures = evaluate(table, truth=truth, against="one", kinds=dict.fromkeys(truth, "category"))
    row = {name: figures[(figures["column"] == name) & (figures["measure"] == "accuracy")].iloc[0] for name in truth}
    assert row["two"]["difference_low"] < -0.2
    assert row["two"]["difference_high"] > 0.2
    assert -1 <= row["bad"]["difference_low"] <= -1 + 1e-9
    assert -0.8 < row["bad"]["difference_high"] < -0.5


@pytest.fixture
def table():
    """Three of four right, in two places."""
    return pd.DataFrame({"n": [1, 2, 3, 9], "t": [1, 2, 3, 4], "place": ["in", "in", "out", "out"]})


def test_good_answers_pass(table):
    """Nothing is said, from the figures or from the table itself."""
    assert (
        assert_quality(evaluate(table, truth={"n": "t"}), at_least={"n.exact": 0.75}, at_most={"n.mae": 1.25}) is None
    )
    assert assert_quality(table, truth={"n": "t"}, at_least={"n.exact": 0.75}) is None


def test_bad_answers_say_how_bad(table):
    """Every figure out of bounds is named, with its interval and rows."""
    with pytest.raises(AssertionError, match=r"n\.exact is 0\.75 \(.* 4 rows, 0 without .* at least 0\.9") as caught:
        assert_quality(table, truth={"n": "t"}, at_least={"n.exact": 0.9}, at_most={"n.mae": 1})
    assert "n.mae is 1.25" in str(caught.value)


def test_each_group_must_hold(table):
    """One bad group is enough, and is named."""
    with pytest.raises(AssertionError, match=r"where place is 'out' is 0\.5"):
        assert_quality(table, truth={"n": "t"}, by="place", at_least={"n.exact": 0.75})


def test_an_unknown_figure_does_not_pass(table):
    """NaN is not good enough."""
    table["n"] = pd.array([None] * 4, dtype="Int64")
    with pytest.raises(AssertionError, match=r"n\.mae is nan"):
        assert_quality(table, truth={"n": "t"}, at_most={"n.mae": 1})


def test_wrong_calls(table):
    """No truth, no bound, no such figure."""
    figures = evaluate(table, truth={"n": "t"})
    with pytest.raises(BadSetting, match="pass truth="):
        assert_quality(table, at_least={"n.exact": 1})
    with pytest.raises(BadSetting, match="nothing to hold to"):
        assert_quality(figures)
    with pytest.raises(BadSetting, match=r"there are n\.exact, n\.within_1"):
        assert_quality(figures, at_least={"n.exakt": 1})


def test_an_interval_says_what_twelve_rows_are_worth(table):
    """Also where all are right, or no row differs; an unknown one is called so."""
    right = pd.DataFrame({"n": [1] * 12, "t": [1] * 12})
    with pytest.raises(AssertionError, match=r"n\.exact is 1 \(0\.7575 to 1, 12 rows"):
        assert_quality(right, truth={"n": "t"}, at_most={"n.exact": 0.5})
    with pytest.raises(AssertionError, match=r"n\.mae is 0 \(interval unknown, 12 rows"):
        assert_quality(right, truth={"n": "t"}, at_least={"n.mae": 1})
