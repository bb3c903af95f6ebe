"""A review: every word is kept at once, found again, taken back, and shows in the table."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError, StoreFault
from vlmkit.frame import STATUSES, ReviewedField
from vlmkit.views.reviewing import review


@pytest.fixture
def table(photos):
    """Five captioned pictures, of which the last has an error instead."""
    return pd.DataFrame(
        {
            "path": pd.array(photos(5), dtype="string"),
            "caption": pd.array(["a cat", "a dog", "a bird", "two cats", None], dtype="string"),
            "caption_error": pd.array([None] * 4 + ["Refused: no"], dtype="string"),
            "caption_confidence": pd.array([0.9, 0.2, None, 0.5, None], dtype="Float64"),
            "count": pd.array([1, 1, 1, 2, None], dtype="Int64"),
            "tags": [["cat", "indoor"], ["dog"], ["bird", "outdoor"], ["cat"], None],
            "mood": pd.Categorical(["calm", "wild", "calm", "calm", None], categories=["calm", "wild"]),
        },
        index=[10, 11, 12, 12, 14],
    )


@pytest.fixture
def store(tmp_path):
    """A file that is not there yet."""
    return tmp_path / "edits.sqlite"


def test_what_a_person_says_shows_in_the_table(table, store):
    """Value, status and the model's own words, in honest types, row by row; the table given is not changed."""
    before = table.copy(deep=True)
    looked = table.vlm.review("caption", store=store)
    looked.accept(0)
    looked.edit(1, "a wolf")
    looked.reject(2)
    looked.flag(3)
    frame = looked.frame
    assert frame["caption"].tolist()[:4] == ["a cat", "a wolf", "a bird", "two cats"]
    assert frame["caption_original"].tolist()[:4] == ["a cat", "a dog", "a bird", "two cats"]
    assert frame["caption_status"].tolist() == ["accepted", "edited", "rejected", "flagged", "auto"]
    assert frame["caption_status"].cat.categories.tolist() == list(STATUSES)
    assert frame["caption"].dtype == table["caption"].dtype
    assert frame.index.equals(table.index)
    pd.testing.assert_frame_equal(table, before)
    assert looked.counts() == {status: status != "suggested" for status in STATUSES}
    assert repr(looked) == "Review(caption: 5 rows; 1 auto, 1 accepted, 1 edited, 1 rejected, 1 flagged)"


def test_a_suggestion_that_is_rejected_leaves_the_models_word(table, store):
    """An agent's is none that a person has to agree to; undone, it stands there again, and a file keeps each step."""
    field = ReviewedField(table, "caption")
    for row, text in enumerate(("a kitten", "a wolf")):
        field.set(row, field.suggested(row, text))
    suggested = table.assign(**field.columns())
    looked = review(suggested, "caption", store=store)
    assert repr(looked) == "Review(caption: 5 rows; 3 auto, 2 suggested)"
    looked.accept(0)
    looked.reject(1)
    assert looked.frame["caption_status"].tolist() == ["edited", "auto", "auto", "auto", "auto"]
    assert looked.frame["caption"].tolist()[:2] == ["a kitten", "a dog"]
    looked.undo()
    assert looked.status(1) == "suggested"
    assert review(suggested, "caption", store=store).frame.equals(looked.frame)


def test_the_same_review_goes_on_where_it_was(table, store):
    """Reopened, moved files and all; another answer to the same picture begins anew."""
    first = review(table, "caption", "count", store=store)
    first.edit(0, "a kitten", "caption")
    first.edit(3, "3", "count")
    first.reject(1)
    first.undo()
    first.flag(2, "caption")
    assert review(table, "caption", "count", store=store).frame.equals(first.frame)

    Path("photos").rename("moved")
    read = vk.read_images("moved")
    moved = table.reset_index(drop=True).assign(path=read["path"], digest=read["digest"])
    again = review(moved, "caption", store=store)
    assert [again.status(row) for row in range(5)] == ["edited", "auto", "flagged", "auto", "auto"]

    other = review(moved.assign(caption="something else"), "caption", store=store)
    assert other.counts()["auto"] == 5


