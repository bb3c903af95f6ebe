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
    assert (photos / "a.txt").read_text() == "a dog, grass green, sky"
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
    """A picture without a text is a row with NA; one whose text cannot be read, too, with the reason."""
    to_sidecars(captions)
    (photos / "sub" / "b.txt").unlink()
    (photos / "a.txt").write_bytes(b"caf\xe9")
    (photos / "turned.txt").write_bytes(b"\xe4\xbd")
    with pytest.warns(UserWarning, match=r"2 cells, NA because .*a\.txt: not UTF-8.*turned\.txt"):
        table = vk.read_sidecars(photos).set_index("path")
    assert table["caption"].notna().sum() == 2
    assert table["caption_error"].dropna().index.tolist() == [str(photos / "a.jpg"), str(photos / "turned.jpg")]
    with pytest.warns(UserWarning, match="read as cp1252"):
        assert vk.read_sidecars(photos, encoding="cp1252").set_index("path")["caption"][str(photos / "a.jpg")] == "café"
    with pytest.raises(BadSetting, match="no such encoding"):
        vk.read_sidecars(photos, encoding="latin-99")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a cat\r\n", "a cat"),
        (b"a cat\r", "a cat"),
        (b" a cat \n\n", "a cat"),
        (b"one \r\ntwo\r\n", "one\ntwo"),
        (b"one\rtwo", "one\ntwo"),
        ("\ufeffcafé".encode(), "café"),
        (b"", ""),
        (b"\0\0\0", ""),
    ],
)
def test_texts_that_others_saved(photos, data, text):
    """Line ends of Windows and old Macs, marks, blanks around: none of it is the text."""
    (photos / "a.txt").write_bytes(data)
    assert vk.read_sidecars(photos).set_index("path")["caption"][str(photos / "a.jpg")] == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wide_texts_are_read_and_told(photos, encoding):
    """Windows' old editor writes them; a trainer cannot read them, so that a warning says so."""
    (photos / "a.txt").write_bytes("a cat, sitting".encode(encoding))
    with pytest.warns(UserWarning, match=r"1 text file, read as utf-(16|32).*a\.txt"):
        table = vk.read_sidecars(photos).set_index("path")
    assert table["caption"][str(photos / "a.jpg")] == "a cat, sitting"


def test_names_of_other_systems_are_found(tmp_path, picture_files):
    """A Mac's form of letters, capital endings, the picture's whole name; a text of no picture is told."""
    for name in ("Mu\u0308ller.jpg", "b.JPG", "c.jpg"):
        (tmp_path / name).write_bytes(picture_files["a.jpg"])
    for name in ("M\u00fcller.txt", "b.TXT", "c.jpg.txt", "left.txt"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    with pytest.warns(UserWarning, match=r"1 text file, no picture has this name: left\.txt"):
        table = vk.read_sidecars(tmp_path)
    assert sorted(table["caption"]) == ["M\u00fcller.txt", "b.TXT", "c.jpg.txt"]


@pytest.mark.parametrize("option", ["column", "tags"])
@pytest.mark.parametrize(
    ("how", "new", "after"),
    [
        ("append", ["blue eyes", "solo"], "solo, 1girl, blue eyes"),
        ("append", ["solo"], "solo, 1girl"),
        ("prepend", ["mytrigger", "1girl"], "mytrigger, solo, 1girl"),
    ],
)
def test_a_list_column_is_tags_whichever_way_it_is_named(photos, captions, option, how, new, after):
    """With commas, and no tag twice; what is there stays as it is written."""
    (photos / "a.txt").write_text("solo, 1girl\n", encoding="utf-8")
    to_sidecars(captions.head(1).assign(tags=[new]), **{option: "tags"}, if_exists=how)
    assert (photos / "a.txt").read_text(encoding="utf-8").rstrip("\n") == after


def test_a_copied_picture_has_its_own_text(photos, captions, tmp_path):
    """One whose text is left out is not copied: a trainer would pair it with another's."""
    (photos / "a.png").write_bytes((photos / "sub" / "b.png").read_bytes())
    captions.loc[1, "path"] = str(photos / "a.png")
    with pytest.warns(UserWarning, match="left out"):
        to_sidecars(captions, tmp_path / "set", with_pictures=True)
    assert {path.name for path in (tmp_path / "set").iterdir()} >= {"a.jpg", "a.txt"}
    assert not (tmp_path / "set" / "a.png").exists()


def test_a_terminal_obeys_no_caption(photos, captions):
    """NUL, ESC and their like are not text, and are not written."""
    to_sidecars(captions.head(1).assign(caption="a\x00 \x1b[31mred\x9b cat\x7f"))
    assert (photos / "a.txt").read_bytes() == b"a [31mred cat"


def test_the_card_lies_beside_the_pictures(photos, captions, monkeypatch):
    """Also where the working directory is above them."""
    monkeypatch.chdir(photos.parent)
    to_sidecars(captions)
    assert (photos / "README.md").is_file()
    assert not (photos.parent / "README.md").exists()
