"""What a person wrote outlives the next run, unless the call says otherwise; and what was replaced is the model's."""

import warnings

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.errors import SetupError, TimedOut
from vlmkit.frame.columns import Columns
from vlmkit.frame.review_state import review_columns, reviewed_rows
from vlmkit.prompts import compose_description, compose_questions
from vlmkit.views.review import review

STATUSES = ["accepted", "edited", "rejected", "flagged", "auto"]


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
