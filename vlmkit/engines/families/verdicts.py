"""How near each family comes to transformers, as it was measured: the same answers, nearly, others, or wrong ones.

The table is written by the recorded comparisons of the test suite, with the version of mlx_vlm they ran on. It is read
without mlx, so that it can be asked before anything is downloaded.
"""

from __future__ import annotations

import importlib.metadata
import json
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args

from vlmkit.backends import parse
from vlmkit.engines import checkpoint_files, hub, locate
from vlmkit.errors import ModelLoadFailed, SetupError

__all__ = ["FAITHFULNESS", "Faithfulness", "FamilyVerdict", "check_right", "serving", "verdict", "verdict_on"]

Faithfulness = Literal["same", "nearly", "differs", "wrong", "fails", "never compared"]
FAITHFULNESS: tuple[str, ...] = get_args(Faithfulness)

_SAID = {
    "same": "Its answers are those of transformers",
    "nearly": "Its answers are nearly those of transformers",
    "differs": "Its answers differ from those of transformers",
    "wrong": "Its answers are wrong",
    "fails": "It cannot be opened",
    "never compared": "Its answers were never compared with those of transformers",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilyVerdict:
    """What is known of a family.

    Attributes
    ----------
    faithfulness : {"same", "nearly", "differs", "wrong", "fails", "never compared"}
        Answers of this engine beside those of transformers.
    why : str, default ""
        What differs, and when; empty where nothing does.
    mlx_vlm : str or None, default None
        Version it was measured with; None where it was not.
    """

    faithfulness: Faithfulness
    why: str = ""
    mlx_vlm: str | None = None

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        return f"{_SAID[self.faithfulness]}{': ' if self.why else ''}{self.why}."

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences about what is to be known; none where nothing differs, and all is as it was measured."""
        remarks = () if self.faithfulness == "same" and not self.why else (self.sentence,)
        installed = _installed()
        if self.mlx_vlm is None or installed is None or installed == self.mlx_vlm:
            return remarks
        return (*remarks, f"That was measured with mlx_vlm {self.mlx_vlm}, and {installed} is installed.")


def verdict(model_type: str) -> FamilyVerdict:
    """What was measured of a family.

    Parameters
    ----------
    model_type : str
        As config.json names it.
    """
    table = _table("measured.json")
    found = table["families"].get(model_type.lower().replace("-", "_"))
    if found is None:
        return FamilyVerdict(faithfulness="never compared")
    return FamilyVerdict(faithfulness=found["verdict"], why=found["why"], mlx_vlm=table["mlx_vlm"])


def check_right(name: str, model_type: str, *, allow_wrong: str | None) -> None:
    """Refuse a model whose family was found to answer wrongly, unless it is asked for by name.

    Parameters
    ----------
    name : str
        As its user wrote it.
    model_type : str
    allow_wrong : str or None
        Name of the model to open all the same.

    Raises
    ------
    ModelLoadFailed
        What is wrong, and what to do.
    """
    found = verdict(model_type)
    if found.faithfulness == "wrong" and allow_wrong != name:
        message = (
            f"{name} is not opened, as its family, {model_type}, answers wrongly here: {' '.join(found.remarks)} Name "
            f"a model of another family, ask a server for it, or open it all the same with allow_wrong={name!r}."
        )
        raise ModelLoadFailed(message)


@cache
def _table(file: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(files(__package__).joinpath(file).read_text(encoding="utf-8"))
    return table


def _installed() -> str | None:
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("mlx-vlm")
    return None


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


def serving(model_type: str) -> str | None:
    """How a family is served: ``"batched"`` or ``"one by one"``; None where it was not tried.

    Parameters
    ----------
    model_type : str
        As config.json names it.
    """
    found: str | None = _table("serving.json").get(model_type.lower().replace("-", "_"))
    return found
