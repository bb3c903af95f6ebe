"""WebDataset shards."""

import io
import tarfile

import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting
from vlmkit.exporters import read_dataset, to_webdataset


def names(path):
    with tarfile.open(path) as tar:
        return tar.getnames()


def test_samples_lie_together_and_have_no_dots(captions, tmp_path):
    """Shards of so many rows; the same table gives the same bytes."""
    for place in ("one", "two"):
        to_webdataset(captions, tmp_path / place, shard_rows=2, columns=["caption_error"])
    assert [path.name for path in sorted((tmp_path / "one").glob("*.tar"))] == [
        f"shard-00000{number}.tar" for number in range(3)
    ]
    assert names(tmp_path / "one" / "shard-000001.tar") == [
        f"00000000{key}.{ending}" for key in (2, 3) for ending in ("jpg", "txt", "json")
    ]
    for path in (tmp_path / "one").glob("*.tar"):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_shards_end_where_they_are_large(captions, tmp_path):
    """By size, too."""
    to_webdataset(captions, tmp_path / "set", shard_bytes=1)
    assert len(list((tmp_path / "set").glob("*.tar"))) == 5


def test_new_pictures_go_to_new_shards(captions, tmp_path):
    """Keys stay different; replacing removes what is not needed any more, and keeps a copy."""
    to_webdataset(captions.head(3), tmp_path / "set", shard_rows=2)
    to_webdataset(captions, tmp_path / "set", shard_rows=2, if_exists="append")
    back = read_dataset(tmp_path / "set")
    assert back["caption"].tolist() == captions["caption"].tolist()
    assert back["key"].is_unique
    account = to_webdataset(captions.head(1), tmp_path / "set", if_exists="overwrite")
    assert account["action"].tolist()[:5] == ["unchanged", "remove", "remove", "remove", "remove"]
    assert [path.name for path in (tmp_path / "set").glob("*.tar")] == ["shard-000000.tar"]
    assert len(list((tmp_path / "set").rglob(".vlmkit-backups/*/*.tar"))) == 3


def test_pictures_are_read_where_they_lie(captions, tmp_path):
    """Paths into the tar are what every verb takes."""
    to_webdataset(captions, tmp_path / "set")
    back = vk.read_images(read_dataset(tmp_path / "set").drop(columns=["width", "height"]))
    assert back["width"].tolist() == [20, 21, 22, 23, 24]
    assert (back["format"] == "JPEG").all()


def test_foreign_shards_are_read(tmp_path, picture_files):
    """Texts without JSON, folders, other endings; what leads out of a tar is never unpacked."""
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for name, data in {
            "d/1.png": picture_files["sub/b.png"],
            "d/1.txt": "ü".encode(),
            "../2.jpg": picture_files["a.jpg"],
            "3.cls": b"7",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    with pytest.warns(UserWarning, match=r"1 of 3 records are left out: 3 \(no picture in this sample\)"):
        back = read_dataset(tmp_path / "x.tar")
    assert back["path"].tolist() == [f"{tmp_path}/x.tar/d/1.png", f"{tmp_path}/x.tar/../2.jpg"]
    assert back["caption"].tolist()[0] == "ü"


def test_arguments_are_checked(captions, tmp_path):
    """There is no beginning to add to, and names have no slashes."""
    for wrong in ({"if_exists": "prepend"}, {"prefix": "../x"}, {"shard_rows": 0}):
        with pytest.raises(BadSetting):
            to_webdataset(captions, tmp_path / "set", **wrong)
