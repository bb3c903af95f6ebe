"""What repairs look at: the whole configuration, the settings of pictures, the source of a function of mlx_vlm.

Imported on the desk only.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import transformers

from vlmkit.engines import checkpoint_files

__all__ = ["complete", "image_settings", "reads"]

# The later file wins.
_FILES = ("preprocessor_config.json", "processor_config.json")


def complete(config: dict[str, Any]) -> Any:
    """Configuration with every value: transformers' own class for the family fills in what is left out. Needs no torch.

    Parameters
    ----------
    config : dict
        Of config.json.

    Raises
    ------
    ValueError
        transformers does not know the family.
    """
    # The classes take what they use out of the dictionaries in it.
    return transformers.AutoConfig.for_model(**copy.deepcopy(config))


def image_settings(processor: Any, names: Sequence[str]) -> dict[str, Any]:
    """What the files of a checkpoint say of its pictures, whatever its processor made of that.

    Parameters
    ----------
    processor : transformers processor
        Its tokenizer knows the directory.
    names : sequence of str
        Settings that are wanted; those that no file has are left out.
    """
    found: dict[str, Any] = {}
    for file in _FILES:
        with suppress(FileNotFoundError):
            content = checkpoint_files.read_json(Path(processor.tokenizer.name_or_path) / file, "the model")
            found |= content.get("image_processor", content)
    return {name: found[name] for name in names if found.get(name) is not None}


def reads(function: Callable[..., Any], text: str) -> bool:
    """Whether the source of a function holds a text: for faults that cost too much to provoke at each load.

    Parameters
    ----------
    function : callable
    text : str
    """
    return text in inspect.getsource(function)
