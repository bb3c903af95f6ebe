"""A folder of pictures with metadata."""

import json

import pandas as pd
import pytest
from making_pictures import corners, encoded

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import read_dataset, to_imagefolder


def lines(folder):
    return [json.loads(line) for line in (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]


def test_in_place_no_picture_is_touched(photos, captions, picture_files):
    """A folder of pictures becomes a data set by one file; original bytes stay."""
    to_imagefolder(captions, photos)
    assert [line["file_name"] for line in lines(photos)] == list(picture_files)
    assert {name: (photos / name).read_bytes() for name in picture_files} == picture_files
    assert len(list(photos.rglob("*.jpg"))) == 3


def test_splits_and_classes_are_columns(tmp_path, picture_files):
    """A metadata file in each split, or none and a folder for each class; backups are passed over."""
    for name in ("train/a.jpg", "validation/sub/b.jpg", "classes/train/cat/c.jpg", "classes/val/dog/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(picture_files["a.jpg"])
    (tmp_path / "train" / "metadata.jsonl").write_text('{"file_name": "a.jpg", "text": "one"}\n{half\n')
    (tmp_path / "validation" / "metadata.csv").write_text("file_name,text\nsub/b.jpg,two\n")
    (tmp_path / ".vlmkit-backups").mkdir()
    (tmp_path / ".vlmkit-backups" / "metadata.jsonl").write_text('{"file_name": "a.jpg", "text": "old"}\n')
    with pytest.warns(UserWarning, match=r"1 of 3 records are left out: train/metadata\.jsonl, line 2 \(not JSON"):
        table = read_dataset(tmp_path)
    assert table[["text", "split"]].to_numpy().tolist() == [["one", "train"], ["two", "validation"]]
    assert table["path"].tolist() == [str(tmp_path / "train" / "a.jpg"), str(tmp_path / "validation" / "sub" / "b.jpg")]
    table = read_dataset(tmp_path / "classes")
    assert table[["label", "split"]].to_numpy().tolist() == [["cat", "train"], ["dog", "validation"]]


def test_one_file_for_all_splits(tmp_path, picture_files):
    """The split is where the picture is; rows that name none, or one outside, are told."""
    (tmp_path / "set" / "test").mkdir(parents=True)
    (tmp_path / "set" / "test" / "a.jpg").write_bytes(picture_files["a.jpg"])
    rows = [{"file_name": "test/a.jpg"}, {"file_name": "../x.jpg"}, {"text": "z"}]
    (tmp_path / "set" / "metadata.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    with pytest.warns(UserWarning, match="2 of 3 records are left out: .*leads out"):
        assert read_dataset(tmp_path / "set")["split"].tolist() == ["test"]


def test_a_file_that_is_no_picture_is_left_out(photos, captions, tmp_path):
    """One bad file does not end an export, nor get a row that no reader can open."""
    (photos / "a.jpg").write_bytes(b"no picture")
    with pytest.warns(UserWarning, match="1 of 5 rows are left out; the first: UnreadableImage"):
        account = to_imagefolder(captions, tmp_path / "set")
    assert account["reason"].dropna().tolist()[0].startswith("UnreadableImage: ")
    assert len(lines(tmp_path / "set")) == 4


def test_names_that_would_clash_get_a_number(tmp_path):
    """From two folders outside the root, and in letters that a Mac takes for the same."""
    for name in ("one/a.jpg", "two/A.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(encoded(corners((30 + len(name), 20)), "JPEG"))
    (tmp_path / "root").mkdir()
    frame = pd.DataFrame({"path": [str(tmp_path / "one/a.jpg"), str(tmp_path / "two/A.jpg")], "caption": ["x", "y"]})
    to_imagefolder(frame, tmp_path / "set", root=tmp_path / "root")
    assert [line["file_name"] for line in lines(tmp_path / "set")] == ["a.jpg", "A-2.jpg"]


def test_another_picture_of_the_same_name_stays(photos, captions, tmp_path, picture_files):
    """Refused, given a name beside it, or replaced with a copy kept: as told."""
    target = tmp_path / "set"
    (target / "photos").mkdir(parents=True)
    other = encoded(corners(), "JPEG")
    (target / "a.jpg").write_bytes(other)
    options = {"root": photos}
    with pytest.raises(SetupError, match="another picture is there"):
        to_imagefolder(captions, target, **options)
    to_imagefolder(captions, target, if_exists="append", **options)
    assert next(line["file_name"] for line in lines(target)) == "a-2.jpg"
    assert (target / "a.jpg").read_bytes() == other
    to_imagefolder(captions, target, if_exists="overwrite", **options)
    assert (target / "a.jpg").read_bytes() == picture_files["a.jpg"]
    assert other in [path.read_bytes() for path in target.rglob("*.jpg")]


def test_a_second_run_adds_what_is_new_only(photos, captions, tmp_path):
    """Appending twice is appending once."""
    to_imagefolder(captions.head(2), tmp_path / "set")
    for _ in range(2):
        to_imagefolder(captions, tmp_path / "set", if_exists="append")
    assert read_dataset(tmp_path / "set")["caption"].tolist() == captions["caption"].tolist()
    assert len([path for path in (tmp_path / "set").rglob("*") if path.suffix in {".jpg", ".png", ".webp"}]) == 5


def test_a_link_in_the_folder_leads_nowhere(captions, tmp_path, photos):
    """What is written below a name stays below the folder."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupError, match="leads out of"):
        to_imagefolder(captions, tmp_path / "set", root=photos)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_arguments_are_checked(captions, tmp_path):
    """One kind of metadata; a name for the texts that is free."""
    to_imagefolder(captions, tmp_path / "set")
    with pytest.raises(SetupError, match="one kind of metadata"):
        to_imagefolder(captions, tmp_path / "set", metadata="csv", if_exists="overwrite")
    with pytest.raises(BadSetting, match="free name"):
        to_imagefolder(captions, tmp_path / "other", text_name="caption_error")
    with pytest.raises(BadSetting, match="'parquet'"):
        to_imagefolder(captions, tmp_path / "other", metadata="json")
    assert not (tmp_path / "other").exists()
