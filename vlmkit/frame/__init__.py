"""Frame: the pandas face of everything below it.

Takes   a DataFrame, a Series, a list, a folder.          Gives  the same rows with new columns, or one plain record.
May use sources, prompts, backends, store, runner, pandas. Never  changes what it was given, reorders or loses a row."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlmkit.frame.background import Run
    from vlmkit.frame.compatibility import compat
    from vlmkit.frame.description import Description
    from vlmkit.frame.estimation import Estimate, estimate
    from vlmkit.frame.history import runs
    from vlmkit.frame.images import read_images
    from vlmkit.frame.inventory import Health, health, models
    from vlmkit.frame.presets import ask, caption, score, tags
    from vlmkit.frame.verbs import describe, describe_iter, describe_one

__all__ = [
    "Description",
    "Estimate",
    "Health",
    "Run",
    "ask",
    "caption",
    "compat",
    "describe",
    "describe_iter",
    "describe_one",
    "estimate",
    "health",
    "models",
    "read_images",
    "runs",
    "score",
    "tags",
]

# `import vlmkit` must not load Pillow and all the rest.
_MODULE_OF = dict.fromkeys(__all__, "vlmkit.frame.verbs") | {
    "Description": "vlmkit.frame.description",
    "Estimate": "vlmkit.frame.estimation",
    "Health": "vlmkit.frame.inventory",
    "ask": "vlmkit.frame.presets",
    "caption": "vlmkit.frame.presets",
    "compat": "vlmkit.frame.compatibility",
    "estimate": "vlmkit.frame.estimation",
    "health": "vlmkit.frame.inventory",
    "models": "vlmkit.frame.inventory",
    "Run": "vlmkit.frame.background",
    "read_images": "vlmkit.frame.images",
    "runs": "vlmkit.frame.history",
    "score": "vlmkit.frame.presets",
    "tags": "vlmkit.frame.presets",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'vlmkit.frame' has no attribute {name!r}; it has: {', '.join(__all__)}.")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
