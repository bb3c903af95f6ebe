"""One small file of each kind of picture that is read, by name: what fuzzers begin with."""

import io
from functools import cache

import numpy as np
import pillow_heif
from making_pictures import camera_exif, corners, encoded, jpeg_with_everything, noise, png_with_everything
from PIL import Image

SMALL = (48, 36)


def _film(name, **options):
    return encoded(corners(SMALL), name, save_all=True, append_images=[noise(SMALL), corners(SMALL)], **options)


def _heic(**options):
    buffer = io.BytesIO()
    pillow_heif.from_pillow(corners(SMALL)).save(buffer, **options)
    return buffer.getvalue()


def _floats():
    return Image.fromarray(np.linspace(0, 1, 48 * 36, dtype=np.float32).reshape(36, 48))


def _deep():
    return Image.fromarray(np.arange(48 * 36, dtype=np.uint16).reshape(36, 48))


def _pfm():
    return b"Pf\n4 3\n-1.0\n" + np.linspace(0, 1, 12, dtype="<f4").tobytes()


@cache
def picture_seeds() -> dict[str, bytes]:
    """Files by name."""
    picture = corners(SMALL)
    return {
        "JPEG": jpeg_with_everything(picture),
        "JPEG noise": encoded(noise(SMALL), "JPEG", restart_marker_blocks=1),
        "JPEG progressive": encoded(picture, "JPEG", progressive=True, exif=camera_exif(6)),
        "JPEG CMYK": encoded(corners(SMALL, "CMYK"), "JPEG"),
        "JPEG gray": encoded(corners(SMALL, "L"), "JPEG"),
        "MPO": _film("MPO"),
        "PNG": png_with_everything(picture),
        "PNG alpha": encoded(corners(SMALL, "RGBA"), "PNG"),
        "PNG palette": encoded(picture.quantize(16), "PNG", transparency=1),
        "PNG bits": encoded(corners(SMALL, "1"), "PNG"),
        "PNG deep": encoded(_deep(), "PNG"),
        "PNG film": _film("PNG"),
        "GIF": _film("GIF"),
        "GIF still": encoded(picture.quantize(16), "GIF"),
        "WEBP": encoded(picture, "WEBP", exif=camera_exif(3)),
        "WEBP lossless": encoded(corners(SMALL, "RGBA"), "WEBP", lossless=True),
        "WEBP film": _film("WEBP"),
        "TIFF": encoded(picture, "TIFF", exif=camera_exif()),
        "TIFF LZW": encoded(picture, "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": encoded(picture, "TIFF", compression="jpeg"),
        "TIFF deflate": encoded(corners(SMALL, "RGBA"), "TIFF", compression="tiff_adobe_deflate"),
        "TIFF packbits": encoded(corners(SMALL, "L"), "TIFF", compression="packbits"),
        "TIFF fax": encoded(corners(SMALL, "1"), "TIFF", compression="group4"),
        "TIFF CMYK": encoded(corners(SMALL, "CMYK"), "TIFF"),
        "TIFF LAB": encoded(corners(SMALL, "LAB"), "TIFF"),
        "TIFF floats": encoded(_floats(), "TIFF"),
        "TIFF deep": encoded(_deep(), "TIFF"),
        "TIFF big": encoded(picture, "TIFF", big_tiff=True),
        "TIFF pages": _film("TIFF"),
        "BMP": encoded(picture, "BMP"),
        "BMP palette": encoded(picture.quantize(16), "BMP"),
        "DIB": encoded(picture, "DIB"),
        "ICO": encoded(picture, "ICO", sizes=[SMALL]),
        "ICO bitmap": encoded(corners((16, 16), "RGBA"), "ICO", sizes=[(16, 16)], bitmap_format="bmp"),
        "AVIF": encoded(picture, "AVIF"),
        "AVIF film": _film("AVIF"),
        "HEIC": _heic(),
        "HEIC lossless": _heic(quality=-1),
        "JPEG2000": encoded(picture, "JPEG2000"),
        "JPEG2000 stream": encoded(picture, "JPEG2000", no_jp2=True),
        "PPM": encoded(picture, "PPM"),
        "PGM": encoded(corners(SMALL, "L"), "PPM"),
        "PBM": encoded(corners(SMALL, "1"), "PPM"),
        "PPM plain": b"P3\n2 2\n255\n1 2 3 4 5 6 7 8 9 10 11 12\n",
        "PFM": _pfm(),
        "QOI": encoded(picture, "QOI"),
    }
