"""Text files beside pictures."""

import pytest
from making_pictures import camera_exif, corners, encoded

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters import to_sidecars


def test_beside_the_pictures_by_default(captions, photos):
    """`photo.jpg` and `photo.txt`; the ending can be another."""
    to_sidecars(captions)
    assert (photos / "sub" / "deeper" / "c.txt").read_text() == "caption of sub/deeper/c.webp"
    to_sidecars(captions.assign(caption="other"), suffix=".caption")
    assert len(list(photos.rglob("*.caption"))) == 5
    assert set(vk.read_sidecars(photos, suffix=".caption")["caption"]) == {"other"}
    assert vk.read_sidecars(photos)["caption"].tolist().count("caption of a.jpg") == 1


def test_tags_alone_or_behind_the_caption(captions, photos, tmp_path):
    """With commas; read back as lists."""
    frame = captions.assign(tags=[["a dog", "grass, green"]] * 5)
    to_sidecars(frame, column="caption", tags="tags", suffix=".both")
    assert (photos / "a.both").read_text() == "caption of a.jpg, a dog, grass green"
    to_sidecars(frame, tags="tags")
    assert (photos / "a.txt").read_text() == "a dog, grass green"
    more = frame.assign(tags=[["grass green", "sky"]] * 5)
    to_sidecars(more, tags="tags", if_exists="append")
    assert (photos / "a.txt").read_text() == "a dog, grass green, grass green, sky"
    assert vk.read_sidecars(photos, is_tags=True, column="tags")["tags"][0][:2] == ["a dog", "grass green"]


def test_pictures_can_come_along(captions, tmp_path, photos):
    """Turned as their EXIF says, for trainers that do not heed it; the originals stay."""
    data = encoded(corners(), "JPEG", exif=camera_exif(6))
    (photos / "a.jpg").write_bytes(data)
    to_sidecars(captions, tmp_path / "set", with_pictures=True, upright=True, root=photos)
    table = vk.read_images(tmp_path / "set", recursive=True)
    assert max(zip(table["width"], table["height"], strict=True)) == (60, 80)
    assert (table["orientation"] == 1).all()
    assert vk.read_sidecars(tmp_path / "set")["caption"].notna().all()
    assert (photos / "a.jpg").read_bytes() == data


def test_arguments_are_checked(captions, tmp_path):
    """An ending that would replace pictures, copies into nowhere, folders that are not there."""
    with pytest.raises(BadSetting, match="ending of a text file"):
        to_sidecars(captions, suffix=".jpg")
    with pytest.raises(BadSetting, match="name one"):
        to_sidecars(captions, with_pictures=True)
    with pytest.raises(SetupError, match="no such folder"):
        to_sidecars(captions.assign(path=str(tmp_path / "gone" / "a.jpg")).head(1))
    assert not (tmp_path / "gone").exists()


def test_reading_tells_what_is_missing(captions, photos):
    """A picture without a text is a row with NA; a text that is not UTF-8 is an error."""
    to_sidecars(captions.head(1))
    assert vk.read_sidecars(photos)["caption"].notna().sum() == 1
    (photos / "a.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SetupError, match="not UTF-8"):
        vk.read_sidecars(photos)
