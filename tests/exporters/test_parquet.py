"""Parquet with pictures inside."""

import sys

import pytest
from making_pictures import corners
from package_tree import ROOT

import vlmkit as vk
from vlmkit.errors import MissingExtra
from vlmkit.exporters import read_dataset, to_parquet


def test_what_is_read_can_be_asked_about(captions, tmp_path, picture_files):
    """The column of pictures goes into every verb; without them there are names."""
    to_parquet(captions, tmp_path / "set.parquet")
    back = read_dataset(tmp_path / "set.parquet")
    assert [picture["bytes"] for picture in back["image"]] == list(picture_files.values())
    assert vk.read_images(back)["width"].tolist() == [20, 21, 22, 23, 24]
    names = read_dataset(tmp_path / "set.parquet", pictures=False)
    assert [path.removeprefix("photos/") for path in names["path"]] == list(picture_files)


def test_pictures_in_memory_are_files_in_it(tmp_path):
    """As JPEG, by the number of their row."""
    import pandas as pd

    to_parquet(pd.DataFrame({"image": [corners()], "caption": ["c"]}), tmp_path / "set.parquet")
    (picture,) = read_dataset(tmp_path / "set.parquet")["image"]
    assert (picture["path"], picture["bytes"][:2]) == ("000001.jpg", b"\xff\xd8")


def test_prepending_keeps_pictures(captions, tmp_path, picture_files):
    """Those that are there are written again, bytes and all."""
    to_parquet(captions.iloc[3:], tmp_path / "set.parquet")
    to_parquet(captions, tmp_path / "set.parquet", if_exists="prepend")
    back = read_dataset(tmp_path / "set.parquet")
    assert back["caption"].tolist() == captions["caption"].tolist()
    assert [picture["bytes"] for picture in back["image"]] == list(picture_files.values())


def test_a_missing_library_says_what_to_install(captions, tmp_path, monkeypatch):
    """Nothing else of the exporters needs it."""
    monkeypatch.delitem(sys.modules, "vlmkit.exporters.arrow", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"vlmkit\[formats\]"):
        to_parquet(captions, tmp_path / "set.parquet")
    assert not list(tmp_path.glob("set*"))
    assert (ROOT / "pyproject.toml").read_text(encoding="utf-8").count("formats = [")
