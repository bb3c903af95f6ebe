"""Archives are folders that are never unpacked."""

from __future__ import annotations

import random
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packing import load, pack

from vlmkit.errors import ImageTooLarge, SetupError, UnreadableImage
from vlmkit.sources import archives, read, refer, stamp
from vlmkit.sources.archives import Zip

NAMES = ["img10.png", "img2.PNG", "sub/a b [1].jpg", "sub/ünï\nx.gif", "/abs.jpg", "../up.jpg", "notes.txt"]
HIDDEN = [".hidden.jpg", "__MACOSX/._img2.PNG", "sub/.thumbs/x.jpg"]
KINDS = ["a.zip", "A.TAR", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.txz"]


@pytest.fixture(autouse=True)
def closed_afterwards() -> object:
    """No archive of one test stays open for the next."""
    yield
    archives.close_all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_a_row_with_its_own_content(tmp_path: Path, kind: str) -> None:
    """Whatever the members are called: names that would leave the folder are labels only."""
    files = {name: f"content of {name}".encode() for name in [*NAMES, *HIDDEN]}
    archive = pack(tmp_path / kind, files)
    before = sorted(tmp_path.parent.rglob("*"))
    refs = read(archive)
    pictures = [name for name in NAMES if name != "notes.txt"]
    assert {ref.source: load(ref) for ref in refs} == {f"{archive}/{name}": files[name] for name in pictures}
    assert sorted(tmp_path.parent.rglob("*")) == before
    shown = [ref.source.removeprefix(f"{archive}/") for ref in refs]
    assert shown == (
        pictures if archives.is_compressed(kind) else ["/abs.jpg", "../up.jpg", *NAMES[1::-1], *NAMES[2:4]]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_into_an_archive_needs_no_listing(tmp_path: Path, kind: str) -> None:
    """So that a table written yesterday can be described today; a relative one and one from the home, too."""
    archive = pack(tmp_path / kind, {"sub/a.jpg": b"A", "b.jpg": b"B"})
    assert load(refer(f"{archive}/b.jpg")) == b"B"
    assert load(refer(archive / "sub" / "a.jpg")) == b"A"
    assert [ref.label for ref in read(f"{archive}/sub/a.jpg")] == [f"{archive}/sub/a.jpg"]
    with pytest.raises(UnreadableImage, match=r"c\.jpg: the archive has no such member"):
        load(refer(f"{archive}/c.jpg"))


def test_a_folder_may_be_called_like_an_archive(tmp_path: Path) -> None:
    """And an archive may lie in it."""
    folder = tmp_path / "old.zip"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"plain")
    pack(folder / "b.zip", {"a.jpg": b"packed"})
    assert load(refer(folder / "a.jpg")) == b"plain"
    assert load(refer(folder / "b.zip" / "a.jpg")) == b"packed"
    assert archives.split_member(str(folder / "a.jpg")) is None


@pytest.mark.parametrize("kind", KINDS)
def test_many_threads_read_at_once(tmp_path: Path, kind: str) -> None:
    """In any order, each gets the bytes of its own member."""
    rng = random.Random(1)
    files = {f"{i}.jpg": rng.randbytes(rng.randrange(1, 5000)) for i in range(60)}
    archive = pack(tmp_path / kind, files)
    names = [name for name in files for _ in range(3)]
    rng.shuffle(names)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda name: load(refer(f"{archive}/{name}")), names))
    assert found == [files[name] for name in names]


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_larger_than_allowed_is_refused(tmp_path: Path, kind: str) -> None:
    """Whether its size is declared or found out; others stay readable."""
    archive = pack(tmp_path / kind, {"bomb.png": b"\0" * 5_000_000, "good.png": b"good"})
    with pytest.raises(ImageTooLarge, match=r"bomb\.png: .* more than the 1,000 that largest_image_bytes allows"):
        load(refer(f"{archive}/bomb.png"), largest_image_bytes=1000)
    assert load(refer(f"{archive}/good.png"), largest_image_bytes=1000) == b"good"


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_archives(tmp_path: Path, kind: str) -> None:
    """As a source they are a setup fault, as a row's path a row fault; cut anywhere, never anything else."""
    archive = pack(tmp_path / kind, {f"{i}.jpg": random.Random(i).randbytes(2000) for i in range(5)})
    whole = archive.read_bytes()
    for size in (0, 1, 10, 300, len(whole) // 2, len(whole) - 5):
        archive.write_bytes(whole[:size])
        try:
            refs = read(archive)
        except SetupError as error:
            assert kind in str(error)  # noqa: PT017  either is right, depending on the kind
            refs = [refer(f"{archive}/4.jpg")]
        for ref in refs:
            try:
                load(ref)
            except UnreadableImage as error:
                assert kind in str(error)  # noqa: PT017  as above


def test_an_archive_without_pictures(tmp_path: Path) -> None:
    """Says what was looked for."""
    with pytest.raises(SetupError, match=r"no pictures in this archive \(looked for"):
        read(pack(tmp_path / "a.zip", {"notes.txt": b"x"}))


def test_a_changed_archive_is_read_anew(tmp_path: Path) -> None:
    """Although it was kept open."""
    archive = pack(tmp_path / "a.zip", {"a.png": b"old"})
    assert load(refer(f"{archive}/a.png")) == b"old"
    pack(archive, {"a.png": b"newer"})
    assert load(refer(f"{archive}/a.png")) == b"newer"


def test_more_archives_than_are_kept_open(tmp_path: Path) -> None:
    """While threads still read from those that are let go."""
    packed = [pack(tmp_path / f"{i}.zip", {"a.png": bytes([i]) * 200_000}) for i in range(20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda path: load(refer(f"{path}/a.png"))[0], packed * 10))
    assert found == list(range(20)) * 10


def test_a_member_has_the_stamp_of_its_archive_and_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a second run over an archive opens it no more than a folder's files."""
    archive = pack(tmp_path / "a.zip", {"a.png": b"x", "b.png": b"x"})
    assert stamp(refer(f"{archive}/a.png")) is None
    now = archive.stat().st_mtime_ns
    monkeypatch.setattr("time.time_ns", lambda: now + 60_000_000_000)
    stamps = [stamp(refer(each)) for each in (archive, f"{archive}/a.png", f"{archive}/b.png")]
    assert None not in stamps
    assert len(set(stamps)) == 3
    assert stamp(refer(f"{archive}/a.png")) == stamps[1]


def test_a_zip_that_lies_about_a_size_is_damaged(tmp_path: Path) -> None:
    """No more than the declared bytes are ever inflated."""
    archive = pack(tmp_path / "a.zip", {"a.png": b"\0" * 5_000_000})
    data = archive.read_bytes()
    archive.write_bytes(data.replace((5_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(UnreadableImage, match=r"a\.png: damaged \(BadZipFile"):
        load(refer(f"{archive}/a.png"))


def test_a_bomb_in_a_zip_is_not_inflated(tmp_path: Path) -> None:
    """A good picture with half a gigabyte of zeros behind it; a small file that shrinks as much is none."""
    picture = Path(__file__).parents[2] / "datasets" / "scenes"
    whole = next(picture.rglob("*.png")).read_bytes()
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb.png", whole + b"\0" * 300_000_000)
        file.writestr("small.png", whole + b"\0" * 3_000_000)
    tracemalloc.start()
    with pytest.raises(ImageTooLarge, match="as no picture does; unpack the archive yourself"):
        load(refer(f"{archive}/bomb.png"))
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()
    assert load(refer(f"{archive}/small.png"))


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    """The flag is enough; the content could not be read anyway."""
    archive = pack(tmp_path / "a.zip", {"a.png": b"x"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(UnreadableImage, match="encrypted; unpack the archive with its password"):
        load(refer(f"{archive}/a.png"))


def test_names_come_once_each_and_without_folders(tmp_path: Path) -> None:
    """Of two members of one name the later counts, as for every unpacker."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.mkdir("sub")
        archive.writestr("sub/a.png", b"old")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("sub/a.png", b"new")
    opened = Zip(str(path))
    assert opened.names() == ["sub/a.png"]
    assert opened.read("sub/a.png", "x", 10) == b"new"
    with pytest.raises(KeyError):
        opened.read("sub", "x", 10)
    opened.close()


def test_a_file_that_is_no_zip_is_not_left_open(tmp_path: Path) -> None:
    """An open one would warn, and warnings are errors here."""
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(zipfile.BadZipFile):
        Zip(str(tmp_path / "a.zip"))
