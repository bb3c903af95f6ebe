"""What a person points at becomes references, in the order a person expects."""

from __future__ import annotations

import os
import shutil
from io import BytesIO, StringIO
from itertools import permutations
from pathlib import Path

import pytest
from PIL import Image
from privileges import nobody

from vlmkit.errors import SetupError
from vlmkit.sources import read, refer
from vlmkit.sources.locations import natural_key


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def names_of(source: object, root: Path, **options: bool) -> list[str]:
    return [os.path.relpath(ref.label, root) for ref in read(source, **options)]


def test_a_folder_is_read_in_natural_order_whatever_the_case_of_the_suffix(tmp_path: Path) -> None:
    """img2 comes before img10, .JPG counts, other files and hidden ones do not."""
    touch(tmp_path, "img10.jpg", "img2.JPG", "Img1.PnG", "notes.txt", ".hidden.jpg", "._img2.JPG")
    assert names_of(tmp_path, tmp_path) == ["Img1.PnG", "img2.JPG", "img10.jpg"]


def test_subfolders_are_read_only_on_request(tmp_path: Path) -> None:
    """Recursive reading descends everywhere but into hidden folders, and sorts folder by folder."""
    touch(tmp_path, "b.png", "day10/a.png", "day2/a.png", "day2/deep/c.webp", ".cache/z.png")
    assert names_of(tmp_path, tmp_path) == ["b.png"]
    recursive = names_of(tmp_path, tmp_path, recursive=True)
    assert recursive == ["b.png", "day2/a.png", "day2/deep/c.webp", "day10/a.png"]


def test_a_directory_named_like_a_picture_is_listed_so_that_it_can_fail_visibly(tmp_path: Path) -> None:
    """Nothing that looks like a picture disappears without a row."""
    touch(tmp_path, "a.png", "x.png/inside.jpg")
    assert names_of(tmp_path, tmp_path) == ["a.png", "x.png"]
    assert names_of(tmp_path, tmp_path, recursive=True) == ["a.png", "x.png", "x.png/inside.jpg"]


def test_the_folder_keeps_the_spelling_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder gives relative paths, which a table can carry elsewhere."""
    touch(tmp_path, "photos/a.png")
    monkeypatch.chdir(tmp_path)
    assert [ref.source for ref in read("photos")] == ["photos/a.png"]
    assert [ref.source for ref in read("./photos/")] == ["./photos/a.png"]


def test_a_glob_is_taken_at_its_word(tmp_path: Path) -> None:
    """Every file that matches is a row, in natural order, and directories are not."""
    touch(tmp_path, "a10.png", "a2.png", "a3.dat", "b.png", "a4/x.png")
    assert names_of(str(tmp_path / "a*"), tmp_path) == ["a2.png", "a3.dat", "a10.png"]
    assert names_of(str(tmp_path / "**" / "*.png"), tmp_path) == ["a2.png", "a4/x.png", "a10.png", "b.png"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    """An existing name wins over its reading as a pattern."""
    touch(tmp_path, "a[1].png", "a1.png")
    assert names_of(tmp_path / "a[1].png", tmp_path) == ["a[1].png"]


def test_a_list_keeps_its_own_order_and_its_length(tmp_path: Path) -> None:
    """Paths, bytes, pictures and gaps may be mixed; what cannot be a picture keeps its row."""
    image = Image.new("RGB", (64, 48))
    refs = read(["b.png", Path("a.png"), b"1234", image, None, 7, bytearray(b"12")])
    labels = ["b.png", "a.png", "<bytes 4>", "<image 64x48>", "<missing>", "<int>", "<bytes 2>"]
    assert [ref.label for ref in refs] == labels
    assert refs[3].source is image


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ({"bytes": b"123", "path": "a.png"}, b"123"),
        ({"bytes": None, "path": "a.png"}, "a.png"),
        ({"path": "a.png"}, "a.png"),
        ({"bytes": None, "path": None}, None),
    ],
)
def test_cells_as_hugging_face_writes_them(cell: dict[str, object], source: object) -> None:
    """A Parquet file of theirs has the bytes, or the path, of each picture in one column."""
    assert refer(cell).source == source


def test_single_pictures_are_a_list_of_one() -> None:
    """Bytes and PIL images need no brackets."""
    assert [ref.label for ref in read(b"123")] == ["<bytes 3>"]
    assert [ref.label for ref in read(Image.new("L", (5, 4)))] == ["<image 5x4>"]


def test_a_reference_refers_to_itself() -> None:
    """References from several sources may be joined and read again."""
    ref = refer("a.png")
    assert read([ref, "b.png"])[0] is ref


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tilde means the home directory, as in a shell."""
    touch(tmp_path, "photos/a.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [ref.source for ref in read("~/photos")] == [str(tmp_path / "photos" / "a.png")]


def test_a_broken_link_named_alone_is_a_row(tmp_path: Path) -> None:
    """The link is there, so its picture is what fails."""
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    assert names_of(tmp_path / "link.png", tmp_path) == ["link.png"]
    assert names_of(tmp_path, tmp_path) == ["link.png"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("phots", r"phots: no such folder or file\. Did you mean .*photos\?"),
        ("gone/deeper", r"Nor is there a folder .*gone"),
        ("*.bmp", "no file matches; the working directory is"),
        ("empty", r"empty: no pictures in this folder \(looked for .*\.jpg"),
        ("photos", r"Its subfolders hold 2: pass recursive=True\."),
        ("a long caption " * 400, "no such folder or file"),
        ("nul\0byte", "no such folder or file"),
    ],
)
def test_what_is_not_there_says_so_and_what_to_do(tmp_path: Path, name: str, message: str) -> None:
    """A wrong source fails before anything is spent, with the likely remedy."""
    touch(tmp_path, "photos/one/a.png", "photos/two/b.png", "empty/notes.txt")
    with pytest.raises(SetupError, match=message):
        read(f"{tmp_path}/{name}")


