"""Which rows a call is about, and which of them are asked."""

import pandas as pd
import pytest

from vlmkit import frame as vk
from vlmkit.errors import SetupError, TimedOut
from vlmkit.frame.columns import Columns
from vlmkit.frame.options import TableOptions, parse_options
from vlmkit.frame.selection import cells_to_ask, chosen_rows
from vlmkit.prompts import compose_description, compose_questions


@pytest.mark.parametrize(
    ("options", "positions"),
    [
        ({}, None),
        ({"limit": 3}, [0, 1, 2]),
        ({"limit": 10}, None),
        ({"limit": 99}, None),
        ({"sample": 99}, None),
    ],
)
def test_limit_takes_the_first_rows(options, positions):
    """As many as there are; None is all of them."""
    chosen = chosen_rows(10, parse_options(options, TableOptions))
    assert (None if chosen is None else list(chosen)) == positions


def test_a_sample_is_drawn_by_the_seed_and_keeps_the_order():
    """The same each time; other rows with another seed."""
    draws = [chosen_rows(1000, parse_options({"sample": 20, "seed": seed}, TableOptions)) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] == sorted(draws[0])
    assert len(set(draws[0])) == 20
    assert draws[2] != draws[0]
    assert chosen_rows(1000, parse_options({"sample": 20, "limit": 5}, TableOptions)) == draws[0][:5]


def asked_of(table, overwrite):
    columns = Columns([compose_description("?", into="x")], len(table))
    return list(cells_to_ask(table, columns, overwrite))


def test_what_is_missing_and_what_failed():
    """An empty cell, with or without an error; an error, with or without a cell."""
    table = pd.DataFrame({"x": ["a", None, None, "stand-in"], "x_error": [None, None, "e", "e"]})
    assert asked_of(table, "missing") == [1, 2]
    assert asked_of(table, "errors") == [2, 3]
    assert asked_of(table, True) == asked_of(table[[]], "missing") == asked_of(table[[]], "errors") == [0, 1, 2, 3]
    with pytest.raises(SetupError, match="no column 'x_error' to tell the failed rows by"):
        asked_of(table[["x"]], "errors")
    twice = pd.concat([table, table[["x"]]], axis=1)
    with pytest.raises(SetupError, match="2 columns are called 'x'"):
        asked_of(twice, "missing")


def test_each_question_has_its_own_cells():
    """One row may miss one answer, another row another; a new question is asked of all."""
    table = pd.DataFrame({"a": ["x", None], "a_error": [None, "e"], "b": [None, "y"], "b_error": ["e", None]})
    for names, cells in (("ab", [1, 2]), ("abc", [1, 2, 3, 5])):
        columns = Columns(compose_questions(dict.fromkeys(names, "?")), 2)
        assert list(cells_to_ask(table, columns, "missing")) == cells
        columns = Columns(compose_questions(dict.fromkeys(names, "?")), 2)
        assert list(cells_to_ask(table, columns, "errors")) == cells


def test_filling_only_what_is_empty(photos, backend):
    """Nothing else is asked, and everything else is kept, whatever the index."""
    frame = pd.DataFrame({"path": photos(4), "n": ["own words", None, "", None]}, index=list("aabb"))
    model = backend()
    result = vk.ask(frame, "?", into="n", model=model, overwrite="missing")
    assert result["n"].tolist() == ["own words", "1: ?", "", "3: ?"]
    assert result["n_error"].isna().all()
    assert len(model.asks) == 2
    assert result.index.tolist() == list("aabb")
    assert frame["n"].isna().sum() == 2


def test_doing_again_only_what_failed(photos, backend):
    """The same line again and again, until nothing fails; the first time it asks all."""
    answers = {10: [TimedOut("a"), TimedOut("b"), "at last"], 11: ["at once"], 12: [TimedOut("c"), "soon"]}
    model = backend(replies=lambda ask: answers[ask.pictures[0].width].pop(0))
    frame = pd.DataFrame({"path": photos(3)})
    for asked in (3, 2, 1, 0):
        model.asks.clear()
        frame = vk.describe(frame, model=model, overwrite="errors", details=True)
        assert len(model.asks) == asked
    assert frame["description"].tolist() == ["at last", "at once", "soon"]
    assert frame["description_error"].isna().all()
    assert frame["description_model"].tolist() == ["fake:echo"] * 3


def test_a_part_of_a_table_is_a_table(photos, backend):
    """With the rows' own labels; a folder's, too; then the same line without the limit asks for the rest only."""
    frame = pd.DataFrame({"path": photos(6)}, index=list("uvwxyz"))
    model = backend()
    first = vk.describe(frame, model=model, limit=2, store="s.sqlite")
    assert first.index.tolist() == ["u", "v"]
    some = vk.describe(frame, model=model, sample=2, store="s.sqlite", seed=0)
    assert len(some) == 2
    before = len(model.asks)
    whole = vk.describe(frame, model=model, store="s.sqlite")
    assert len(model.asks) == 6
    assert before < 6
    pd.testing.assert_frame_equal(whole.loc[["u", "v"]], first)
    assert vk.describe("photos", model=model, limit=3)["path"].tolist() == frame["path"].tolist()[:3]
    assert len(vk.caption(frame["path"], model=model, limit=4)) == 4
    assert [record.index for record in vk.describe_iter(frame, model=model, limit=2)] == ["u", "v"]
