"""Decoded apart, pictures are what they are otherwise; what a process says that decoded them is not believed."""

import zipfile
from datetime import datetime

import pytest
from hostile_pictures import nine, png, saved
from PIL import ExifTags, Image

from vlmkit import settings
from vlmkit.errors import ImageNotFound, ImageTooLarge, RunError, UnreadableImage, UnsupportedFormat
from vlmkit.sources import (
    Limits,
    children,
    decode,
    examine,
    isolation,
    loaded,
    normalize,
    read_header,
    refer,
    thumbnail,
)
from vlmkit.sources.thumbnails import color_grid


def photo():
    """With EXIF that turns it and says when it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Camera"
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = "2024:05:06 07:08:09"
    inner[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    inner[ExifTags.Base.FNumber] = 2.8
    image = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    return saved(image, "JPEG", exif=exif)


@pytest.fixture(scope="module", autouse=True)
def afterwards():
    """No process is left of this module's."""
    yield
    children.close_all()


def both(work):
    """What it gives here, and apart."""
    settings.use(isolate_images=False)
    here = work()
    settings.use(isolate_images=True)
    return here, work()


PICTURES = {"photo": photo(), "png": png(300), **nine(300)}


@pytest.mark.parametrize("name", PICTURES)
def test_it_is_the_same_apart(name, tmp_path):
    """Header with EXIF and digest, picture, thumbnail, colors, what it turned out to be."""
    (tmp_path / "a").write_bytes(PICTURES[name])
    for ref in (refer(PICTURES[name]), refer(str(tmp_path / "a"))):
        here, apart = both(lambda ref=ref: read_header(ref, digest=True, exif=True))
        assert here == apart
    for work in (
        lambda: normalize(ref, 200),
        lambda: decode(normalize(ref, 200, lossless=True)).tobytes(),
        lambda: thumbnail(ref, 50),
        lambda: examine(ref),
        lambda: color_grid(ref, 4).tolist(),
    ):
        here, apart = both(work)
        assert here == apart


def test_times_are_times():
    """Not their text."""
    settings.use(isolate_images=True)
    metadata = read_header(refer(photo())).metadata
    assert metadata.taken_at == datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  a camera's clock has no zone
    assert metadata.taken_at_utc.utcoffset().total_seconds() == 0


def test_a_model_in_this_process_gets_pixels():
    """Not a stranger's compressed bytes, which would be decoded here after all."""
    settings.use(isolate_images=True)
    assert normalize(refer(photo()), 200, lossless=True).media_type == "image/x-portable-pixmap"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"no picture", UnreadableImage), (photo()[:3000], UnreadableImage), (b"%PDF-1", UnsupportedFormat)],
)
def test_faults_are_the_same_apart(data, kind):
    """Type and words."""
    said = []
    for is_apart in (False, True):
        settings.use(isolate_images=is_apart)
        with pytest.raises(kind) as caught:
            normalize(refer(data), 100)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_limits_hold_apart(tmp_path):
    """Of pixels, formats and memory; a missing file is missing."""
    settings.use(isolate_images=True, largest_image_pixels=1000)
    with pytest.raises(ImageTooLarge, match="largest_image_pixels"):
        normalize(refer(photo()), 100)
    settings.use(largest_image_pixels=None, image_formats=["png"])
    with pytest.raises(UnsupportedFormat, match="image_formats"):
        read_header(refer(photo()))
    with pytest.raises(ImageNotFound):
        read_header(refer(str(tmp_path / "none.jpg")))


def test_what_is_foreign(tmp_path):
    """What comes from archives and URLs, also once its bytes are here; not the user's own files and objects."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.jpg", photo())
    (tmp_path / "a.jpg").write_bytes(photo())
    limits = Limits.in_force(isolate_images="foreign")
    member = refer(f"{tmp_path}/a.zip/a.jpg")
    for ref, is_foreign in (
        (member, True),
        (loaded(member), True),
        (refer("https://example.org/a.jpg"), True),
        (refer(str(tmp_path / "a.jpg")), False),
        (loaded(refer(str(tmp_path / "a.jpg"))), False),
        (refer(photo()), False),
    ):
        assert isolation.is_apart(ref, limits) is is_foreign, ref
    assert not isolation.is_apart(refer(Image.new("RGB", (9, 9))), Limits.in_force(isolate_images=True))


@pytest.mark.parametrize(
    ("work", "answer", "block"),
    [
        (lambda ref: normalize(ref, 100), {}, b""),
        (lambda ref: normalize(ref, 100), {"media_type": "text/html", "width": 1, "height": 1}, b"x"),
        (lambda ref: normalize(ref, 100), {"media_type": "image/jpeg", "width": "1", "height": 1}, b"x"),
        (lambda ref: normalize(ref, 100), {"media_type": "image/jpeg", "width": 0, "height": 1}, b"x"),
        (lambda ref: normalize(ref, 100), {"media_type": "image/jpeg", "width": 1, "height": 1}, b""),
        (lambda ref: normalize(ref, 100), {"media_type": "image/x-portable-pixmap", "width": 9, "height": 9}, b"xxx"),
        (lambda ref: normalize(ref, 100), {"fault": "SystemExit", "message": "x"}, b""),
        (lambda ref: normalize(ref, 100), {"fault": "SetupError", "message": "x"}, b""),
        (lambda ref: normalize(ref, 100), {"fault": "__doc__"}, b""),
        (examine, {"is_blank": 1, "tones": None}, b""),
        (examine, {"is_blank": True, "tones": ["a", "b"]}, b""),
        (read_header, {"format": "JPEG"}, b""),
        (read_header, {"format": "JPEG", "metadata": 5}, b""),
    ],
)
def test_nonsense_is_not_believed(monkeypatch, work, answer, block):
    """A process that decoded a hostile file may say anything."""
    settings.use(isolate_images=True)
    monkeypatch.setattr(children, "work", lambda *_: (answer, block))
    with pytest.raises(RunError, match="said what cannot be"):
        work(refer(photo()))
