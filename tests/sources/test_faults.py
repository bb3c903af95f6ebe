"""Foreign errors become vlmkit's own."""

from __future__ import annotations

import errno
import struct
import zlib

import pytest
from PIL import Image, UnidentifiedImageError

from vlmkit.errors import ImageNotFound, ImageTooLarge, RunError, UnreadableImage, UnreadableReply
from vlmkit.sources.faults import translated


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (OSError(errno.ENOENT, "x"), ImageNotFound, "p.jpg: no such file"),
        (PermissionError(errno.EACCES, "x"), UnreadableImage, "permission denied"),
        (OSError(errno.EIO, "Input/output error"), UnreadableImage, r"cannot be read \(Input/output error\)"),
        (OSError("image file is truncated (3 bytes not processed)"), UnreadableImage, "the data ends too early"),
        (UnidentifiedImageError("cannot identify"), UnreadableImage, "damaged"),
        (SyntaxError("broken PNG file"), UnreadableImage, r"damaged \(SyntaxError: broken PNG file\)"),
        (struct.error("unpack"), UnreadableImage, "damaged"),
        (zlib.error("bad"), UnreadableImage, "damaged"),
        (Image.DecompressionBombError("Image size exceeds limit."), ImageTooLarge, "p.jpg: Image size exceeds"),
        (Image.DecompressionBombWarning("Image size exceeds limit."), ImageTooLarge, "Shrink it first"),
        (MemoryError(), ImageTooLarge, "not enough memory"),
    ],
)
def test_every_foreign_error_has_a_translation(error: Exception, kind: type[RunError], message: str) -> None:
    """The kind, the picture and the remedy are said, and the original is kept as the cause."""
    with pytest.raises(kind, match=message) as caught, translated("p.jpg"):
        raise error
    assert caught.value.__cause__ is error


def test_own_errors_pass_unchanged() -> None:
    """A RunError is not wrapped again."""
    fault = UnreadableReply("x")
    with pytest.raises(UnreadableReply) as caught, translated("p.jpg"):
        raise fault
    assert caught.value is fault


def test_an_interrupt_passes_unchanged() -> None:
    """Ctrl-C is not a damaged picture."""
    with pytest.raises(KeyboardInterrupt), translated("p.jpg"):
        raise KeyboardInterrupt
