"""Tar files: read once where that is possible, and never without end."""

from __future__ import annotations

import gzip
import io
import lzma
import random
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from packing import load, pack

from vlmkit.errors import RunError, SetupError, UnreadableImage
from vlmkit.sources import archives, read, refer, tars


@pytest.fixture(autouse=True)
def closed_afterwards() -> object:
    """No archive of one test stays open for the next."""
    yield
    archives.close_all()


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize("mode", ["", "gz", "xz"])
def test_a_name_of_hundreds_of_megabytes_is_not_read(tmp_path: Path, mode: str, kind: bytes) -> None:
    """It would be taken into memory whole, from a file of some kilobytes."""
    size = 300 * 2**20
    info = tarfile.TarInfo("long")
    info.type, info.size = kind, size
    data = info.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 10_000
    path = tmp_path / f"a.tar{mode and '.' + mode}"
    path.write_bytes({"": bytes, "gz": gzip.compress, "xz": lzma.compress}[mode](data))
    with pytest.raises(SetupError, match=f"a name or header of {size:,} bytes"):
        read(path)


def test_a_compressed_tar_is_read_once_by_readers_in_its_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new start would cost the whole archive; what was passed is kept within bounds, and read again beyond."""
    starts = []
    walk = tars._walk
    monkeypatch.setattr(tars, "_walk", lambda path: starts.append(path) or walk(path))
    files = {f"{i}.jpg": bytes([i]) * 1000 for i in range(100)}
    refs = read(pack(tmp_path / "a.tgz", files))
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(load, refs)) == list(files.values())
    assert len(starts) == 2  # the names, the contents
    monkeypatch.setattr(tars, "_PASSED_BYTES", 3000)
    archives.close_all()
    assert [load(ref) for ref in reversed(refs)] == list(files.values())[::-1]


def test_a_tar_that_grows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros shrink a thousandfold; pictures never do."""
    monkeypatch.setattr(tars, "_INFLATED_BYTES", 1_000_000)
    archive = pack(tmp_path / "a.tgz", {"a.png": b"\0" * 30_000_000, "b.png": b"b"})
    with pytest.raises(SetupError, match=r"a\.tgz: grows more than 200 times"):
        read(archive)
    with pytest.raises(RunError, match=r"b\.png: "):
        load(refer(f"{archive}/b.png"))
    noise = pack(tmp_path / "b.tgz", {"a.png": random.Random(1).randbytes(3_000_000)})
    assert len(read(noise)) == 1


def test_links_in_a_tar(tmp_path: Path) -> None:
    """A hard link is the file it stands for; where that is behind us, the row says so."""
    for name in ("a.tar", "a.tgz"):
        pack(tmp_path / name, {"one.jpg": b"one"})
        with tarfile.open(tmp_path / name, "w:gz" if name.endswith("gz") else "w:") as tar:
            info = tarfile.TarInfo("one.jpg")
            info.size = 3
            tar.addfile(info, io.BytesIO(b"one"))
            for kind, link in ((tarfile.LNKTYPE, "hard.jpg"), (tarfile.SYMTYPE, "soft.jpg")):
                info = tarfile.TarInfo(link)
                info.type, info.linkname = kind, "one.jpg"
                tar.addfile(info)
        assert len(read(tmp_path / name)) == 2
    assert load(refer(tmp_path / "a.tar" / "hard.jpg")) == b"one"
    with pytest.raises(UnreadableImage, match="a link inside of a compressed archive"):
        load(refer(tmp_path / "a.tgz" / "hard.jpg"))
