"""Write the files that break naive readers, and the manifest of what each must give.

    python datasets/tricky/make.py [FOLDER]

Every good picture shows the same: red, lime, blue and yellow quarters, 64 × 48 pixels, upright. Nothing is random, so
the same versions of Pillow and pillow-heif give the same bytes. What git cannot hold is made by `make_rest` on demand.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

SIZE = (64, 48)
QUARTERS = ("red", "lime", "blue", "yellow")
FIXED_TIME = (2024, 2, 29, 12, 0, 0)

Line = dict[str, Any]


def picture(size: tuple[int, int] = SIZE) -> Image.Image:
    """Draw the four quarters."""
    image = Image.new("RGB", size, QUARTERS[0])
    width, height = size[0] // 2, size[1] // 2
    image.paste(QUARTERS[1], (width, 0, size[0], height))
    image.paste(QUARTERS[2], (0, height, width, size[1]))
    image.paste(QUARTERS[3], (width, height, size[0], size[1]))
    return image


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    """Encode a picture; JPEG without chroma subsampling, so that the quarters keep their edges."""
    buffer = io.BytesIO()
    defaults = {"JPEG": {"quality": 90, "subsampling": 0}, "WEBP": {"lossless": True}, "AVIF": {"quality": 90}}
    image.save(buffer, name, **{**defaults.get(name, {}), **options})
    return buffer.getvalue()


def turned(orientation: int, name: str) -> bytes:
    """Encode the pixels as a camera held otherwise stores them, with the tag that says so."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that `orientation` asks to be undone
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture().transpose(Image.Transpose(undo[orientation]))
    return encoded(stored, name, exif=exif)


def with_position() -> bytes:
    """Encode what a phone knows: camera, time and place."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Acme", "Phone 7"
    exif.get_ifd(0x8769).update({0x9003: "2024:02:29 12:00:00", 0x9011: "+01:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return encoded(picture(), "JPEG", exif=exif)


def in_wide_colors() -> bytes:
    """Encode the quarters in a space whose red and green are swapped, as only its profile says."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", *FIXED_TIME)  # Little CMS writes the present one
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    red, green, blue = picture().split()
    return encoded(Image.merge("RGB", (green, red, blue)), "PNG", icc_profile=bytes(profile))


def film(name: str, **options: Any) -> bytes:
    """Encode the picture and two black frames after it."""
    black = [Image.new("RGB", SIZE), Image.new("RGB", SIZE, "#222")]
    return encoded(picture(), name, save_all=True, append_images=black, **options)


def palette(transparency: int | None = None) -> bytes:
    """Encode by palette; with a transparent entry, the whole background."""
    image = picture().quantize(8)
    return encoded(image, "PNG", **({} if transparency is None else {"transparency": transparency}))


