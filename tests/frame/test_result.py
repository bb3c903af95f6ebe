"""What comes out: which cells are asked, and what stays, such as what a person wrote."""

import warnings
from threading import Event

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.errors import SetupError, TimedOut
from vlmkit.frame.columns import Columns
from vlmkit.frame.given import given_of
from vlmkit.frame.options import TableOptions, check_options
from vlmkit.frame.result import Result, cells_to_ask, review_columns, reviewed_rows
from vlmkit.prompts import compose_description, compose_questions
from vlmkit.records import Outcome
from vlmkit.views.reviewing import review

TEXT = compose_description("?", into="text")
STATUSES = ["accepted", "edited", "rejected", "flagged", "auto"]


def result_of(source, *outcomes, **options):
    parsed = check_options(options, TableOptions)
    result = Result(given_of(source, parsed), [TEXT], parsed)
    result.collect(iter(outcomes), Event())
    return result


def answers(*texts):
    return [Outcome(index=index, values={"text": text}) for index, text in enumerate(texts)]


def test_a_frame_gets_columns(photos):
    """Behind its own, on its index, in a new table."""
    frame = pd.DataFrame({"path": photos(2), "brand": ["x", None]}, index=["r", "r"])
    table = result_of(frame, *answers("a", "b")).frame()
    assert list(table) == ["path", "brand", "text", "text_error"]
    assert table.index.tolist() == ["r", "r"]
    assert list(frame) == ["path", "brand"]


def test_a_series_becomes_a_series(photos):
    """Named like the column, of the column's type, on the same index."""
    series = result_of(pd.Series(photos(2), index=[3, 1], name="file"), *answers("a", "b")).frame()
    pd.testing.assert_series_equal(series, pd.Series(["a", "b"], index=[3, 1], name="text", dtype="string"))


def test_a_folder_gets_the_columns_of_its_pictures_first(photos):
    """As read_images has them; of a run that was stopped, pictures that nobody opened have none."""
    photos(2)
    whole = result_of("photos", *answers("a", "b")).frame()
    assert list(whole)[-3:] == ["error", "text", "text_error"]
    assert whole["width"].tolist() == [10, 11]
    parsed = check_options({}, TableOptions)
    stopped, stop = Result(given_of("photos", parsed), [TEXT], parsed), Event()
    stop.set()
    stopped.collect(iter(answers("a")), stop)
    assert stopped.frame()["width"].isna().all()
    assert stopped.frame()["text"].isna().tolist() == [False, True]


def test_room_is_checked_for_every_new_column(photos):
    """The error column counts, too, and so do columns of a folder that are read later."""
    frame = pd.DataFrame({"path": photos(1), "text_error": [1]})
    with pytest.raises(SetupError, match="'text_error' is there already"):
        result_of(frame)
    assert result_of(frame, overwrite=True).asked == range(1)
    parsed = check_options({}, TableOptions)
    with pytest.raises(SetupError, match="'width' is there already"):
        Result(given_of("photos", parsed), [compose_description("?", into="width")], parsed)


@pytest.fixture
def model(backend):
    """Writes "old" while pictures are captioned first, "new" afterwards."""
    said = {"word": "old"}
    model = backend(replies=lambda ask: f"{said['word']} {ask.pictures[0].width}")
    model.said = said
    return model


@pytest.fixture
def reviewed(photos, model):
    """Five captions, of which a person accepted, edited, rejected and flagged one each; later answers are new ones."""
    looked = review(vk.caption(photos(5), model=model, store=False), "caption", store=False)
    looked.accept(0)
    looked.edit(1, "by hand")
    looked.reject(2)
    looked.flag(3)
    model.said["word"] = "new"
    model.asks.clear()
    return looked.frame