def test_edits_survive_a_killed_process(table, store):
    """They are on the disk when the method returns."""
    table.reset_index(drop=True).to_pickle("table.pickle")
    code = (
        "import sys, time, pandas as pd, vlmkit\n"
        "looked = pd.read_pickle('table.pickle').vlm.review('caption', store=sys.argv[1])\n"
        "looked.edit(1, 'a wolf')\n"
        "print('said', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(store)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "said\n"
        os.kill(process.pid, signal.SIGKILL)
    looked = review(table, "caption", store=store)
    assert looked.value(1) == "a wolf"
    assert looked.status(1) == "edited"


def test_a_reviewed_table_can_be_reviewed(table):
    """Its status columns say where the review goes on; the model's words stay the model's."""
    first = review(table, "caption", store=False)
    first.edit(0, "a kitten")
    first.accept(1)
    again = review(first.frame, "caption", store=False)
    assert again.frame.equals(first.frame)
    again.edit(0, "a cat")
    assert again.status(0) == "accepted"
    assert again.frame["caption_original"].iloc[0] == "a cat"


def test_typed_fields_stay_typed(table):
    """An edit is read as the column's type; the columns keep theirs."""
    looked = review(table, "count", "mood", "tags", store=False)
    looked.edit(0, "4", "count")
    looked.edit(1, "Calm", "mood")
    looked.edit(2, "red, blue", "tags")
    looked.edit(3, "", "count")
    frame = looked.frame
    assert frame["count"].dtype == "Int64"
    assert frame["count"].tolist() == [4, 1, 1, pd.NA, pd.NA]
    assert frame["mood"].cat.categories.tolist() == ["calm", "wild"]
    assert frame["mood"].tolist()[:2] == ["calm", "calm"]
    assert frame["tags"].iloc[2] == ["red", "blue"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("count", "many", "'count' takes a whole number, such as 3; 'many' is none"),
        ("mood", "sad", "'mood' takes one of 'calm', 'wild'; 'sad' is none"),
        ("caption", 3, "'caption' takes text; 3 is none"),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(table, field, value, message):
    """It is refused with what would fit."""
    looked = review(table, field, store=False)
    with pytest.raises(BadSetting, match=message):
        looked.edit(0, value)
    assert looked.counts()["auto"] == 5
    assert looked.undo() == []


def test_undo_takes_back_step_by_step(table, store):
    """A step may be about many rows; what it was before comes back, in the store, too."""
    looked = review(table, "caption", store=store)
    looked.edit(0, "a kitten")
    looked.accept(range(3))
    assert looked.status(0) == "edited"
    assert looked.undo() == [0, 1, 2]
    assert [looked.status(row) for row in range(3)] == ["edited", "auto", "auto"]
    assert looked.undo() == [0]
    assert looked.value(0) == "a cat"
    assert looked.undo() == []
    assert review(table, "caption", store=store).counts()["auto"] == 5


def test_rows_are_found(table):
    """By text, status, error and tag, together; an edit is found by its new words."""
    looked = review(table, "caption", store=False)
    looked.edit(1, "Grey WOLF")
    assert looked.select("wolf") == [1]
    assert looked.select("dog") == []
    assert looked.select("img3") == [3]
    assert looked.select(status="edited") == [1]
    assert looked.select(errors=True) == [4]
    assert looked.select(tag="cat") == [0, 3]
    assert looked.select("two", tag="cat", status="auto", errors=False) == [3]
    assert looked.tags[:2] == ["calm", "cat"]
    with pytest.raises(BadSetting, match="order is one of table, uncertainty"):
        looked.select(order="random")


def test_doubtful_rows_come_first(table):
    """Errors, then the least confident, then those of which nothing is known."""
    assert review(table, "caption", store=False).select(order="uncertainty") == [4, 1, 3, 0, 2]


def test_pictures_in_memory_are_known_by_their_content(store):
    """They have no place; after a restart the same pixels are the same picture."""

    def make():
        images = np.empty(2, dtype=object)
        images[:] = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
        return pd.DataFrame({"image": images, "caption": ["same", "same"]})

    looked = review(make(), "caption", store=store)
    looked.edit(1, "blue")
    again = review(make(), "caption", store=store)
    assert again.frame["caption"].tolist() == ["same", "blue"]


def test_a_store_that_cannot_be_written_changes_nothing(table, store, tmp_path):
    """The word is refused, and said again it is taken."""
    looked = review(table, "caption", store=store)
    looked.accept(0)
    store.write_bytes(b"not a database, and long enough to be seen as none" * 100)
    with pytest.raises(StoreFault):
        looked.reject(1)
    assert looked.status(1) == "auto"
    for path in tmp_path.glob("edits.sqlite*"):
        path.unlink()
    looked.reject(1)
    assert looked.status(1) == "rejected"


def test_many_threads_may_speak_at_once(table, store):
    """Every word counts, and the store agrees with the table."""
    looked = review(pd.concat([table] * 8), "caption", store=store)
    threads = [threading.Thread(target=looked.flag, args=(range(n, 40, 4),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert looked.counts()["flagged"] == 40
    assert review(table, "caption", store=store).counts()["flagged"] == 5


@pytest.mark.parametrize(
    ("fields", "message"),
    [((), "name the columns to review"), (("mod",), "no column 'mod'; the columns are 'path'")],
)
def test_a_review_says_what_it_needs(table, fields, message):
    """Before anything is opened."""
    with pytest.raises(SetupError, match=message):
        review(table, *fields)


@pytest.mark.parametrize("label", ["caption", "caption_status"])
def test_columns_that_are_there_twice_are_refused(table, label):
    """Neither of them is meant."""
    twice = pd.concat([table, table[["caption"]].rename(columns={"caption": label})] * 2, axis=1)
    with pytest.raises(SetupError, match=f"columns are called '{label}'; rename them"):
        review(twice.loc[:, ~twice.columns.duplicated() | (twice.columns == label)], "caption", image="path")


def test_rows_and_fields_are_checked(table):
    """Positions beyond the table and fields that are not under review are refused."""
    looked = review(table, "caption", "count", store=False)
    with pytest.raises(SetupError, match="there is no row 5; rows are positions from 0 to 4"):
        looked.accept([0, 5])
    with pytest.raises(SetupError, match="name one of caption, count"):
        looked.edit(0, "x")
    with pytest.raises(SetupError, match="'mood' is not under review; the fields are caption, count"):
        looked.accept(0, "mood")
    assert looked.counts()["auto"] == 10