@pytest.mark.parametrize("source", [7, None, {"a": 1}, object()])
def test_a_source_of_another_type_is_refused(source: object) -> None:
    """The message names the type and what is accepted."""
    with pytest.raises(SetupError, match=f"type {type(source).__name__}; give a folder"):
        read(source)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no such permissions")
def test_a_subfolder_that_cannot_be_listed_is_warned_of(tmp_path: Path) -> None:
    """It costs its own pictures, not those of all others; a disk's lost+found is enough."""
    touch(tmp_path, "a.png", "locked/b.png")
    assert len(read(tmp_path, recursive=True)) == 2
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):  # one more where tests run side by side
        folder.chmod(0o755)
    (tmp_path / "locked").chmod(0)
    try:
        with nobody(), pytest.warns(UserWarning, match="locked: cannot be listed.*Its pictures are missing here"):
            assert [ref.label for ref in read(tmp_path, recursive=True)] == [str(tmp_path / "a.png")]
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_a_folder_that_is_too_deep_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path is longer than the system takes; pictures before and after it are read."""
    touch(tmp_path, "a.png", "z/b.png")
    monkeypatch.chdir(tmp_path)
    for _ in range(25):
        os.mkdir("d" * 200)  # noqa: PTH102  one by one, as the whole path cannot be named
        os.chdir("d" * 200)
    monkeypatch.chdir(tmp_path)
    try:
        with pytest.warns(UserWarning, match="cannot be listed .File name too long"):
            assert [Path(ref.label).name for ref in read(tmp_path, recursive=True)] == ["a.png", "b.png"]
    finally:
        shutil.rmtree(tmp_path / ("d" * 200))


def test_a_folder_that_cannot_be_listed_itself_is_an_error(tmp_path: Path) -> None:
    """There would be nothing else to read."""
    touch(tmp_path, "locked/b.png")
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        folder.chmod(0o755)
    (tmp_path / "locked").chmod(0)
    try:
        with nobody(), pytest.raises(SetupError, match="locked: cannot be listed"):
            read(tmp_path / "locked")
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_linked_folders_are_entered_once(tmp_path: Path) -> None:
    """Also where a link leads back above itself, or two lead to the same."""
    album = tmp_path / "album"
    touch(album, "a.png", "deep/b.png")
    touch(tmp_path, "mine/c.png")
    for name in ("one", "two"):
        (tmp_path / "mine" / name).symlink_to(album)
    (album / "deep" / "up").symlink_to(tmp_path / "mine")
    found = [Path(ref.label).name for ref in read(tmp_path / "mine", recursive=True)]
    assert sorted(found) == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize("folder", ["@eaDir/a.png", "#recycle", ".thumbnails", "__MACOSX", "$RECYCLE.BIN"])
def test_what_servers_and_systems_put_beside_is_left_out(tmp_path: Path, folder: str) -> None:
    """Thumbnails and waste are not pictures of the user; a pattern that names such a folder means it."""
    touch(tmp_path, "a.png", f"{folder}/thumb.png", f"sub/{folder}/thumb.png", "sub/b.png")
    assert [Path(ref.label).name for ref in read(tmp_path, recursive=True)] == ["a.png", "b.png"]
    assert [Path(ref.label).name for ref in read(f"{tmp_path}/**/*.png")] == ["a.png", "b.png"]
    if not folder.startswith("."):
        assert [Path(ref.label).name for ref in read(f"{tmp_path}/{folder}/*.png")] == ["thumb.png"]


def test_file_urls_are_paths(tmp_path: Path) -> None:
    """Of this machine, with their characters decoded; as a folder, a file, and in a list."""
    touch(tmp_path, "a b/ü.png")
    url = (tmp_path / "a b").as_uri()
    assert [ref.source for ref in read(url)] == [str(tmp_path / "a b" / "ü.png")]
    assert refer(f"{url}/%C3%BC.png").source == refer(f"file://localhost{url[7:]}/%C3%BC.png").source
    assert refer("file://elsewhere/a.png").source == "file://elsewhere/a.png"


def test_open_files_are_their_bytes(tmp_path: Path) -> None:
    """From their beginning, wherever they stand; what cannot be read stays what it is."""
    path = tmp_path / "a.png"
    path.write_bytes(b"12345")
    stream = BytesIO(b"12345")
    stream.seek(3)
    with path.open("rb") as file:
        file.read(2)
        assert refer(stream).source == refer(file).source == b"12345"
    assert refer(file).source is file
    assert refer(StringIO("x")).label == "<StringIO>"


def test_natural_order_is_total() -> None:
    """Names that differ only in case, or in leading zeros, still have one order."""
    names = ["a01", "A1", "a1", "a", "1", "a1b"]
    order = sorted(names, key=natural_key)
    assert all(sorted(shuffled, key=natural_key) == order for shuffled in permutations(names, len(names)))
    assert sorted(["é10", "é2"], key=natural_key) == ["é2", "é10"]