def alpha(name: str) -> bytes:
    """Encode the quarters, half transparent over nothing: they are pale on white."""
    image = picture().convert("RGBA")
    image.putalpha(192)
    return encoded(image, name)


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, bits: int, kind: int, rows: bytes) -> bytes:
    """Write a PNG by hand."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def sixteen_bits() -> bytes:
    """Write 16 bits per channel, which Pillow cannot."""
    samples = b"".join(bytes((value, value)) for value in picture().tobytes())
    stride = SIZE[0] * 6
    return png(*SIZE, 16, 2, b"".join(b"\0" + samples[at : at + stride] for at in range(0, len(samples), stride)))


def heic(image: Image.Image) -> bytes:
    """Encode as a phone does."""
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=90, chroma=444)
    return buffer.getvalue()


def many_scans() -> bytes:
    """Repeat a progressive JPEG's last scan a thousand times: a small file that takes long to decode."""
    data = encoded(picture(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 1000 + data[-2:]


def zipped(files: dict[str, bytes]) -> bytes:
    """Pack a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    """Pack an uncompressed tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def good(about: str, data: bytes, **facts: Any) -> tuple[bytes, Line]:
    """A file that must give the picture; `facts` are what its header must say, and what else differs."""
    return data, {"gives": "picture", "about": about, "width": SIZE[0], "height": SIZE[1], **facts}


def bad(error: str, says: str, about: str, data: bytes) -> tuple[bytes, Line]:
    """A file that must give a row error of this type with these words in it."""
    return data, {"gives": error, "says": says, "about": about}


def good_files() -> dict[str, tuple[bytes, Line]]:
    """Pictures that look the same in spite of everything."""
    jpeg, plain = encoded(picture(), "JPEG"), encoded(picture(), "PNG")
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "not for others")
    files = {
        "upright.jpg": good("nothing special", jpeg, format="JPEG"),
        "UPPER CASE.JPEG": good("ending in capitals, a space", jpeg, format="JPEG"),
        "ünïcödé 猫.jpg": good("a name beyond ASCII", jpeg, format="JPEG"),
        "bracket[1].jpg": good("as a glob pattern this would mean bracket1.jpg", jpeg, format="JPEG"),
        "bracket1.jpg": bad("UnreadableImage", "empty", "what the pattern bracket[1].jpg would match", b""),
        "-dash #hash%20.jpg": good("letters that shells and URLs take for something else", jpeg, format="JPEG"),
        "really-a-png.jpg": good("the ending lies, the content counts", plain, format="PNG"),
        "progressive.jpg": good("several scans", encoded(picture(), "JPEG", progressive=True), format="JPEG"),
        "cmyk-adobe.jpg": good("print colors, inverted", encoded(picture().convert("CMYK"), "JPEG"), format="JPEG"),
        "cmyk.tiff": good("print colors", encoded(picture().convert("CMYK"), "TIFF"), format="TIFF"),
        "several.mpo.jpg": good("further photos in one JPEG", film("MPO", quality=95), format="MPO", frames=3),
        "position.jpg": good(
            "knows where it was taken", with_position(), format="JPEG", taken_at="2024-02-29T12:00:00"
        ),
        "behind-the-end.jpg": good("a film hidden behind the picture", jpeg + b"\0\0\0\x18ftypmp42", format="JPEG"),
        "damaged-profile.jpg": good("half a color profile", encoded(picture(), "JPEG", icc_profile=b"\0" * 200)),
        "damaged-exif.jpg": good("EXIF of nonsense", encoded(picture(), "JPEG", exif=b"Exif\0\0" + b"\xff" * 60)),
        "wide-colors.png": good("colors that only its profile explains", in_wide_colors(), format="PNG"),
        "text.png": good("has a comment in it", encoded(picture(), "PNG", pnginfo=text), format="PNG"),
        "palette.png": good("8 colors by palette", palette(), format="PNG"),
        "sixteen-bits.png": good("16 bits per channel", sixteen_bits(), format="PNG"),
        "alpha.png": good("half transparent: pale on white", alpha("PNG"), format="PNG", tolerance=75),
        "alpha.webp": good("half transparent: pale on white", alpha("WEBP"), format="WEBP", tolerance=75),
        "film.gif": good("the first of three frames", film("GIF"), format="GIF", frames=3),
        "film.webp": good("the first of three frames", film("WEBP"), format="WEBP", frames=3),
        "film.png": good("the first of three frames", film("PNG"), format="PNG", frames=3),
        "pages.tiff": good("the first of three pages", film("TIFF", compression="tiff_lzw"), format="TIFF", frames=3),
        "plain.bmp": good("uncompressed", encoded(picture(), "BMP"), format="BMP"),
        "plain.avif": good("AV1", encoded(picture(), "AVIF"), format="AVIF"),
        "plain.heic": good("as phones store photos", heic(picture()), format="HEIF"),
        "thin.png": good("one pixel wide", png(1, 3000, 8, 0, b"\0\x80" * 3000), width=1, height=3000, quarters=False),
    }
    for orientation in range(2, 9):
        about = f"to be turned: orientation {orientation}"
        files[f"turned-{orientation}.jpg"] = good(about, turned(orientation, "JPEG"), orientation=orientation)
    for name in ("PNG", "WEBP", "TIFF", "AVIF"):
        about = "to be turned, in a format where few look for it"
        files[f"turned-6.{name.lower()}"] = good(about, turned(6, name), orientation=6)
    return files


def bad_files() -> dict[str, tuple[bytes, Line]]:
    """Files that must not become pictures, nor stop anything."""
    jpeg, plain = encoded(picture((640, 480)), "JPEG"), encoded(picture(), "PNG")
    again, foreign = "fetch or copy the file again", "cannot be decoded here; save it as JPEG or PNG"
    flipped = bytearray(plain)
    flipped[plain.index(b"IDAT") + 12] ^= 0xFF
    ended = "the data ends too early"
    return {
        "empty.jpg": bad("UnreadableImage", "empty, 0 bytes", "nothing in it", b""),
        "half.jpg": bad("UnreadableImage", ended, "a download that broke off", jpeg[: len(jpeg) // 2]),
        "almost.jpg": bad("UnreadableImage", ended, "the last bytes are missing", jpeg[:-20]),
        "half.progressive.jpg": bad("UnreadableImage", ended, "as half.jpg, in scans", half_progressive()),
        "stump.jpg": bad("UnreadableImage", ended, "ten bytes", jpeg[:10]),
        "half.png": bad("UnreadableImage", again, "a download that broke off", plain[: len(plain) // 2]),
        "half.webp": bad("UnreadableImage", again, "a download that broke off", half(encoded(picture(), "WEBP"))),
        "half.gif": bad("UnreadableImage", again, "a download that broke off", half(encoded(picture(), "GIF"))),
        "half.tiff": bad("UnreadableImage", again, "a download that broke off", half(encoded(picture(), "TIFF"))),
        "half.avif": bad("UnreadableImage", again, "a download that broke off", half(encoded(picture(), "AVIF"))),
        "half.heic": bad("UnreadableImage", again, "a download that broke off", half(heic(picture()))),
        "flipped.png": bad("UnreadableImage", again, "one byte changed on the way", bytes(flipped)),
        "page.jpg": bad("UnreadableImage", "not a picture", "a web page saved as a photo", b"<!DOCTYPE html><html>404"),
        "zeros.jpg": bad("UnreadableImage", "not a picture", "what a broken disk gives back", b"\0" * 4096),
        "bomb.png": bad("ImageTooLarge", "400,000,000 pixels", "50 kB that unpack to 400 megapixels", bomb()),
        "bomb.gif": bad("ImageTooLarge", "pixels", "26 bytes that ask for 4 gigapixels", bomb_gif()),
        "bomb.tiff": bad("ImageTooLarge", "pixels", "a header that asks for 4 terapixels", bomb_tiff()),
        "scans.jpg": bad("UnreadableImage", "scans", "a thousand scans over the same pixels", many_scans()),
        "paper.jpg": bad("UnsupportedFormat", foreign, "a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".ljust(64)),
        "vector.png": bad("UnsupportedFormat", foreign, "an SVG", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        "program.jpg": bad("UnsupportedFormat", foreign, "PostScript, which is a program", b"%!PS-Adobe-3.0\n"),
        "layers.png": bad("UnsupportedFormat", foreign, "a Photoshop document", b"8BPS\0\1".ljust(64, b"\0")),
    }  # fmt: skip


def half(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


def half_progressive() -> bytes:
    """Half a JPEG whose first scans are whole: naive readers show it as if nothing were missing."""
    return half(encoded(picture((640, 480)), "JPEG", progressive=True))


def bomb() -> bytes:
    """Write a valid picture of one color and 20,000 × 20,000 pixels of one bit."""
    return png(20_000, 20_000, 1, 0, (b"\0" + b"\xff" * 2500) * 20_000)


def bomb_gif() -> bytes:
    """Write a screen and a frame of 65,535 × 65,535 pixels, and not one of them."""
    return b"GIF89a\xff\xff\xff\xff\0\0\0" + b",\0\0\0\0\xff\xff\xff\xff\0\2\0;"


def bomb_tiff() -> bytes:
    """Write a directory that promises 2,000,000 × 2,000,000 pixels."""
    entries = [(256, 4, 2_000_000), (257, 4, 2_000_000), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8)]
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + b"\0\0\0\0"


def archives() -> dict[str, tuple[bytes, Line]]:
    """Archives, whose pictures are rows like any other."""
    members = {
        "sub/10.png": encoded(picture(), "PNG"),
        "sub/2.JPG": encoded(picture(), "JPEG"),
        "../outside.png": encoded(picture(), "PNG"),
        "half.jpg": half(encoded(picture(), "JPEG")),
        "notes.txt": b"not a picture",
    }
    rows = {
        "../outside.png": "picture",
        "half.jpg": "UnreadableImage",
        "sub/2.JPG": "picture",
        "sub/10.png": "picture",
    }
    line = {
        "gives": "archive",
        "about": "three pictures, one of them outside by its name, and half a one",
        "rows": rows,
    }
    return {"packed.zip": (zipped(members), line), "packed.tar": (tarred(members), line)}


def make(folder: Path) -> None:
    """Write all files and the manifest.

    Parameters
    ----------
    folder : Path
        Made if missing; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, (data, line) in {**good_files(), **bad_files(), **archives()}.items():
        (folder / name).write_bytes(data)
        lines.append(json.dumps({"file_name": name, **line}, ensure_ascii=False))
    (folder / "manifest.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def make_rest(folder: Path) -> list[Line]:
    """Make what git cannot hold, as far as this system can.

    Parameters
    ----------
    folder : Path
        Is there already.

    Returns
    -------
    list of dict
        Lines like those of the manifest.
    """
    lines: list[Line] = []

    def attempt(name: str, gives: str, says: str, make_it: Callable[[Path], object]) -> None:
        try:
            make_it(folder / name)
        except (OSError, NotImplementedError, AttributeError):  # Windows has no such names, links or pipes
            return
        lines.append({"file_name": name, "gives": gives, "says": says})

    attempt("folder.png", "UnreadableImage", "a directory, not a picture", lambda path: path.mkdir())
    attempt("nowhere.jpg", "UnreadableImage", "no such file", lambda path: path.symlink_to("missing.jpg"))
    attempt("loop.jpg", "UnreadableImage", "leads to itself", lambda path: path.symlink_to("loop.jpg"))
    attempt("pipe.jpg", "UnreadableImage", "a device or a pipe", os.mkfifo)
    attempt("line\nbreak.png", "picture", "", lambda path: path.write_bytes(encoded(picture(), "PNG")))
    attempt("star*.png", "picture", "", lambda path: path.write_bytes(encoded(picture(), "PNG")))
    attempt("~.png", "picture", "", lambda path: path.write_bytes(encoded(picture(), "PNG")))
    attempt("good-link.png", "picture", "", lambda path: path.symlink_to("plain.bmp"))
    return lines


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(description="Write the files that break naive readers.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).parent)
    make(parser.parse_args().folder)


if __name__ == "__main__":
    main()
