"""How much one picture may cost: bytes, pixels, and what a download may do."""

from __future__ import annotations

from dataclasses import dataclass

from vlmkit import settings
from vlmkit.errors import ImageTooLarge

__all__ = ["Limits", "check_bytes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits in force, resolved once for many pictures.

    Attributes
    ----------
    largest_image_bytes : int
        Of the encoded file.
    largest_image_pixels : int
        Width times height as stored.
    largest_download_bytes : int
        Of a body fetched over HTTP.
    download_timeout_s : float or None
        From the first look-up of the name to the last byte, redirects included; None waits for ever.
    allow_private_hosts : bool
        Whether pictures may be fetched from loopback, private and link-local addresses.
    """

    largest_image_bytes: int
    largest_image_pixels: int
    largest_download_bytes: int
    download_timeout_s: float | None
    allow_private_hosts: bool

    @classmethod
    def in_force(cls) -> Limits:
        """Limits as the settings have them now.

        Raises
        ------
        BadSetting
            One of them cannot be used.
        """
        return cls(**{name: settings.get(name) for name in cls.__slots__})


def check_bytes(size_bytes: int, label: str, most_bytes: int) -> None:
    """Make sure that a file is not larger than allowed.

    Parameters
    ----------
    size_bytes : int
    label : str
        What the message calls the picture.
    most_bytes : int
        `Limits.largest_image_bytes`.

    Raises
    ------
    ImageTooLarge
        It is.
    """
    if size_bytes > most_bytes:
        advice = "shrink it, or allow more with vk.use(largest_image_bytes=…)."
        raise ImageTooLarge(
            f"{label}: {size_bytes:,} bytes, more than the {most_bytes:,} that largest_image_bytes allows; {advice}"
        )
