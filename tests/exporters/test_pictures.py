"""Pictures as files of a data set."""

from io import BytesIO

import numpy as np
import pytest
from making_pictures import camera_exif, corners, encoded
from package_tree import ROOT
from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.exporters.pictures import file_of_picture, suffix_of
from vlmkit.sources import Limits, refer

TRICKY = ROOT / "datasets" / "tricky"


def made(source, name="x.jpg", **options):
    return file_of_picture(refer(source), name, limits=Limits.in_force(), **{"upright": False, **options})


def test_files_keep_their_bytes():
    """Whatever they contain, and their ending, where it fits."""
    data = encoded(corners(), "JPEG", exif=camera_exif(6))
    file = made(data, "x.JPEG")
    assert (file.data, file.suffix, file.width, file.height) == (data, ".JPEG", 80, 60)
    assert made(encoded(corners(), "PNG"), "x.jpg").suffix == ".png"


def test_upright_turns_and_takes_metadata_off():
    """For readers that do not heed EXIF."""
    file = made(encoded(corners(), "JPEG", exif=camera_exif(6)), upright=True)
    assert (file.width, file.height) == (60, 80)
    assert b"Acme" not in file.data


def test_rare_formats_become_common():
    """HEIC is opened by few programs, and a picture in memory has no file."""
    heic = made(str(TRICKY / "plain.heic"), "plain.heic")
    memory = made(np.zeros((5, 7, 3), dtype="uint8"), "000001")
    assert (heic.suffix, memory.suffix) == (".jpg", ".jpg")
    assert Image.open(BytesIO(heic.data)).format == Image.open(BytesIO(memory.data)).format == "JPEG"


@pytest.mark.parametrize("name", ["PNG", "WEBP", "GIF"])
def test_only_jpeg_means_it(name):
    """Every other format is encoded anew, at its size."""
    file = made(encoded(corners(), name), only_jpeg=True)
    image = Image.open(BytesIO(file.data))
    assert (image.format, image.size, file.suffix) == ("JPEG", (80, 60), ".jpg")


def test_what_is_no_picture_is_a_fault_of_its_row():
    """As everywhere."""
    with pytest.raises(UnreadableImage):
        made(b"no picture")


def test_endings_fit_the_format():
    """Those of the name stay where they do."""
    assert suffix_of("a.JPG", "JPEG") == ".JPG"
    assert suffix_of("a.jpg", "PNG") == ".png"
    assert suffix_of("a", None) == ".jpg"
