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
from typing import Any, Literal, get_args

from vlmkit.errors import ModelLoadFailed

__all__ = ["FAITHFULNESS", "Faithfulness", "Verdict", "check_right", "verdict"]

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
class Verdict:
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


def verdict(model_type: str) -> Verdict:
    """What was measured of a family.

    Parameters
    ----------
    model_type : str
        As config.json names it.
    """
    table = _table()
    found = table["families"].get(model_type.lower().replace("-", "_"))
    if found is None:
        return Verdict(faithfulness="never compared")
    return Verdict(faithfulness=found["verdict"], why=found["why"], mlx_vlm=table["mlx_vlm"])


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
def _table() -> dict[str, Any]:
    text = files("vlmkit.engines.families").joinpath("measured.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _installed() -> str | None:
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version("mlx-vlm")
    return None
