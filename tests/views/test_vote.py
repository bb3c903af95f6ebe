"""A comparison: blinded, kept, counted with an honest interval."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vlmkit as vk
from vlmkit.errors import SetupError
from vlmkit.views.vote import differing_parts


@pytest.fixture
def table(photos):
    """Captions of three models; row 2 has the same from all, row 3 lacks one."""
    return pd.DataFrame(
        {
            "path": photos(30),
            "a": ["a red cat", "one", "same", "x", *["left"] * 26],
            "b": ["a blue cat", "two", "same", None, *["right"] * 26],
            "c": ["a red dog", "one", "same", "z", *["right"] * 26],
        }
    )


@pytest.fixture
def store(tmp_path):
    """A file that is not there yet."""
    return tmp_path / "votes.sqlite"


def test_votes_count_and_show_in_the_table(table, store):
    """Wins, ties, and rows that are not worth a vote; the table given is not changed."""
    compared = vk.compare_view(table, ["a", "b"], store=store)
    assert compared.rows == [0, 1, *range(4, 30)]
    compared.vote(0, "a")
    compared.vote(1, None)
    compared.vote(4, "a")
    compared.vote(5, "b")
    compared.vote(5, "a")
    assert compared.standings.index.tolist() == ["a", "b"]
    best = compared.standings.loc["a"]
    assert (best["wins"], best["losses"], best["ties"], best["win_rate"]) == (3, 0, 1, 1.0)
    assert best["low"] == pytest.approx(0.4385, abs=1e-4)
    frame = compared.frame
    assert frame["preferred"].dropna().to_dict() == {0: "a", 1: "tie", 4: "a", 5: "a"}
    assert frame["preferred"].cat.categories.tolist() == ["a", "b", "tie"]
    assert "preferred" not in table
    assert repr(compared) == "BlindComparison(a, b: 4 of 28 rows voted on)"


def test_votes_survive_and_are_taken_back(table, store):
    """Reopened in whatever order of columns; other answers begin anew."""
    compared = vk.compare_view(table, ["a", "b", "c"], store=store)
    compared.vote(0, "c")
    compared.vote(1, "tie")
    compared.vote(4, "a")
    compared.vote(4, "b")
    assert compared.undo() == 4
    assert compared.choice(4) == "a"
    assert compared.undo() == 4
    assert compared.choice(4) is None
    again = vk.compare_view(table, ["c", "a", "b"], store=store)
    assert [again.choice(row) for row in (0, 1, 4)] == ["c", "tie", None]
    assert again.undo() is None
    other = vk.compare_view(table.assign(a="new words"), ["a", "b", "c"], store=store)
    assert other.choice(0) is None


def test_the_order_is_blinded_and_stable(table):
    """Each column comes first about as often, another seed gives another order, the same one the same."""
    compared = vk.compare_view(table, ["a", "b"], store=False)
    orders = [compared.blinded(row) for row in compared.rows]
    first = sum(order[0] == "a" for order in orders)
    assert 5 < first < 23
    assert orders == [vk.compare_view(table, ["a", "b"], store=False).blinded(row) for row in compared.rows]
    assert orders != [vk.compare_view(table, ["a", "b"], store=False, seed=1).blinded(row) for row in compared.rows]


def test_differences_are_marked(table):
    """What all others say at the same point is common."""
    compared = vk.compare_view(table, ["a", "b", "c"], store=False)
    assert compared.differences(0) == {
        "a": [("a ", False), ("red cat", True)],
        "b": [("a ", False), ("blue cat", True)],
        "c": [("a ", False), ("red dog", True)],
    }


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["a"], "two different columns or more"),
        (["a", "a"], "two different columns or more"),
        ("ab", "two different columns or more"),
        (["a", "d"], "no column 'd'; the columns are 'path', 'a', 'b', 'c'"),
    ],
)
def test_what_cannot_be_compared_is_refused(table, columns, message):
    """Before anything is opened."""
    with pytest.raises(SetupError, match=message):
        vk.compare_view(table, columns)


def test_a_vote_is_for_something_that_is_there(table):
    """Neither another column nor a row without a choice."""
    compared = vk.compare_view(table, ["a", "b"], store=False)
    with pytest.raises(SetupError, match="'c' is not compared; the columns are a, b"):
        compared.vote(0, "c")
    for row in (2, 3, 30, -1):
        with pytest.raises(SetupError, match="nothing to choose between"):
            compared.vote(row, "a")
    assert compared.standings["win_rate"].isna().all()


def shared(parts):
    return [part.split() for part, differs in parts if not differs]


@given(st.lists(st.text(alphabet="ab .,\nÄ", max_size=40), min_size=2, max_size=4))
def test_the_parts_are_the_text_again(texts):
    """Nothing is lost or doubled; equal texts have no difference."""
    for text, parts in zip(texts, differing_parts(texts), strict=True):
        assert "".join(part for part, _ in parts) == text
        assert all(part for part, _ in parts)
        if len(set(texts)) == 1:
            assert not any(differs for _, differs in parts)


def test_what_differs_is_one_stretch():
    """Case and punctuation are read as people do; an insertion is on one side only."""
    old, new = differing_parts(["A red cat sits here.", "a large green cat sits here."])
    assert old == [("A ", False), ("red", True), (" cat sits here.", False)]
    assert new == [("a ", False), ("large green", True), (" cat sits here.", False)]


def test_two_texts_share_the_same_words_whichever_comes_first():
    """The order in which texts are given changes nothing."""
    one, two = "a b a c a b", "b a b c c a"
    assert differing_parts([one, two]) == differing_parts([two, one])[::-1]


def test_very_long_texts_are_left_unmarked():
    """Aligning them would take seconds."""
    texts = ["word " * 1200, "other " * 1200]
    assert differing_parts(texts) == [[(texts[0], False)], [(texts[1], False)]]
