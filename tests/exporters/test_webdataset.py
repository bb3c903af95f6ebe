"""WebDataset shards."""

import io
import json
import tarfile

import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import read_dataset, to_webdataset
from vlmkit.exporters.webdataset import facts_of


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


@pytest.fixture
def pack(tmp_path, picture_files):
    """Pack members into a tar; True is a picture."""

    def pack(members, name="x.tar", mode="w"):
        with tarfile.open(tmp_path / name, mode) as tar:
            for member, content in members.items():
                data = picture_files["a.jpg"] if content is True else content
                info = tarfile.TarInfo(member)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return tmp_path / name

    return pack


def test_samples_of_several_pictures(pack):
    """Each is a row, with the words of its sample, or its own; none vanishes."""
    path = pack(
        {
            "1.jpg": True, "1.txt": b"one", "2.left.jpg": True, "2.right.jpg": True, "2.txt": b"two",
            "3.left.jpg": True, "3.left.txt": b"three left", "3.right.jpg": True, "3.right.txt": b"three right",
        }
    )  # fmt: skip
    table = read_dataset(path)
    assert table["caption"].tolist() == ["one", "two", "two", "three left", "three right"]
    assert table["key"].tolist() == ["1", "2", "2", "3", "3"]
    assert table["view"].fillna("").tolist() == ["", "left", "right", "left", "right"]
    assert vk.read_images(table["path"].tolist())["width"].tolist() == [20] * 5


@pytest.mark.parametrize(("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz"), ("x.tgz", "w:gz")])
def test_folders_dots_and_packed_tars(pack, name, mode):
    """Keys end at the first dot of the last part; pictures are read where they lie."""
    path = pack({"./a/b.c/1.JPG": True, "./a/b.c/1.json": b'{"caption": "x", "n": 3}', "z/1.jpg": True}, name, mode)
    table = read_dataset(path)
    assert table["caption"].fillna("").tolist() == ["x", ""]
    assert table["n"].tolist()[0] == 3
    assert vk.read_images(table["path"].tolist())["width"].tolist() == [20, 20]


def test_classes_and_line_ends(pack):
    """A class is a column; a text's line end is none of it."""
    row = read_dataset(pack({"1.jpg": True, "1.cls": b"7", "1.txt": b"a cat\r\n"})).loc[0]
    assert (row["class"], row["caption"]) == ("7", "a cat")


def test_what_is_amiss_is_told_at_once(pack):
    """Samples without a picture, members nobody reads, broken JSON and texts: the rest stands."""
    path = pack(
        {
            "1.jpg": True, "1.txt": b"caf\xe9", "2.jpg": True, "2.json": b"{half", "2.txt": b"two",
            "3.txt": b"alone", "4.jpg": True, "4.npy": b"x", "4.txt": b"four",
        }
    )  # fmt: skip
    with pytest.warns(UserWarning, match="1 of 4 records are left out") as told:
        table = read_dataset(path)
    (message,) = [str(each.message) for each in told]
    assert "1 of 4 records are left out: 3 (no picture in this sample)" in message
    assert "1 member, neither picture, text nor JSON, and not read: 4.npy" in message
    assert "2 cells" in message
    assert table["caption"].fillna("").tolist() == ["", "two", "four"]
    assert table["caption_error"].notna().tolist() == [True, False, False]
    assert table["json_error"].notna().tolist() == [False, True, False]


def test_a_tar_that_ends_half_way(pack):
    """What was whole is read, and the rest told; for completing it must be whole."""
    path = pack({f"{i}.{ending}": data for i in range(4) for ending, data in (("jpg", True), ("txt", b"x"))})
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.warns(UserWarning, match=r"records are left out: x\.tar, what follows"):
        assert 0 < len(read_dataset(path)) < 4
    with pytest.raises(SetupError, match=r"x\.tar"):
        list(facts_of(path))


def test_facts_are_those_of_json(pack):
    """One dict for each sample."""
    assert list(facts_of(pack({"1.jpg": True, "1.json": json.dumps({"a": 1}).encode()}))) == [{"a": 1}]
