"""Pictures of a few kilobytes that decode to hundreds of megabytes, or keep their reader busy."""

import struct
import zlib
from io import BytesIO

from PIL import Image


def saved(image, name, **options):
    """Bytes of a picture in a format."""
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def chunk(kind, data=b""):
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side, *, bits=8, color=6):
    """A PNG whose rows are all alike; color 0 gray, 2 RGB, 6 RGBA."""
    packer = zlib.compressobj(1)
    row_bytes = side * {0: 1, 2: 3, 6: 4}[color] * bits // 8
    row = b"\0\x10" + b"\x20" * (row_bytes - 1)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, bits, color, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND")


def avif(side):
    """A picture of 64 × 48 that says it is this large, and is made so."""
    data = saved(Image.new("RGB", (64, 48), "teal"), "AVIF")
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", side, side) + data[at + 8 :]


def film(name, mode, side, **options):
    """Two frames, of which the first is blank."""
    first, second = Image.new(mode, (side, side)), Image.new(mode, (side, side), 9 if mode == "P" else "red")
    return saved(first, name, save_all=True, append_images=[second], **options)


def floating(side):
    """A TIFF of floating-point values."""
    gray = Image.linear_gradient("L").resize((side, side)).convert("F")
    return saved(gray.point(lambda value: value * 3.0 + 1), "TIFF", compression="tiff_deflate")


def icon(side):
    """An icon that says 64 × 64, with a PNG of another size in it."""
    data = png(side)
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 64, 64, 0, 0, 1, 32, len(data), 22) + data


def nine(side):
    """By name: small in bytes, large in memory."""
    return {
        "AVIF": avif(side),
        "PNG RGBA": png(side),
        "PNG 16 bits": png(side, bits=16),
        "PNG deep gray": png(side, bits=16, color=0),
        "TIFF float": floating(side),
        "JPEG 2000": saved(Image.new("RGBA", (side, side), (3, 4, 5, 6)), "JPEG2000"),
        "GIF": film("GIF", "P", side),
        "APNG": film("PNG", "RGBA", side),
        "WebP": film("WEBP", "RGBA", side, method=0),
    }


def segment(marker, data=b""):
    """One segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def many_parts(count):
    """By name: small pictures with so many parts before their pixels."""
    small = Image.new("RGB", (64, 48), "teal")
    jpeg, tile, gif, jp2 = (saved(small, name) for name in ("JPEG", "PNG", "GIF", "JPEG2000"))
    palette_end = 13 + (3 << ((gif[10] & 7) + 1))
    return {
        "JPEG comments": jpeg[:2] + segment(0xFE) * count + jpeg[2:],
        "JPEG fill bytes": jpeg[:2] + b"\xff" * count + jpeg[2:],
        "JPEG EXIF": jpeg[:2] + segment(0xE1, b"Exif\0\0a") * count + jpeg[2:],
        "PNG texts": tile[:33] + chunk(b"tEXt", b"k\0v") * count + tile[33:],
        "PNG private": tile[:33] + chunk(b"prVt") * count + tile[33:],
        "GIF comments": gif[:palette_end] + b"!\xfe\x01a\0" * count + gif[palette_end:],
        "GIF comment": gif[:palette_end] + b"!\xfe" + b"\x01a" * count + b"\0" + gif[palette_end:],
        "JPEG 2000 boxes": jp2[:12] + (struct.pack(">I", 8) + b"free") * count + jp2[12:],
    }
