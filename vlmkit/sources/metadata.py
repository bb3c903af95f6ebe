"""What a camera wrote beside the pixels: when, with what, where. None of it is trusted, all of it may be missing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags, Image

__all__ = ["Metadata", "exif_of", "metadata_of"]

_LONGEST_TEXT = 200
_MOST_BYTES = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """EXIF of one picture; None where it says nothing, or nothing possible.

    Attributes
    ----------
    taken_at : datetime or None
        As the camera's clock had it, without a time zone.
    taken_at_utc : datetime or None
        The same moment in UTC, where the camera knew its offset.
    camera_make, camera_model, lens_model : str or None
    focal_length_mm, f_number, exposure_time_s : float or None
    iso : int or None
    gps_latitude_deg, gps_longitude_deg : float or None
        North and east are positive.
    gps_altitude_m : float or None
        Above sea level.
    """

    taken_at: datetime | None = None
    taken_at_utc: datetime | None = None
    camera_make: str | None = None
    camera_model: str | None = None
    lens_model: str | None = None
    focal_length_mm: float | None = None
    f_number: float | None = None
    exposure_time_s: float | None = None
    iso: int | None = None
    gps_latitude_deg: float | None = None
    gps_longitude_deg: float | None = None
    gps_altitude_m: float | None = None


_NOTHING = Metadata()


def metadata_of(image: Image.Image) -> Metadata:
    """EXIF of an opened picture; empty where it is damaged.

    Parameters
    ----------
    image : PIL.Image.Image
    """
    try:
        # As with the orientation: PNG's own method would decode the picture.
        exif = Image.Image.getexif(image)
        base: Mapping[int, Any] = dict(exif)
        photo = exif.get_ifd(ExifTags.IFD.Exif) if ExifTags.IFD.Exif in base else {}
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo) if ExifTags.IFD.GPSInfo in base else {}
    except Exception:  # noqa: BLE001  damaged EXIF raises all sorts, and the pixels are still good
        return _NOTHING
    if not base:
        return _NOTHING
    taken_at = _time(photo)
    return Metadata(
        taken_at=taken_at,
        taken_at_utc=_in_utc(taken_at, _text(photo.get(ExifTags.Base.OffsetTimeOriginal))),
        camera_make=_text(base.get(ExifTags.Base.Make)),
        camera_model=_text(base.get(ExifTags.Base.Model)),
        lens_model=_text(photo.get(ExifTags.Base.LensModel)),
        focal_length_mm=_number(photo.get(ExifTags.Base.FocalLength), 0, 1e5),
        f_number=_number(photo.get(ExifTags.Base.FNumber), 0, 1e4),
        exposure_time_s=_number(photo.get(ExifTags.Base.ExposureTime), 0, 1e7),
        iso=_iso(photo.get(ExifTags.Base.ISOSpeedRatings)),
        gps_latitude_deg=_angle(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, b"S", 90),
        gps_longitude_deg=_angle(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, b"W", 180),
        gps_altitude_m=_altitude(gps),
    )


def exif_of(image: Image.Image) -> dict[str, Any]:
    """Every entry of an opened picture's EXIF by its name, as values that JSON has; empty where it is damaged.

    Parameters
    ----------
    image : PIL.Image.Image

    Returns
    -------
    dict of str to object
        Entries of the camera and of the position stand in ``"Exif"`` and ``"GPSInfo"``. Bytes that are not text are
        hexadecimal, and only counted beyond 256, as a maker's own notes are; fractions are numbers.
    """
    try:
        exif = Image.Image.getexif(image)
        entries = {ExifTags.TAGS.get(tag, str(tag)): _plain(value) for tag, value in exif.items()}
        for part, names in ((ExifTags.IFD.Exif, ExifTags.TAGS), (ExifTags.IFD.GPSInfo, ExifTags.GPSTAGS)):
            if part in exif:
                inner = {names.get(tag, str(tag)): _plain(value) for tag, value in exif.get_ifd(part).items()}
                entries.pop(ExifTags.TAGS.get(part, ""), None)
                entries[part.name] = inner
    except Exception:  # noqa: BLE001  as above
        return {}
    return entries


def _plain(value: object) -> Any:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        if text.isascii() and text.decode("ascii").isprintable():
            return text.decode("ascii")
        return f"0x{value.hex()}" if len(value) <= _MOST_BYTES else f"<{len(value)} bytes>"
    if isinstance(value, str):
        return value.rstrip("\0")
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, bool | int):
        return value
    return _number(value, -math.inf, math.inf)


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return None
    shown = "".join(letter if letter.isprintable() else " " for letter in value.partition("\0")[0][:_LONGEST_TEXT])
    return " ".join(shown.split()) or None


def _number(value: object, least: float, most: float) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and least <= number <= most else None


def _iso(value: object) -> int | None:
    first = value[0] if isinstance(value, tuple) and value else value
    number = _number(first, 1, 1e8)
    return None if number is None else int(number)


def _time(photo: Mapping[int, Any]) -> datetime | None:
    text = _text(photo.get(ExifTags.Base.DateTimeOriginal))
    if text is None:
        return None
    try:
        whole = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  a camera's clock has no zone
    except ValueError:
        return None
    fraction = (_text(photo.get(ExifTags.Base.SubsecTimeOriginal)) or "")[:6]
    return (
        whole.replace(microsecond=int(fraction.ljust(6, "0"))) if fraction.isascii() and fraction.isdigit() else whole
    )


def _in_utc(taken_at: datetime | None, offset: str | None) -> datetime | None:
    if taken_at is None or offset is None:
        return None
    try:
        zone = datetime.strptime(offset, "%z").tzinfo
        return taken_at.replace(tzinfo=zone or timezone(timedelta(0))).astimezone(timezone(timedelta(0)))
    except (ValueError, OverflowError):
        return None


def _angle(gps: Mapping[int, Any], tag: int, side: int, negative: bytes, most: float) -> float | None:
    parts = gps.get(tag)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    degrees, minutes, seconds = (_number(part, 0, most) for part in parts)
    if degrees is None or minutes is None or seconds is None:
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    is_negative = (_text(gps.get(side)) or "").upper() == negative.decode()
    return None if angle > most else -angle if is_negative else angle


def _altitude(gps: Mapping[int, Any]) -> float | None:
    altitude = _number(gps.get(ExifTags.GPS.GPSAltitude), 0, 1e7)
    if altitude is None:
        return None
    return -altitude if gps.get(ExifTags.GPS.GPSAltitudeRef) in (1, b"\x01") else altitude
