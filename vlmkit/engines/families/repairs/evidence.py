"""What repairs look at: the whole configuration, and whether a function of mlx_vlm still reads as it did.

Imported on the desk only.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import transformers

__all__ = ["complete", "reads"]


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


def reads(function: Callable[..., Any], text: str) -> bool:
    """Whether the source of a function holds a text: for faults that cost too much to provoke at each load.

    Parameters
    ----------
    function : callable
    text : str
    """
    return text in inspect.getsource(function)
