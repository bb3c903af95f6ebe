"""Archives for tests, of every kind there is."""

import io
import tarfile
import zipfile
from pathlib import Path

from vlmkit.records import ImageRef
from vlmkit.sources import Limits, contents


def pack(path: Path, files: dict[str, bytes]) -> Path:
    """An archive of the kind its name says."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(zipfile.ZipInfo(name), data)
        return path
    mode = {".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2", ".txz": "w:xz"}.get(path.suffix.lower(), "w:")
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def load(ref: ImageRef, **limits: int) -> bytes:
    """Bytes behind a reference, with some limits changed."""
    base = Limits.in_force()
    return contents.load_bytes(ref, Limits(**{name: getattr(base, name) for name in base.__slots__} | limits))
