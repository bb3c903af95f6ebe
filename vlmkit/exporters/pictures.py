"""Pictures as files of a data set: their own bytes, or upright and without metadata."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from vlmkit.records import ImageRef
from vlmkit.sources import Limits, decode, loaded, normalize, read_header

__all__ = ["PictureFile", "file_of_picture", "suffix_of"]

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "MPO": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "TIFF": (".tif", ".tiff"),
}
_FULL_SIZE_PX = 1 << 20
_JPEG = ("JPEG", "MPO")


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureFile:
    """One encoded picture.

    Attributes
    ----------
    data : bytes
    suffix : str
        ``".jpg"``, ….
    width, height : int
        Pixels as stored.
    """

    data: bytes = field(repr=False)
    suffix: str
    width: int
    height: int


def suffix_of(name: str, format_name: str | None) -> str:
    """Ending of a file's name that fits its format: its own, where that does.

    Parameters
    ----------
    name : str
    format_name : str or None
        As Pillow has it.
    """
    fitting = _SUFFIXES.get(format_name or "", (".jpg",))
    own = PurePosixPath(name.replace("\\", "/")).suffix
    return own if own.lower() in fitting else fitting[0]


def file_of_picture(ref: ImageRef, name: str, *, upright: bool, limits: Limits, only_jpeg: bool = False) -> PictureFile:
    """Bytes of a picture, as a data set keeps them.

    A file keeps its bytes, unless its format is one that few programs open, such as HEIC: that becomes a JPEG of
    quality 90, as a picture in memory does.

    Parameters
    ----------
    ref : ImageRef
    name : str
        Whose ending stays where it fits.
    upright : bool
        Whether pictures lose their metadata, and those whose EXIF turns them are encoded anew, turned.
    limits : Limits
    only_jpeg : bool, default False
        Whether every other format becomes a JPEG.

    Raises
    ------
    RunError
        The picture cannot be read.
    """
    held = loaded(ref, limits=limits)
    header = read_header(held, limits=limits)
    keeps = header.format in (_JPEG if only_jpeg else _SUFFIXES)
    if keeps and not upright and isinstance(held.source, bytes):
        suffix = ".jpg" if only_jpeg else suffix_of(name, header.format)
        return PictureFile(data=held.source, suffix=suffix, width=header.width, height=header.height)
    picture = normalize(held, _FULL_SIZE_PX, limits=limits)
    if only_jpeg and picture.media_type != "image/jpeg":
        picture = normalize(ImageRef(source=decode(picture), label=ref.label), _FULL_SIZE_PX, limits=limits)
    suffix = suffix_of(name, "PNG" if picture.media_type == "image/png" else "JPEG")
    return PictureFile(data=picture.data, suffix=suffix, width=picture.width, height=picture.height)
