"""Which values of a deep picture become black and white: one that uses a part of its range is not sent black."""

from __future__ import annotations

from typing import Any, NamedTuple

from PIL import Image

__all__ = ["Tones", "stretched", "tones_of"]

_PLAIN_SPAN = 2**14
"""A 16-bit picture that uses a quarter of its range is shown as it is: its dark parts are meant to be dark."""
_OUTLIERS_PERCENT = 0.1
_FAR = 4  # an extreme that is so many times as far away as the rest reaches is a dead pixel, not a tone
_MOST_SAMPLED = 1_000_000


class Tones(NamedTuple):
    """Values of a file that are shown as black and as white; those between as gray, those beyond like the nearer."""

    black: float
    white: float


def tones_of(image: Image.Image) -> Tones | None:
    """Tones of a gray picture of more than 8 bits.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded.

    Returns
    -------
    Tones or None
        None where the values are shown as they are: of 8 bits a color; of 16 bits where at least a quarter of the range
        is used; of one value only. Of 32 bits and of floating point the range that is used, as these have no common
        one. Single pixels far away from all others do not count, nor does what is not a number.
    """
    if not (image.mode.startswith("I;16") or image.mode in {"I", "F"}):
        return None
    low, high = _used(_values(image))
    if not high > low or (image.mode.startswith("I;16") and high - low >= _PLAIN_SPAN):
        return None
    return Tones(low, high)


def stretched(image: Image.Image, tones: Tones) -> Image.Image:
    """Picture of mode L with the tones of a deeper one; what is not a number is black.

    Parameters
    ----------
    image : PIL.Image.Image
        As for `tones_of`, or of mode RGB.
    tones : Tones
    """
    import numpy as np

    if image.mode == "RGB":  # of 256 values each is worked out once
        shades = list(_shades(np.arange(256, dtype=np.float32), tones))
        return image.point(shades * 3)
    return Image.fromarray(_shades(_values(image), tones))


def _shades(values: Any, tones: Tones) -> Any:
    """Values as shades of 255, worked out in place: each copy of a large picture is hundreds of megabytes."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        values -= np.float32(tones.black)
        values *= np.float32(255 / (tones.white - tones.black))
        values.clip(0, 255, out=values)
        np.nan_to_num(values, copy=False, nan=0.0)
        return values.round(out=values).astype(np.uint8)


def _values(image: Image.Image) -> Any:
    import numpy as np

    return np.asarray(image).astype(np.float32)


def _used(values: Any) -> tuple[float, float]:
    import numpy as np

    is_known = np.isfinite(values)
    known = values.ravel() if is_known.all() else values[is_known]
    del is_known
    if not known.size:
        return 0.0, 0.0
    low, high = float(known.min()), float(known.max())
    sample = known[:: max(1, known.size // _MOST_SAMPLED)]
    inner_low, inner_high = (
        float(part) for part in np.percentile(sample, (_OUTLIERS_PERCENT, 100 - _OUTLIERS_PERCENT))
    )
    span = inner_high - inner_low
    if span > 0:
        low = inner_low if inner_low - low > _FAR * span else low
        high = inner_high if high - inner_high > _FAR * span else high
    return low, high
