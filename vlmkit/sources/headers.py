"""What a picture's header says, without decoding the picture."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from vlmkit.records import ImageRef
from vlmkit.sources import isolation
from vlmkit.sources.contents import file_of, load_bytes
from vlmkit.sources.faults import translated
from vlmkit.sources.frames import count_frames
from vlmkit.sources.limits import Limits
from vlmkit.sources.metadata import Metadata, exif_of, metadata_of
from vlmkit.sources.objects import image_of
from vlmkit.sources.opening import open_image, orientation_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Header", "read_header"]

_BLOCK = 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Technical facts of one picture.

    Attributes
    ----------
    format : str or None
        Pillow's name of the file format, ``"JPEG"``; None for a picture that never was a file.
    width, height : int
        Pixels as stored, before `orientation` is applied; of HEIC as they are shown, its own turn being part of it.
    size_bytes : int or None
        Of the encoded file.
    orientation : int
        EXIF orientation, 1 (upright) to 8.
    frames : int or None
        Pictures in the file, of which the first counts; None where they are too many to count.
    metadata : Metadata
        What the camera wrote.
    digest : str or None
        As `fingerprint` has it; None unless asked for.
    exif : dict of str to object or None
        As `exif_of` has it; None unless asked for.
    """

    format: str | None
    width: int
    height: int
    size_bytes: int | None
    orientation: int
    frames: int | None = 1
    metadata: Metadata = field(default_factory=Metadata)
    digest: str | None = None
    exif: dict[str, Any] | None = None


def read_header(ref: ImageRef, *, digest: bool = False, exif: bool = False, limits: Limits | None = None) -> Header:
    """Read one picture's header; its pixels are not decoded.

    Parameters
    ----------
    ref : ImageRef
    digest : bool, default False
        Whether the whole file is read, too, for its fingerprint.
    exif : bool, default False
        Whether every entry of its EXIF is kept.
    limits : Limits or None, default None
        None takes those in force; resolve them once where many pictures are read.

    Raises
    ------
    RunError
        `UnreadableImage`, `UnsupportedFormat` or `ImageTooLarge`, naming the picture.
    """
    limits = limits or Limits.in_force()
    if isolation.is_apart(ref, limits):
        return _of_message(isolation.header(ref, limits, digest=digest, exif=exif), ref.label)
    image = image_of(ref)
    if image is not None:
        with translated(ref.label):
            return _header(image, None, None, exif=exif)
    with (
        _opened(ref, limits) as file,
        translated(ref.label),
        open_image(file, ref.label, limits.largest_image_pixels, limits.image_formats) as image,
    ):
        return _header(image, file, _digest(file) if digest else None, exif=exif)


def _of_message(said: Mapping[str, Any], label: str) -> Header:
    """Header as a process apart said it: made anew from plain values, each of the type that it must have."""
    try:
        metadata = {name: _TYPES[name](said["metadata"][name]) for name in Metadata.__slots__}
        facts = {name: check(said[name]) for name, check in _FACTS.items()}
        return Header(**facts, metadata=Metadata(**metadata))
    except (KeyError, TypeError, ValueError) as error:
        raise isolation.impossible(label) from error


def _maybe(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else kind(value)


_whole, _text, _moment = _maybe(int), _maybe(str), _maybe(datetime.fromisoformat)
_FACTS: dict[str, Callable[[Any], Any]] = {
    "format": _text,
    "width": int,
    "height": int,
    "size_bytes": _whole,
    "orientation": int,
    "frames": _whole,
    "digest": _text,
    "exif": _maybe(dict),
}
_TYPES: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(Metadata.__slots__, _maybe(float)),
    "taken_at": _moment,
    "taken_at_utc": _moment,
    "iso": _whole,
    **dict.fromkeys(("camera_make", "camera_model", "lens_model"), _text),
}


@contextmanager
def _opened(ref: ImageRef, limits: Limits) -> Iterator[IO[bytes]]:
    """The file where there is one, because of a large one only the beginning is needed; otherwise its bytes."""
    path = file_of(ref, limits)
    if path is None:
        yield BytesIO(load_bytes(ref, limits))
        return
    with translated(ref.label):
        file = path.open("rb")
    with file:
        yield file


def _header(image: Image.Image, file: IO[bytes] | None, digest: str | None, *, exif: bool) -> Header:
    orientation = orientation_of(image)
    width, height = image.size
    if image.format == "TIFF" and orientation >= 5:  # Pillow alone of all formats turns these when opening
        width, height = height, width
    return Header(
        format=image.format,
        width=width,
        height=height,
        size_bytes=None if file is None else file.seek(0, 2),
        orientation=orientation,
        frames=1 if file is None else count_frames(image, file),
        metadata=metadata_of(image),
        digest=digest,
        exif=exif_of(image) if exif else None,
    )


def _digest(file: IO[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    file.seek(0)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()
