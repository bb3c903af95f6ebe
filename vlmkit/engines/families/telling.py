"""What is to be said of a model that wrote something, by its name alone; nothing is opened or downloaded."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from vlmkit.backends.registry import parse
from vlmkit.engines import checkpoint_files, hub, locate
from vlmkit.engines.families.verdicts import verdict
from vlmkit.errors import SetupError

__all__ = ["verdict_on"]


def verdict_on(model: str) -> str:
    """Sentences about how faithful a model's answers are; empty where it ran elsewhere, or is not here any more.

    Parameters
    ----------
    model : str
        Full name, as ``mlx:...``.
    """
    with suppress(SetupError, OSError, KeyError, TypeError):
        name = parse(model)
        if name.engine != "mlx":
            return ""
        is_local = name.name == "tiny" or Path(name.name).is_dir()
        directory = locate.find(name.name).directory if is_local else hub.find_here(name.name)
        config = checkpoint_files.read_json(directory / "config.json", name.name)
        found = verdict(str(config["model_type"]))
        return " ".join(dict.fromkeys((found.sentence, *found.remarks)))
    return ""
