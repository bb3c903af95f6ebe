"""A row of the table of repairs, what it looks at to find a fault, and how it changes one object and not its class.

Imported on the desk only.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import transformers

from vlmkit.engines import checkpoint_files

__all__ = ["Repair", "complete_config", "image_settings", "override", "place", "reads"]


@dataclass(frozen=True, kw_only=True)
class Repair:
    """A fault of mlx_vlm and what mends it.

    Attributes
    ----------
    families : frozenset of str
        The ``model_type`` of the checkpoints that may have it.
    remark : str
        What mlx_vlm does otherwise and what is done here: a sentence for users.
    is_for_several : bool, default False
        Whether several pictures in a question are right only with it, where mlx_vlm takes one.
    before_load : callable or None
        Takes the configuration; gives a context to load in, or None where the fault is absent, be it that the
        checkpoint does not meet it or that mlx_vlm has mended it.
    after_load : callable or None
        Takes model, processor and configuration, looks whether the fault is there, mends it and says whether it did.
    """

    families: frozenset[str]
    remark: str
    is_for_several: bool = False
    before_load: Callable[[dict[str, Any]], AbstractContextManager[Any] | None] | None = None
    after_load: Callable[[Any, Any, dict[str, Any]], bool] | None = None


def override(instance: Any, **methods: Any) -> None:
    """Give one object other methods; also those that Python looks up on the class, such as ``__call__``.

    Parameters
    ----------
    instance : object
    **methods : function
        By name; each takes the object first. ``type(instance).__mro__[1]`` is the class before.
    """
    kind = type(instance)
    instance.__class__ = type(kind.__name__, (kind,), {"__module__": kind.__module__, **methods})


def place(words: Any, ids: Any, token: int, features: Any) -> Any:
    """Embeddings of one prompt with features in place of a token.

    Parameters
    ----------
    words : mlx array of shape (1, tokens, width)
    ids : mlx array of shape (1, tokens)
    token : int
    features : mlx array of shape (tokens that are `token`, width)

    Raises
    ------
    ValueError
        There are more features than places, or fewer.
    """
    places = ids == token
    count = int(places.sum().item())
    if features.shape[0] != count:
        message = f"{features.shape[0]} vectors of pictures do not fit into {count} image tokens"
        raise ValueError(message)
    numbers = mx.maximum(mx.cumsum(places.astype(mx.int32), axis=1) - 1, 0)
    return mx.where(places[..., None], features[numbers].astype(words.dtype), words)


def complete_config(config: dict[str, Any]) -> Any:
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
    directory = Path(processor.tokenizer.name_or_path)
    contents: dict[str, Any] = {}
    for file in checkpoint_files.PROCESSOR_FILES:
        with suppress(FileNotFoundError):
            contents[file] = checkpoint_files.read_json(directory / file, "the model")
    found = checkpoint_files.processor_settings(contents)
    return {name: found[name] for name in names if found.get(name) is not None}


def reads(function: Callable[..., Any], text: str) -> bool:
    """Whether the source of a function holds a text: for faults that cost too much to provoke at each load.

    Parameters
    ----------
    function : callable
    text : str
    """
    return text in inspect.getsource(function)