def quietly(**options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return vk.caption(**options, store=False)


@pytest.mark.parametrize("overwrite", [True, "unreviewed"])
def test_reviewed_rows_are_left_alone(reviewed, model, overwrite):
    """Text, status and the model's own words stay; only the row that nobody looked at is asked."""
    again = quietly(source=reviewed, model=model, overwrite=overwrite)
    assert len(model.asks) == 1
    assert again["caption"].tolist() == [*reviewed["caption"].tolist()[:4], "new 14"]
    assert again["caption_status"].tolist() == STATUSES
    assert again["caption_original"].tolist() == [*reviewed["caption_original"].tolist()[:4], "new 14"]
    assert again.vlm.accepted()["caption"].tolist() == ["old 10", "by hand"]
    assert again["caption"].dtype == reviewed["caption"].dtype == again["caption_original"].dtype
    assert again["caption_status"].dtype == reviewed["caption_status"].dtype


def test_true_says_what_it_leaves_alone(reviewed, model):
    """Somebody who asked for all rows hears that not all were asked; who said "unreviewed" knows."""
    with pytest.warns(UserWarning, match="4 of 5 rows were reviewed by a person and are left alone") as heard:
        vk.caption(reviewed, model=model, store=False, overwrite=True)
    assert heard[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vk.caption(reviewed, model=model, store=False, overwrite="unreviewed")


def test_all_replaces_a_persons_words_and_counts_them(reviewed, model):
    """Every row is the new model's, with nobody's approval; the warning says how many texts were written by hand."""
    with pytest.warns(UserWarning, match=r"overwrite='all' replaces 1 text\(s\) or value\(s\) that a person wrote"):
        again = vk.caption(reviewed, model=model, store=False, overwrite="all")
    assert again["caption"].tolist() == again["caption_original"].tolist() == [f"new {10 + row}" for row in range(5)]
    assert again["caption_status"].tolist() == ["auto"] * 5
    assert len(again.vlm.accepted()) == 0


def test_the_next_review_begins_with_the_present_text(reviewed, model):
    """Not with the words of the model before."""
    again = quietly(source=reviewed, model=model, overwrite="all")
    looked = review(again, "caption", store=False)
    assert [looked.value(row) for row in range(5)] == again["caption"].tolist()
    looked.edit(0, "by hand, later")
    assert looked.frame["caption_original"].tolist()[0] == "new 10"
    assert looked.frame["caption_status"].tolist() == ["edited", *["auto"] * 4]


def test_a_text_that_changed_elsewhere_is_where_a_review_begins(reviewed):
    """Also where it was not a verb that changed it, nor any review."""
    changed = reviewed.assign(caption=[*reviewed["caption"].tolist()[:4], "from a file"])
    looked = review(changed, "caption", store=False)
    assert looked.value(4) == "from a file"
    assert looked.value(1) == "by hand"
    assert looked.field("caption").original(1) == "old 11"
    assert looked.frame["caption"].tolist() == changed["caption"].tolist()


@pytest.mark.parametrize("overwrite", ["errors", "missing"])
def test_a_caption_written_where_the_model_failed_stays(photos, backend, overwrite):
    """The error column still names the fault; the text is a person's all the same."""
    answers = {10: ["fine"], 11: [TimedOut("a"), "machine"], 12: [TimedOut("b"), "machine"]}
    model = backend(replies=lambda ask: answers[ask.pictures[0].width].pop(0))
    failed = vk.caption(photos(3), model=model, store=False, max_retries=0, timeout_s=None)
    looked = review(failed, "caption", store=False)
    looked.edit(1, "by hand")
    healed = vk.caption(looked.frame, model=model, store=False, overwrite=overwrite)
    assert healed["caption"].tolist() == ["fine", "by hand", "machine"]
    assert healed["caption_status"].tolist() == ["auto", "edited", "auto"]


def test_an_emptied_cell_is_a_persons_word_too(reviewed, model):
    """Somebody took the text away on purpose."""
    looked = review(reviewed, "caption", store=False)
    looked.edit(4, None)
    again = vk.caption(looked.frame, model=model, store=False, overwrite="missing")
    assert again["caption"].isna().tolist() == [False] * 4 + [True]
    assert not model.asks


def test_one_reviewed_value_keeps_its_row(photos, backend):
    """Values of one answer belong together: a row is asked whole or not at all."""
    counts = iter(range(1, 100))
    model = backend(replies=lambda ask: f'{{"n": {next(counts)}, "mood": "calm"}}')
    options = {"schema": "n int, mood: calm|wild", "model": model, "store": False}
    table = vk.describe(photos(3), **options)
    looked = review(table, "mood", store=False)
    looked.edit(1, "wild")
    again = vk.describe(looked.frame, overwrite="unreviewed", **options)
    assert again["mood"].tolist() == ["calm", "wild", "calm"]
    assert again["n"].iloc[1] == table["n"].iloc[1]
    assert (again["n"].iloc[[0, 2]] > 3).all()


def test_a_column_of_another_meaning_plays_no_part(photos, backend):
    """Not everything that is called a status is a review's."""
    table = pd.DataFrame({"path": photos(2), "caption": ["a", "b"], "caption_status": ["draft", "final"]})
    again = vk.caption(table, model=backend(replies="c"), store=False, overwrite=True)
    assert again["caption"].tolist() == ["c", "c"]
    assert again["caption_status"].tolist() == ["draft", "final"]


def test_two_columns_of_statuses_are_refused(reviewed, model):
    """Nobody could say which one counts."""
    twice = pd.concat([reviewed, reviewed[["caption_status"]]], axis=1)
    with pytest.raises(SetupError, match="2 columns are called 'caption_status'"):
        vk.caption(twice, model=model, store=False, overwrite=True)


def test_statuses_count_only_beside_their_values():
    """A status without its value, or of another column, keeps no row."""
    table = pd.DataFrame({"a": ["x", "y"], "a_status": ["edited", None], "b_status": ["edited", "edited"]})
    assert reviewed_rows(table, ["a", "b"]).tolist() == [True, False]
    assert reviewed_rows(table, ["b"]).tolist() == [False, False]


def test_originals_of_another_type_are_kept_as_they_are():
    """A column that held numbers, of which a kept row still has one."""
    table = pd.DataFrame(
        {"a": ["x", "y"], "a_status": ["edited", "auto"], "a_original": pd.array([3, 4], dtype="Int64")},
    )
    columns = Columns(compose_questions({"a": "?"}), 2)
    columns.parts[0].asked = [1]
    renewed = review_columns(table, columns, {"a": pd.array(["x", "new"], dtype="string")})
    assert renewed["a_original"].tolist() == [3, "new"]
    assert renewed["a_status"].tolist() == ["edited", "auto"]


def test_a_table_without_reviews_gets_no_new_columns():
    """Nothing but what was asked for."""
    columns = Columns([compose_description("?", into="a")], 1)
    assert review_columns(pd.DataFrame({"a": ["x"]}), columns, {"a": pd.array(["y"], dtype="string")}) == {}


@pytest.mark.core_model
def test_a_real_model_leaves_a_persons_caption(reviewed):
    """The same through the bundled model, in the background, as a notebook does it."""
    with pytest.warns(UserWarning, match="4 of 5 rows were reviewed"):
        run = vk.caption(reviewed, model="tiny", store=False, overwrite=True, background=True, progress=False)
    again = run.wait()
    assert again["caption"].tolist()[:4] == reviewed["caption"].tolist()[:4]
    assert again["caption"].iloc[4] not in (None, "old 14")
    assert again["caption_status"].tolist() == STATUSES


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
