"""Frame: the pandas face of everything below it.

Takes   a DataFrame, a Series, a list, a folder.          Gives  the same rows with new columns, or one plain record.
May use sources, prompts, backends, store, runner, pandas. Never  changes what it was given, reorders or loses a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.lazy import lazy_exports

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

if TYPE_CHECKING:
    from vlmkit.frame.background import Run
    from vlmkit.frame.description import Description
    from vlmkit.frame.estimation import Estimate, estimate
    from vlmkit.frame.history import runs
    from vlmkit.frame.images import read_images
    from vlmkit.frame.inventory import Health, compat, health, models
    from vlmkit.frame.presets import ask, caption, score, tags
    from vlmkit.frame.verbs import describe, describe_iter, describe_one
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "background": "Run",
            "description": "Description",
            "estimation": "Estimate estimate",
            "history": "runs",
            "images": "read_images",
            "inventory": "Health compat health models",
            "presets": "ask caption score tags",
            "verbs": "describe describe_iter describe_one",
        },
    )
