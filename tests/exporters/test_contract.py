"""What every format promises, whichever it is: round trips, nothing destroyed, nothing outside, all accounted for."""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest
from export_formats import FORMATS
from hypothesis import given, settings
from hypothesis import strategies as st
from making_pictures import encoded, noise

from vlmkit import exporters, read_images
from vlmkit.errors import SetupError
from vlmkit.exporters import merge_edits, read_dataset
from vlmkit.exporters.files import BACKUPS
from vlmkit.untrusted import for_terminal

NASTY = [
    'a "dog", with commas; {tags|here} {{twice}} \\ and tabs\tinside',
    "two\nlines\r\nand three",
    "🐕‍🦺 猫 \u202e right to left \u0301 and \u2028 separators",
    '=HYPERLINK("http://x")',
    "<image> and </script> & 'quotes' {}" + " very long" * 4000,
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60).filter(
    lambda text: text.strip() and any(letter.isprintable() and not letter.isspace() for letter in text)
)


@pytest.fixture(params=FORMATS, ids=lambda each: each.name)
def form(request):
    """One format."""
    return request.param


def snapshot(folder):
    """Every file and its content, but for backups."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and BACKUPS not in path.parts
    }


def backups(folder):
    return [path.read_bytes() for path in sorted(folder.rglob(f"{BACKUPS}/**/*")) if path.is_file()]


def test_texts_come_back_as_they_went(form, photos, tmp_path, table_of):
    """Line ends, commas, braces, other scripts, formulas and very long texts survive, or as the format documents."""
    form.write(table_of(photos, NASTY), tmp_path)
    back = form.texts(form.read(tmp_path))
    assert sorted(back) == sorted(form.held(text) for text in NASTY)


@settings(max_examples=12)
@given(texts=st.lists(TEXTS, min_size=5, max_size=5))
def test_any_text_comes_back(form, photos, tmp_path, table_of, texts):
    """Whatever a model writes is read back, picture by picture, and merging it changes nothing."""
    frame = table_of(photos, texts)
    form.write(frame, tmp_path, if_exists="overwrite", backup=False, card=False)
    back = form.read(tmp_path)
    assert sorted(form.texts(back)) == sorted(form.held(text) for text in texts)
    if "path" in back.columns and form.name not in {"imagefolder", "webdataset"}:
        merged = merge_edits(frame, back)
        assert merged["caption"].tolist() == texts
        assert (merged["caption_status"] == "auto").all()


def test_what_is_there_stays_unless_told(form, captions, tmp_path):
    """A second export with other texts is refused before anything changes; the message says what to pass."""
    form.write(captions, tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(SetupError, match="if_exists="):
        form.write(captions.assign(caption="other"), tmp_path)
    assert snapshot(tmp_path) == before


def test_skip_writes_only_what_is_missing(form, captions, tmp_path, photos):
    """Texts that are there stay, word for word; pictures without one get theirs."""
    form.write(captions.head(2), tmp_path)
    changed = captions.assign(caption=[f"new {i}" for i in range(5)])
    account = form.write(changed, tmp_path, if_exists="skip")
    assert form_texts(form, tmp_path) == [*captions["caption"][:2], "new 2", "new 3", "new 4"]
    assert account["action"].tolist().count("skip") == 2


def form_texts(form, folder):
    order = {text: text for text in form.texts(form.read(folder)) if text is not None}
    return sorted(order, key=lambda text: (text.startswith("new"), text))


def test_overwrite_keeps_a_copy(form, captions, tmp_path, photos):
    """What is replaced lies in the backup folder, byte for byte."""
    form.write(captions, tmp_path)
    old = form.file(tmp_path).read_bytes()
    account = form.write(captions.assign(caption="other words"), tmp_path, if_exists="overwrite")
    assert old in backups(tmp_path)
    assert set(form.texts(form.read(tmp_path))) == {"other words"}
    lines = account[account["action"] == "replace"].dropna(subset="before")
    assert sorted(lines["before"]) == sorted(captions["caption"])
    assert set(lines["after"]) == {"other words"}


def test_a_dry_run_tells_and_writes_nothing(form, captions, tmp_path):
    """The diff has what a real run would do; no file appears."""
    before = snapshot(tmp_path)
    plan = form.write(captions, tmp_path, dry_run=True)
    assert snapshot(tmp_path) == before
    done = form.write(captions, tmp_path)
    pd.testing.assert_frame_equal(plan, done)
    assert list(plan.columns) == ["path", "action", "before", "after", "reason"]
    conflicts = form.write(captions.assign(caption="other"), tmp_path, dry_run=True)
    assert (conflicts["action"] == "conflict").sum() == len(captions)


def leaves_out(form):
    """What warns of rows that are left out, where the format leaves any."""
    return (
        nullcontext() if form.keeps_all else pytest.warns(UserWarning, match="1 of 5 rows are left out; the first: T")
    )


def test_rows_that_failed_or_were_rejected_are_left_out(form, captions, tmp_path, photos):
    """Each such row is accounted for, with its reason; a dump of the whole table keeps them."""
    captions.loc[0, ["caption", "caption_error"]] = [pd.NA, "TimedOut: too late"]
    captions["caption_status"] = pd.Categorical(["auto", "rejected", "accepted", "edited", "auto"])
    with leaves_out(form):
        account = form.write(captions, tmp_path)
    texts = [text for text in form.texts(form.read(tmp_path)) if text is not None]
    left_out = account[account["action"] == "leave out"]
    if form.keeps_all:
        assert len(texts) == 4
        assert left_out.empty
    else:
        assert sorted(texts) == sorted(captions["caption"][2:])
        assert left_out["reason"].tolist() == ["TimedOut: too late", "rejected in the review."]


def test_the_index_plays_no_part(form, captions, tmp_path):
    """Labels that repeat, as after a concatenation, are not keys."""
    captions.loc[0, ["caption", "caption_error"]] = [pd.NA, "TimedOut: late"]
    captions["caption_status"] = "auto"
    captions.index = [7] * 5
    with leaves_out(form):
        form.write(captions, tmp_path)
    back = form.read(tmp_path)
    assert sorted(text for text in form.texts(back) if text is not None) == sorted(captions["caption"][1:])
    if form.beside:
        assert merge_edits(captions, back).index.tolist() == [7] * 5


def test_a_persons_edit_comes_back(form, captions, tmp_path, photos):
    """A text changed in the files is merged with its status and what it was; other cells stay as they were."""
    frame = captions.vlm.read_images().assign(other=range(5))
    form.write(frame, tmp_path, **({} if form.keeps_all and form.name != "label_studio" else {"column": "caption"}))
    edited = form.read(tmp_path)
    edited.loc[edited[text_column(edited)] == captions["caption"][1], text_column(edited)] = "by hand"
    merged = merge_edits(frame, edited, column="caption")
    assert merged["caption"].tolist() == [captions["caption"][0], "by hand", *captions["caption"][2:]]
    assert merged["caption_status"].tolist() == ["auto", "edited", "auto", "auto", "auto"]
    assert merged["caption_original"].tolist() == captions["caption"].tolist()
    pd.testing.assert_frame_equal(merged[frame.columns.drop("caption")], frame.drop(columns="caption"))


def text_column(frame):
    return "caption" if "caption" in frame.columns else "text"


def test_a_card_stands_beside_it(form, captions, tmp_path):
    """The card counts rows and names models; one that somebody else wrote is not touched."""
    captions["caption_model"] = "mlx:org/model"
    captions["caption_revision"] = "abc123"
    account = form.write(captions, tmp_path)
    (path,) = [path for path in account["path"] if path.endswith(".md")]
    card = Path(path)
    text = card.read_text(encoding="utf-8")
    assert "5 of 5 rows" in text
    assert "`mlx:org/model @ abc123`: 5 rows" in text
    card.write_text("# my own notes", encoding="utf-8")
    form.write(captions, tmp_path, if_exists="overwrite")
    assert card.read_text(encoding="utf-8") == "# my own notes"


def test_hostile_names_stay_inside(form, tmp_path):
    """Files called like ways out, devices or formulas are written, read back, and nothing appears elsewhere."""
    names = ["..%2F..%2Fout.jpg", "CON.jpg", "a:b.jpg", "-rf.jpg", "=cmd|x.jpg", "dot.", ".hidden.jpg", "x\ny.jpg"]
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, name in enumerate(names):
        (folder / name).write_bytes(encoded(noise((20 + i, 9), seed=i), "JPEG"))
    frame = pd.DataFrame({"path": [str(folder / name) for name in names], "caption": [f"c{i}" for i in range(8)]})
    place = tmp_path / "place"
    place.mkdir()
    if form.beside:
        shutil.copytree(folder, place / "photos")
        frame["path"] = [str(place / "photos" / name) for name in names]
        form.write(frame, place, root=place / "photos")
    else:
        form.write(frame, place)
    assert {path.name for path in tmp_path.iterdir()} == {"photos", "place"}
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    # A text file of a name that is not a picture's is told of.
    with pytest.warns(UserWarning, match="no picture has this name") if form.name == "sidecars" else nullcontext():
        texts = [text for text in form.texts(form.read(place, folder)) if text is not None]
    # Of pictures with something beside them, those that no folder lists are missing: hidden ones, or without an ending.
    assert len(texts) == (5 if form.beside else 8)


def test_files_of_texts_can_be_looked_at(form, photos, tmp_path, table_of):
    """Nothing in them steers a terminal or hides: escapes in JSON and XML, left out where a file is text alone."""
    evil = "a \x1b[31mred\x9b\u202e dog\u200b\U000e0041\ufeff\x00\u2028end"
    form.write(table_of(photos, [f"{evil} {i}" for i in range(5)]), tmp_path)
    if form.name in {"parquet", "webdataset"}:  # no files of text
        return
    text = form.file(tmp_path).read_bytes().decode()
    assert for_terminal(text, keep="\n\t") == text
    if form.name in {"jsonl", "imagefolder", "kohya", "coco", "llava", "messages", "label_studio"}:
        assert sorted(form.texts(form.read(tmp_path))) == [f"{evil} {i}" for i in range(5)]


@pytest.mark.parametrize("name", ["a\x1b[2J.jpg", "bad\udcff.jpg", "a\u202eb\n.jpg", "%41 \U000e0041.jpg", "=1.jpg"])
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_paths_come_back_whatever_their_name(form, name, tmp_path, monkeypatch):
    """The file is found by what was read; neither a terminal nor a reader of UTF-8 stumbles over what is written."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(encoded(noise((20, 9)), "JPEG"))
    frame = pd.DataFrame({"path": [name, "plain.jpg"], "caption": ["c", "d"]}, dtype=object)
    getattr(exporters, f"to_{form}")(frame, f"set.{form}")
    text = Path(f"set.{form}").read_text(encoding="utf-8")
    assert for_terminal(text, keep="\n") == text
    back = read_dataset(f"set.{form}")
    assert Path(back["path"][0]).absolute() == Path(name).absolute()
    assert back["path"][1] == "plain.jpg"
    assert read_images(back["path"].tolist())["error"].isna().tolist() == [True, False]
    assert (merge_edits(frame, back)["caption_status"] == "auto").all()


