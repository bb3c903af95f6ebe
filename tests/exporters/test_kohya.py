"""Kohya's metadata JSON."""

import json

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters import read_dataset, to_kohya


def test_captions_and_tags_by_name(captions, tmp_path, photos):
    """Names without ending, relative to the pictures' folder; lines are captions of their own."""
    frame = captions.assign(tags=[["a", "b"], [], None, ["c"], ["d"]])
    frame.loc[0, "caption"] = "one\ntwo"
    to_kohya(frame, tmp_path / "set.json", column="caption", tags="tags", root=photos)
    content = json.loads((tmp_path / "set.json").read_text(encoding="utf-8"))
    assert content["a"] == {"caption": "one\ntwo", "tags": "a, b"}
    assert content["sub/b"] == {"caption": "caption of sub/b.png"}
    back = read_dataset(tmp_path / "set.json", root=photos)
    assert back["path"].tolist() == captions["path"].tolist()
    assert back["tags"].tolist() == [["a", "b"], None, None, ["c"], ["d"]]


def test_two_pictures_of_one_stem(captions, photos):
    """Names without ending cannot tell them apart; whole paths can."""
    (photos / "a.png").write_bytes((photos / "a.jpg").read_bytes())
    captions.loc[1, "path"] = str(photos / "a.png")
    account = to_kohya(captions, photos / "set.json")
    assert account["reason"].dropna().tolist() == [
        "another picture is called a, too; pass full_path=True, or rename one."
    ]
    to_kohya(captions, photos / "whole.json", full_path=True)
    assert read_dataset(photos / "whole.json")["path"].tolist() == captions["path"].tolist()


def test_what_is_no_metadata_is_refused(tmp_path):
    """Captions alone are not the format."""
    (tmp_path / "set.json").write_text('{"a": "caption"}')
    with pytest.raises(SetupError, match="'a' is no object with caption and tags"):
        read_dataset(tmp_path / "set.json")
