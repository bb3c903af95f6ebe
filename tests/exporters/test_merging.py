"""What people changed in files, back in the table."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import merge_edits, read_dataset, to_imagefolder, to_parquet, to_sidecars, to_webdataset


def test_edits_in_sidecars_come_back(captions, photos):
    """By path, with nothing else touched; a second merge changes nothing more."""
    captions = captions.assign(caption=["two\nlines {a}", *captions["caption"][1:]], score=range(5))
    to_sidecars(captions, wildcards=True)
    (photos / "sub" / "b.txt").write_text("by hand", encoding="utf-8")
    merged = captions.vlm.merge_edits(photos)
    assert merged["caption"].tolist() == [captions["caption"][0], "by hand", *captions["caption"][2:]]
    assert merged["caption_status"].tolist() == ["auto", "edited", "auto", "auto", "auto"]
    assert merged["caption_original"].tolist()[1] == "caption of sub/b.png"
    assert merged["score"].tolist() == [0, 1, 2, 3, 4]
    assert list(captions.columns) == ["path", "caption", "caption_error", "score"]
    (photos / "sub" / "b.txt").write_text("by hand again", encoding="utf-8")
    again = merged.vlm.merge_edits(photos)
    assert (again["caption"][1], again["caption_original"][1]) == ("by hand again", "caption of sub/b.png")
    pd.testing.assert_frame_equal(again.vlm.merge_edits(photos), again)


def test_a_review_goes_on_from_there(captions, photos):
    """The columns are those of a review: it knows what was edited, and what the model had said everywhere."""
    to_sidecars(captions)
    (photos / "a.txt").write_text("by hand", encoding="utf-8")
    merged = merge_edits(captions, photos)
    review = merged.vlm.review("caption")
    pd.testing.assert_frame_equal(review.frame[merged.columns], merged)
    (photos / "a.txt").write_text("caption of a.jpg", encoding="utf-8")
    assert merge_edits(merged, photos)["caption_status"].tolist()[0] == "accepted"  # back to what the model said


def test_tags_behind_a_text_are_no_edit(captions, photos):
    """What the export added is taken off before texts are compared."""
    frame = captions.assign(tags=[["a", "b"]] * 5)
    to_sidecars(frame, column="caption", tags="tags")
    (photos / "a.txt").write_text("by hand, a, b", encoding="utf-8")
    merged = merge_edits(frame, photos, tags="tags")
    assert merged["caption"].tolist() == ["by hand", *captions["caption"][1:]]


def test_moved_pictures_are_known_by_their_digest(captions):
    """Where both tables have it; a path that fits goes first."""
    frame = captions.assign(digest=[f"d{i}" for i in range(5)])
    edited = pd.DataFrame({"path": ["/moved/x.jpg", frame["path"][1]], "digest": ["d0", "d4"], "text": ["one", "two"]})
    merged = merge_edits(frame, edited)
    assert merged["caption"].tolist()[:2] == ["one", "two"]
    assert merged["caption"][4] == "two"


def test_copies_are_known_by_their_bytes(captions, photos, tmp_path, picture_files):
    """A data set of copies, edited where it lies, without a column of digests: files tell."""
    to_imagefolder(captions, tmp_path / "set", root=photos)
    metadata = tmp_path / "set" / "metadata.jsonl"
    metadata.write_text(metadata.read_text(encoding="utf-8").replace("caption of a.jpg", "by hand"), encoding="utf-8")
    merged = merge_edits(captions, tmp_path / "set")
    assert merged["caption"].tolist() == ["by hand", *captions["caption"][1:]]
    to_parquet(captions.assign(caption=merged["caption"]), tmp_path / "set.parquet")
    assert merge_edits(captions, tmp_path / "set.parquet")["caption"].tolist() == merged["caption"].tolist()


def test_reencoded_copies_are_known_by_their_column(captions, photos, tmp_path):
    """Shards hold JPEGs of PNGs: the digest of the table goes with them."""
    frame = captions.vlm.read_images()
    to_webdataset(frame.assign(caption=["by hand", "x", *captions["caption"][2:]]), tmp_path / "set", column="caption")
    merged = merge_edits(frame, tmp_path / "set", column="caption")
    assert merged["caption"].tolist() == ["by hand", "x", *captions["caption"][2:]]


def test_statuses_that_are_there_stay(captions):
    """A review before the merge is not forgotten."""
    frame = captions.assign(caption_status=pd.Categorical(["accepted", "rejected", "auto", "auto", "flagged"]))
    edited = captions.assign(caption=[*captions["caption"][:4], "new"])
    assert merge_edits(frame, edited)["caption_status"].tolist() == ["accepted", "rejected", "auto", "auto", "edited"]


def test_what_an_agent_suggested_is_never_a_persons(captions):
    """It keeps its status, takes nothing from a person, and taken back leaves what the model had said."""
    reviewed = captions.assign(caption_status=["auto", "accepted", "auto", "auto", "auto"])
    statuses = ["suggested", "suggested", "auto", "auto", "auto"]
    theirs = captions.assign(caption=["new", "other", *captions["caption"][2:]], caption_status=statuses)
    merged = merge_edits(reviewed, theirs)
    assert merged["caption"].tolist() == ["new", *captions["caption"][1:]]
    assert merged["caption_original"].tolist() == captions["caption"].tolist()
    assert merged["caption_status"].tolist() == ["suggested", "accepted", "auto", "auto", "auto"]
    back = merge_edits(merged, captions.assign(caption_status="auto"))
    assert back["caption_status"].tolist() == ["auto", "accepted", "auto", "auto", "auto"]
    assert back["caption"].tolist() == captions["caption"].tolist()


def test_missing_texts_are_no_edits(captions):
    """An emptied one is: a person may want no text."""
    edited = captions.assign(caption=[None, "", *captions["caption"][2:]])
    merged = merge_edits(captions, edited)
    assert merged["caption"].tolist()[:2] == [captions["caption"][0], ""]
    assert merged["caption_status"].tolist()[:2] == ["auto", "edited"]


def test_categories_take_new_words(captions):
    """A column of choices learns a word a person wrote."""
    frame = captions.assign(caption=pd.Categorical(["cat", "dog", "dog", None, "cat"]))
    merged = merge_edits(frame, captions.assign(caption=["fox", "dog", "dog", "dog", "cat"]))
    assert merged["caption"].tolist() == ["fox", "dog", "dog", "dog", "cat"]
    assert merged["caption"].cat.categories.tolist() == ["cat", "dog", "fox"]


def test_what_does_not_fit_is_an_error(captions):
    """Two texts for one picture, other pictures, no texts: nothing is guessed."""
    twice = pd.concat([captions, captions.head(1).assign(caption="other")])
    with pytest.raises(SetupError, match="two different texts"):
        merge_edits(captions, twice)
    with pytest.raises(SetupError, match="no row of the table"):
        merge_edits(captions, captions.assign(path="/elsewhere/x.jpg").head(1))
    with pytest.raises(SetupError, match="has no column 'caption', 'caption' or 'text'"):
        merge_edits(captions, captions.drop(columns="caption"))


def test_lenient_readers_take_no_text_away(captions, photos):
    """A file that cannot be read is not an edit, nor is one that Windows saved; an edit beside them is taken over."""
    to_sidecars(captions)
    (photos / "a.txt").write_bytes(b"caf\xe9")
    (photos / "sub" / "b.txt").write_bytes(b"caption of sub/b.png\r\n")
    (photos / "turned.txt").write_bytes("by hand\r\n".encode("utf-16"))
    with pytest.warns(UserWarning, match="1 text file, read as utf-16.*1 cell"):
        merged = merge_edits(captions, photos)
    assert merged["caption"].tolist() == [*captions["caption"][:3], "by hand", captions["caption"][4]]
    assert merged["caption_status"].tolist() == ["auto", "auto", "auto", "edited", "auto"]


def test_paths_of_a_mac_are_the_same(captions):
    """Either Unicode form of a name names one picture."""
    frame = captions.assign(path=["/x/Mu\u0308ller.jpg", *captions["path"][1:]])
    edited = frame.assign(
        path=["/x/M\u00fcller.jpg", *captions["path"][1:]], caption=["by hand", *captions["caption"][1:]]
    )
    assert merge_edits(frame, edited)["caption"].tolist()[0] == "by hand"


def test_flags_without_a_text_are_taken_over(captions):
    """A person who skipped a picture said something; the text stays."""
    edited = captions.assign(caption=None, caption_status=["flagged", "auto", "edited", "rejected", None])
    merged = merge_edits(captions, edited)
    assert merged["caption_status"].tolist() == ["flagged", "auto", "auto", "rejected", "auto"]
    assert merged["caption"].tolist() == captions["caption"].tolist()


@pytest.mark.parametrize(
    ("cells", "written", "after"),
    [
        ([["a", "b"], ["c"]], ["a, b", "c, d"], [["a", "b"], ["c", "d"]]),
        (pd.array([1, None], dtype="Int64"), ["1", "2"], [1, 2]),
        ([0.5, 1.5], ["0.5", "2.5"], [0.5, 2.5]),
        (pd.array([True, False], dtype="boolean"), ["true", "yes"], [True, True]),
        ([dt.time(14, 30), dt.time(9)], ["14:30:00", "10:00"], [dt.time(14, 30), dt.time(10)]),
        ([Decimal("1.50"), Decimal(2)], ["1.5", "2.50"], [Decimal("1.50"), Decimal("2.50")]),
    ],
    ids=["lists", "whole numbers", "numbers", "truths", "times", "decimals"],
)
def test_values_keep_their_type(captions, cells, written, after):
    """What a file holds as a text is compared, and taken over, as what the column holds."""
    frame = captions.head(2).assign(it=cells)
    merged = merge_edits(frame, captions.head(2).assign(it=written), column="it")
    assert merged["it"].tolist() == after
    assert merged["it_status"].tolist() == ["auto", "edited"]
    assert merged["it_original"].dropna().tolist() == [value for value in frame["it"].tolist() if value is not pd.NA]


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_times_and_decimals_come_back(name, captions, tmp_path):
    """Files have them digit for digit, as texts."""
    values = {"price": ["12.50", "0.10", "1E+2", "3", None], "opens": ["14:30", "08:00:30", None, "00:00", "23:59:59"]}
    prices = [pd.NA if text is None else Decimal(text) for text in values["price"]]
    times = [pd.NA if text is None else dt.time.fromisoformat(text) for text in values["opens"]]
    frame = captions.assign(price=pd.Series(prices, dtype=object), opens=pd.Series(times, dtype=object))
    getattr(frame.vlm, f"to_{name}")(tmp_path / f"set.{name}", columns=["price", "opens"])
    back = read_dataset(tmp_path / f"set.{name}")
    assert back["price"].dropna().tolist() == ["12.50", "0.10", "100", "3"]
    assert back["opens"].dropna().tolist() == ["14:30:00", "08:00:30", "00:00:00", "23:59:59"]