def test_a_file_of_something_else_is_no_data_set(form, tmp_path, captions):
    """What cannot be read raises a setup fault that names the file; beside a picture, it is an error of its row."""
    form.write(captions, tmp_path)
    if form.beside:
        form.file(tmp_path).write_bytes(b"caf\xe9 not UTF-8")
        with pytest.warns(UserWarning, match=f"1 cell.*{form.file(tmp_path).name}"):
            table = form.read(tmp_path)
        assert table["caption"].isna().sum() == table["caption_error"].notna().sum() == 1
        return
    form.file(tmp_path).write_bytes(b'{"half": ')
    with pytest.raises(SetupError, match=str(form.file(tmp_path).name)):
        form.read(tmp_path)


def test_names_that_lead_out_are_refused_when_read(tmp_path):
    """A data set from elsewhere cannot make a reader open files outside its folder."""
    from vlmkit.exporters import read_dataset

    for name in ("../secret.jpg", "/etc/passwd.jpg", "C:\\x.jpg", "a/../../x.jpg"):
        content = {"images": [{"id": 1, "file_name": name}], "annotations": [{"id": 1, "image_id": 1, "caption": "c"}]}
        (tmp_path / "set.json").write_text(json.dumps(content))
        with pytest.raises(SetupError, match="leads out"):
            read_dataset(tmp_path / "set.json")
