"""Scripts and styles of the faces: plain files, joined here, because a front end gets one module without a folder."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["script", "style"]


@cache
def script(*names: str) -> str:
    """One ES module of several files; only the last one exports.

    Parameters
    ----------
    *names : str
        Without ending.
    """
    return "\n".join(_read(f"{name}.js") for name in names)


@cache
def style(name: str = "faces") -> str:
    """One style sheet."""
    return _read(f"{name}.css")


def _read(name: str) -> str:
    return files("vlmkit.widgets").joinpath("static", name).read_text(encoding="utf-8")
