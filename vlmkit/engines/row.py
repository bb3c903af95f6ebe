"""The row by which models of this process are opened, listed and checked; it imports nothing of MLX."""

from __future__ import annotations

from vlmkit.backends import EngineSpec

__all__ = ["MLX"]

MLX = EngineSpec(
    name="mlx",
    opener="vlmkit.engines.mlx:open_engine",
    lister="vlmkit.engines.locate:list_local_models",
    checker="vlmkit.engines.locate:check_local",
    identifier="vlmkit.engines.locate:local_identity",
    list_identifier="vlmkit.engines.locate:local_list_identity",
    inspector="vlmkit.engines.compatibility:compatibility_of",
    in_process=True,
    is_local=True,
)
