"""Small encoded pictures for tests, with whatever a camera or a web page may have put into them."""

from io import BytesIO

import numpy as np
from PIL import Image, PngImagePlugin


def corners(size=(80, 60), mode="RGB"):
    """Four corners of four colors, so that every turn and flip shows."""
    image = Image.new("RGB", size, "red")
    width, height = size[0] // 2, size[1] // 2
    image.paste("lime", (width, 0, size[0], height))
    image.paste("blue", (0, height, width, size[1]))
    image.paste("yellow", (width, height, size[0], size[1]))
    return image.convert(mode)


def noise(size=(80, 60), seed=1):
    """Pixels that compress badly, so that a cut anywhere cuts some of them."""
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


def encoded(image, name, **options):
    """A file of it."""
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def camera_exif(orientation=1):
    """What a phone writes: when, with what, where, and a secret in the comment."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Acme\0"
    exif[0x0110] = "  Phone\n 7 "
    exif.get_ifd(0x8769).update(
        {
            0x9003: "2024:02:29 23:30:05",
            0x9291: "25",
            0x9011: "+02:00",
            0xA434: "Acme 4.2 mm",
            0x920A: 4.2,
            0x829D: 1.8,
            0x829A: 0.004,
            0x8827: 100,
            0x9286: b"ASCII\0\0\0SECRET",
        }
    )
    exif.get_ifd(0x8825).update(
        {1: "S", 2: (33.0, 52.0, 7.5), 3: "E", 4: (151.0, 12.0, 36.0), 5: b"\x00", 6: 19.5},
    )
    for folder in (0x8769, 0x8825):  # without the tag itself a TIFF would be written without its folder
        exif[folder] = dict(exif.get_ifd(folder))
    return exif


def jpeg_with_everything(image, **options):
    """A JPEG with EXIF, XMP, Photoshop data, comment, thumbnail and a film behind its end, SECRET in each."""
    plain = encoded(image, "JPEG", exif=camera_exif(), comment=b"SECRET", **options)
    segments = b"".join(
        b"\xff" + bytes([marker]) + (len(body) + 2).to_bytes(2, "big") + body
        for marker, body in (
            (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SECRET</x:xmpmeta>"),
            (0xED, b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x06SECRET"),
            (0xE0, b"JFXX\0\x10SECRET"),
            (0xE2, b"FPXR\0SECRET"),
            (0xEC, b"Ducky SECRET"),
        )
    )
    return plain[:2] + segments + plain[2:] + b"....ftypmp42 SECRET"


def png_with_everything(image):
    """A PNG with text, EXIF, a time and a chunk of its own, SECRET in each."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "SECRET")
    info.add_text("Zipped", "SECRET" * 40, zip=True)
    info.add_itxt("XML:com.adobe.xmp", "SECRET")
    info.add(b"prVt", b"SECRET")
    return encoded(image, "PNG", pnginfo=info, exif=camera_exif()) + b"SECRET"
