"""Kohya's metadata JSON."""

import json

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import read_dataset, to_kohya


def test_captions_and_tags_by_name(captions, tmp_path, photos):
    """Names relative to the pictures' folder; lines are captions of their own."""
    frame = captions.assign(tags=[["a", "b"], [], None, ["c"], ["d"]])
    frame.loc[0, "caption"] = "one\ntwo"
    to_kohya(frame, tmp_path / "set.json", column="caption", tags="tags", root=photos)
    content = json.loads((tmp_path / "set.json").read_text(encoding="utf-8"))
    assert content["a.jpg"] == {"caption": "one\ntwo", "tags": "a, b"}
    assert content["sub/b.png"] == {"caption": "caption of sub/b.png"}
    back = read_dataset(tmp_path / "set.json", root=photos)
    assert back["path"].tolist() == captions["path"].tolist()
    assert back["tags"].tolist() == [["a", "b"], None, None, ["c"], ["d"]]


def test_every_name_is_a_file_of_the_folder(captions, photos, tmp_path):
    """As sd-scripts from v0.10 on joins them; pictures of one stem keep apart, and whole paths are files, too."""
    (photos / "a.png").write_bytes((photos / "sub" / "b.png").read_bytes())
    captions.loc[1, "path"] = str(photos / "a.png")
    to_kohya(captions, tmp_path / "set.json", root=photos)
    names = json.loads((tmp_path / "set.json").read_text(encoding="utf-8"))
    assert [(photos / name).is_file() for name in names] == [True] * 5
    assert read_dataset(tmp_path / "set.json", root=photos)["path"].tolist() == captions["path"].tolist()
    to_kohya(captions, photos / "whole.json", full_path=True)
    assert read_dataset(photos / "whole.json")["path"].tolist() == captions["path"].tolist()


def test_braces_can_mean_themselves(captions, photos):
    """For `enable_wildcard`; they are not an edit when they come back."""
    captions.loc[0, "caption"] = "a {red|blue} dog"
    to_kohya(captions, photos / "set.json", wildcards=True)
    assert json.loads((photos / "set.json").read_text(encoding="utf-8"))["a.jpg"]["caption"] == "a {{red|blue}} dog"
    assert (captions.vlm.merge_edits(photos / "set.json")["caption_status"] == "auto").all()


def test_what_older_scripts_wrote_is_read(captions, photos):
    """Names without ending; an entry that is none is left out, and one whose picture is gone is told."""
    content = {"a": {"caption": ["one", "two"]}, "sub/b": {"tags": ["x", "y"]}, "c": "text", "gone": {"caption": "z"}}
    (photos / "set.json").write_text(json.dumps(content))
    with pytest.warns(UserWarning, match=r"1 of 4 records.*'c' is not an object.*1 picture, not where.*gone"):
        back = read_dataset(photos / "set.json")
    assert back["path"].tolist() == [str(photos / name) for name in ("a.jpg", "sub/b.png", "gone")]
    assert back["caption"].tolist()[0] == "one\ntwo"
    assert back["tags"].tolist()[1] == ["x", "y"]
    (photos / "whole.json").write_text(json.dumps({str(photos / "sub" / "b"): {"caption": "z"}}))
    assert read_dataset(photos / "whole.json")["path"].tolist() == [str(photos / "sub" / "b.png")]


def test_what_is_no_metadata_is_refused(tmp_path):
    """Captions alone are not the format, nor is a table that pandas wrote."""
    (tmp_path / "columns.json").write_text('{"path": {"0": "a.jpg"}, "caption": {"0": "x"}}')
    with pytest.raises(SetupError, match="'path' is not an object with caption and tags"):
        read_dataset(tmp_path / "columns.json")
    (tmp_path / "set.json").write_text('{"a": "caption"}')
    with pytest.raises(SetupError, match="'a' is not an object with caption and tags"):
        read_dataset(tmp_path / "set.json")
