"""vlmkit: a pile of images becomes a pandas DataFrame of descriptions.

Takes   a folder, a column of paths or pictures, and a vision-language model's name.
Gives   new columns, and `df.vlm`.          May use every room, opened when a verb is first called.
Never   loads a model, a heavy library or a setting on import."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vlmkit import startup as _startup

if not _startup.guard():  # the command imports pandas only for what needs it: its help does not
    from vlmkit import accessor as _accessor  # noqa: F401  importing it registers df.vlm

if TYPE_CHECKING:
    from vlmkit.backends import load
    from vlmkit.evaluation import assert_quality, calibrate, check, compare, evaluate, lint, verify
    from vlmkit.exporters import read_dataset, read_sidecars
    from vlmkit.frame import (
        ask,
        caption,
        compat,
        describe,
        describe_iter,
        describe_one,
        estimate,
        health,
        models,
        read_images,
        runs,
        score,
        tags,
    )
    from vlmkit.server import serve
    from vlmkit.settings import use
    from vlmkit.views import compare_view, explain, pick_model

__version__ = "0.1.0"

__all__ = [
    "ask",
    "assert_quality",
    "calibrate",
    "caption",
    "check",
    "compare",
    "compare_view",
    "compat",
    "describe",
    "describe_iter",
    "describe_one",
    "estimate",
    "evaluate",
    "explain",
    "health",
    "lint",
    "load",
    "models",
    "pick_model",
    "read_dataset",
    "read_images",
    "read_sidecars",
    "runs",
    "score",
    "serve",
    "tags",
    "use",
    "verify",
]

_ROOM_OF = dict.fromkeys(__all__, "vlmkit.frame") | {
    "assert_quality": "vlmkit.evaluation",
    "calibrate": "vlmkit.evaluation",
    "check": "vlmkit.evaluation",
    "compare": "vlmkit.evaluation",
    "compare_view": "vlmkit.views",
    "evaluate": "vlmkit.evaluation",
    "explain": "vlmkit.views",
    "lint": "vlmkit.evaluation",
    "load": "vlmkit.backends",
    "pick_model": "vlmkit.views",
    "read_dataset": "vlmkit.exporters",
    "read_sidecars": "vlmkit.exporters",
    "serve": "vlmkit.server",
    "use": "vlmkit.settings",
    "verify": "vlmkit.evaluation",
}


def __getattr__(name: str) -> Any:
    if name == "store":  # a room that users go into: vk.store.check()
        return import_module("vlmkit.store")
    if name not in _ROOM_OF:
        message = f"module 'vlmkit' has no attribute {name!r}; it has: {', '.join(__all__)}."
        raise AttributeError(message)
    verb = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = verb
    return verb


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
