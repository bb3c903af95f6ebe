"""Where errors of Pillow and of the file system become vlmkit's own, one place for all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from vlmkit.errors import ImageNotFound, ImageTooLarge, RunError, UnreadableImage

__all__ = ["translated"]

_SYSTEM = {
    errno.ENOENT: "no such file; check the path and the working directory.",
    errno.ENOTDIR: "no such file: a part of the path is a file, not a directory; check the path.",
    errno.EACCES: "permission denied; make the file readable for this user.",
    errno.EPERM: "permission denied; make the file readable for this user.",
    errno.ELOOP: "a symbolic link that leads to itself; mend or remove the link.",
    errno.ENAMETOOLONG: "longer than a path may be; is it text, or base64, instead of a path?",
}


@contextmanager
def translated(label: str) -> Iterator[None]:
    """Turn whatever goes wrong inside into the `RunError` that says it.

    Parameters
    ----------
    label : str
        What the message calls the picture.

    Raises
    ------
    ImageNotFound
        There is no such file.
    UnreadableImage
        The file cannot be read, or its bytes cannot be decoded.
    ImageTooLarge
        Decoding would take more memory than allowed, or than there is.
    """
    try:
        yield
    except RunError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageTooLarge(f"{label}: {error} Shrink it first.") from error
    except MemoryError as error:
        how_much = f" ({error})" if str(error) else ""
        raise ImageTooLarge(f"{label}: not enough memory to decode it{how_much}; shrink it first.") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageNotFound(f"{label}: {_reason(error)}") from error
    except Exception as error:  # decoders of damaged data raise almost every class there is
        raise UnreadableImage(f"{label}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return _SYSTEM.get(error.errno, f"cannot be read ({error.strerror}); check the file and its disk.")
    if "truncated" in str(error).lower():
        return "the data ends too early; fetch or copy the file again."
    return f"damaged ({type(error).__name__}: {error}); fetch or copy the file again."
