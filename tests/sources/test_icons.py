"""Icons are decoded while they are opened, so their pictures are measured first."""

import struct
from io import BytesIO

import pytest
from hostile_pictures import icon
from PIL import Image

from vlmkit.errors import ImageTooLarge
from vlmkit.sources import normalize, read_header, refer
from vlmkit.sources.icons import check_icon


def test_an_icon_with_a_large_picture_in_it_is_not_decoded():
    """Its own list says 64 × 64."""
    for look in (read_header, lambda ref: normalize(ref, 100)):
        with pytest.raises(ImageTooLarge, match="an icon with a picture of 3000 × 3000 pixels"):
            look(refer(icon(3000)))


@pytest.mark.parametrize("layout", ["png", "bmp"])
@pytest.mark.parametrize("side", [16, 256])
def test_icons_are_read(layout, side):
    """With PNGs or bitmaps in them."""
    buffer = BytesIO()
    Image.new("RGBA", (side, side), "red").save(buffer, "ICO", sizes=[(side, side)], bitmap_format=layout)
    assert read_header(refer(buffer.getvalue())).width == side


@pytest.mark.parametrize(
    "head", [struct.pack("<Iiiii", 40, 5000, -10000, 0, 0), struct.pack("<IHHHH", 12, 5000, 10000, 1, 8)]
)
def test_bitmaps_are_measured_too(head):
    """With the long header, upside down, and with the old short one."""
    data = struct.pack("<HHHBBBBHHII", 0, 1, 1, 64, 64, 0, 0, 1, 32, 100, 22) + head.ljust(100, b"\0")
    with pytest.raises(ImageTooLarge, match="5000 × 5000"):
        check_icon(BytesIO(data), "a.ico")
