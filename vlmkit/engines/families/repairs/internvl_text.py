"""InternVL as transformers lays it out: more text models than Qwen 3.

mlx_vlm builds each with Qwen 3's text model. InternVL 3 has Qwen 2's, whose weights do not fit into it; others have
Llama's. mlx_vlm has these text models, too: the one that the checkpoint names stands in for Qwen 3's while the
checkpoint is loaded.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from vlmkit.engines.families.repairs.repair import Repair

__all__ = ["REPAIR"]

# Compared with transformers; others are left to mlx_vlm, which refuses weights that do not fit.
_COMPARED = frozenset({"llama", "qwen2"})


def _prepare(config: dict[str, Any]) -> AbstractContextManager[None] | None:
    kind = config.get("text_config", {}).get("model_type")
    if kind not in _COMPARED or _family().LanguageModel.__module__ != "mlx_vlm.models.qwen3.language":
        return None
    return _standing_in(kind)


def _family() -> Any:
    # Not at the top: it hooks its processor in, which nobody needs who loads another family.
    return importlib.import_module("mlx_vlm.models.internvl")


@contextmanager
def _standing_in(kind: str) -> Iterator[None]:
    language = importlib.import_module(f"mlx_vlm.models.{kind}.language").LanguageModel
    settings = importlib.import_module(f"mlx_vlm.models.{kind}.config").ModelConfig
    family = _family()
    before = family.LanguageModel, family.TextConfig
    family.LanguageModel = family.internvl.LanguageModel = language
    family.TextConfig = settings
    try:
        yield
    finally:
        family.LanguageModel, family.TextConfig = before
        family.internvl.LanguageModel = before[0]


REPAIR = Repair(
    families=frozenset({"internvl"}),
    remark="mlx_vlm builds every InternVL on Qwen 3; here it is built on the text model that the checkpoint names.",
    before_load=_prepare,
)
