"""Which picture it is: a stamp that costs one look at the disk, a fingerprint that costs one reading."""

from __future__ import annotations

import hashlib
import os
import stat
import time

from PIL import Image

from vlmkit.records import ImageRef
from vlmkit.sources import archives
from vlmkit.sources.contents import is_foreign, load_bytes
from vlmkit.sources.faults import translated
from vlmkit.sources.limits import BUDGET, Limits, decoding_bytes
from vlmkit.sources.objects import image_of, is_array, own_copy
from vlmkit.sources.opening import orientation_of
from vlmkit.sources.urls import is_url

__all__ = ["RECIPE", "fingerprint", "loaded", "stamp"]

RECIPE = "2"
"""Version of `normalize`: another text whenever it gives other bytes for the same picture."""

_SETTLED_NS = 2_000_000_000  # FAT counts in 2 s, and two changes within one tick of the clock leave equal times


def stamp(ref: ImageRef) -> str | None:
    """Cheap identity of a file on disk, without opening it.

    Parameters
    ----------
    ref : ImageRef

    Returns
    -------
    str or None
        32 hexadecimal digits of absolute path, size, times of change, inode and device; of a member of an archive,
        those of the archive and the member's name. None for what is not a file, and for a file changed within the last
        2 s, which may change again without a trace.
    """
    if not isinstance(ref.source, str) or is_url(ref.source):
        return None
    archive, member = archives.split_member(ref.source) or (ref.source, "")
    path = os.path.abspath(os.path.expanduser(archive))  # noqa: PTH100, PTH111  pathlib raises for odd names
    try:
        status = os.stat(path)  # noqa: PTH116  a third of the time of Path.stat, a million times
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode) or max(status.st_mtime_ns, status.st_ctime_ns) > time.time_ns() - _SETTLED_NS:
        return None
    facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
    return _digest(os.fsencode(path), repr(facts).encode(), member.encode("utf-8", "surrogatepass"))


def fingerprint(ref: ImageRef, *, limits: Limits | None = None) -> str:
    """Identity of a picture's content: equal for a renamed, moved or copied file.

    Parameters
    ----------
    ref : ImageRef
        Where `normalize` follows, pass `loaded` of it to both, so that it is read, or downloaded, once.
    limits : Limits or None, default None
        None takes those in force.

    Returns
    -------
    str
        blake2b-128 of the encoded bytes, hexadecimal; of the pixels where there is no file.

    Raises
    ------
    RunError
        `UnreadableImage` or `ImageTooLarge`, naming the picture.
    """
    given = image_of(ref)
    if given is None:
        return _digest(load_bytes(ref, limits or Limits.in_force()))
    with translated(ref.label), BUDGET.hold(decoding_bytes(given)):  # a file that was only opened is decoded now
        image, info = own_copy(given), given.info
        facts = (image.mode, image.size, orientation_of(given), info.get("transparency"), info.get("icc_profile"))
        return _digest(repr(facts).encode(), repr(image.getpalette()).encode(), image.tobytes())


def loaded(ref: ImageRef, *, limits: Limits | None = None) -> ImageRef:
    """Reference to the same picture with its encoded bytes in memory; a picture that is there already stays as it is.

    Parameters
    ----------
    ref : ImageRef
    limits : Limits or None, default None
        None takes those in force.

    Raises
    ------
    RunError
        As `fingerprint`.
    """
    if isinstance(ref.source, bytes | Image.Image) or is_array(ref.source):
        return ref
    data = load_bytes(ref, limits or Limits.in_force())
    return ImageRef(source=data, label=ref.label, is_foreign=is_foreign(ref))


def _digest(*parts: bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
