"""Whether answers of a family share a batch, as the engine's own comparison found with checkpoints of it.

It is asked of every model anew when it is opened; this is what can be said before. Read without mlx.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["serving"]


def serving(model_type: str) -> str | None:
    """How a family is served: ``"batched"`` or ``"one by one"``; None where it was not tried.

    Parameters
    ----------
    model_type : str
        As config.json names it.
    """
    found: str | None = _table().get(model_type.lower().replace("-", "_"))
    return found


@cache
def _table() -> dict[str, Any]:
    text = files("vlmkit.engines.families").joinpath("serving.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table
