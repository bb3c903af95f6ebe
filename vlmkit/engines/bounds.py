"""Numbers of a checkpoint's settings, compared with the weights that are there and with what any model needs.

Settings decide how much is allocated before the first weight is read: layers are built, pictures enlarged, marks of a
picture repeated. Three million layers, or a longest edge of 200,000 pixels, fill the memory and mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files, tokenizer_bounds
from vlmkit.errors import ModelLoadFailed

__all__ = ["MOST_PIXELS", "MOST_SIDE_PX", "check", "check_processor", "check_settings"]

MOST_SIDE_PX = 8192
"""Side of the largest picture that a model may be shown."""
MOST_PIXELS = 2**25
"""Twice what Qwen3-VL reads, the most of any released model."""
# Marks, tiles and patches of pictures in one prompt: no model reads more tokens of one.
_MOST_OF_PICTURES = 2**17
# Without tensors that say so: no released vision model has more layers, or wider ones.
_FEW_LAYERS = 256
_SMALL_SIZE = 2**16
_LARGE_SIZE = 2**24  # where nothing is known of the weights
# Eight numbers of 2 bits share a word of 16, and several projections one tensor.
_PACKED = 16
_MOST_POSITIONS = 2**27  # Llama 4 names 10 million
_MOST_OTHERS = 2**24  # identities of tokens, and the like

_LAYERS = re.compile(r"(^|_)(n_layers?|layers|num_blocks|depths?)$|num_.*(layers|blocks)$")
_SIZES = re.compile(
    r"(hidden|intermediate|embed|embedding|inner|ffn|mlp|vocab|head|proj|projection|projector|feature|state)_"
    r"(size|dims?|width)$|^(d_model|d_ff|dim|n_embd|n_embed|embed_dim|hidden_dim|width|(num|n)_.*(heads|experts)|"
    r"in_channels|out_channels|num_channels|mlp_dim|out_dim|projection_dim|head_dim)$"
)
_SIDES = re.compile(
    r"(^|_)(image|img|crop|tile|base|max_image|force_image|input|scale)_?(size|resolution)$|^(height|width|size)$"
)
_OF_PICTURES = re.compile(r"image|img|visual|vision|picture|quer(y|ies)|patch|tile|crop|slice|temporal|merge|splits?")
_IDENTITY = re.compile(r"(id|ids|idx|index|token|offset|layers?)$")
# Films and sounds are not asked about here.
_OTHER_MEDIA = re.compile(r"video|audio|speech|sound|feature_extractor")
_NEVER_COUNTED = frozenset({"model_max_length", "max_length", "total_size"})


def check(directory: Path, config: Mapping[str, Any], shapes: Sequence[Sequence[int]], name: str) -> None:
    """Compare a checkpoint's settings with its weights, and with bounds, before anything is built of them.

    Parameters
    ----------
    directory : Path
    config : mapping
        Of config.json.
    shapes : sequence of sequence of int
        Of the weights.
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        A number is beyond its bound, or a settings file cannot be read.
    """
    most_layers = max(_FEW_LAYERS, len(shapes))
    most_size = max(_SMALL_SIZE, _PACKED * max((side for shape in shapes for side in shape), default=0))
    _refuse(_of_config(config, most_layers, most_size), "config.json", name)
    for file in checkpoint_files.PROCESSOR_FILES:
        _refuse(_of_processor(_read(directory / file, name)), file, name)
    _refuse(_of_tokenizer(_read(directory / "tokenizer_config.json", name)), "tokenizer_config.json", name)
    tokenizer_bounds.check(directory / "tokenizer.json", name)


def check_settings(config: Mapping[str, Any], processors: Mapping[str, Any], name: str) -> None:
    """The same as far as it goes without weights.

    Parameters
    ----------
    config : mapping
        Of config.json.
    processors : mapping of str to object
        Contents of other settings by name of the file.
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        A number is beyond its bound.
    """
    _refuse(_of_config(config, _FEW_LAYERS, _LARGE_SIZE), "config.json", name)
    for file in checkpoint_files.PROCESSOR_FILES:
        _refuse(_of_processor(processors.get(file)), file, name)


def check_processor(processor: Any, name: str) -> None:
    """See that a loaded processor enlarges no picture beyond all measure.

    A number of pixels and a side go by the same name in files; the class that reads it tells which is meant.

    Parameters
    ----------
    processor : transformers processor
    name : str

    Raises
    ------
    ModelLoadFailed
        It would.
    """
    part = getattr(processor, "image_processor", None) or processor
    if any(hasattr(kind, "merge_size") or "merge_size" in _parameters(kind) for kind in type(part).__mro__):
        return  # pixels, and bounded already
    sizes = [getattr(part, setting, None) for setting in ("size", "max_image_size", "crop_size")]
    edges = [(key, _within(size, key)) for size in sizes for key in ("longest_edge", "shortest_edge")]
    found = ((key, edge, MOST_SIDE_PX) for key, edge in edges if edge is not None and _is_beyond(edge, MOST_SIDE_PX))
    _refuse(found, "settings of pictures", name)


def _within(size: Any, key: str) -> Any:
    return size.get(key) if isinstance(size, Mapping) else getattr(size, key, None)


def _parameters(kind: type) -> tuple[str, ...]:
    code = getattr(vars(kind).get("__init__"), "__code__", None)
    return code.co_varnames if code else ()


_Found = Iterator[tuple[str, Any, int]]


def _refuse(found: Iterable[tuple[str, Any, int]], file: str, name: str) -> None:
    for key, number, most in found:
        message = (
            f"{name}: {key} is {str(number)[:20]} in its {file}, and its weights, or the pictures of any model, need "
            f"{most} at most. Its files are damaged or hostile: get the model again."
        )
        raise ModelLoadFailed(message)


def _read(file: Path, name: str) -> Any:
    try:
        return checkpoint_files.read_json(file, name)
    except OSError:  # not there; whoever needs it says so
        return {}


def _numbers(value: Any, key: str = "", parent: Mapping[str, Any] | None = None) -> Iterator[tuple[str, Any]]:
    """Every number with the name that it goes by."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _numbers(each, str(name), value)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each, key, parent)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value


def _is_beyond(number: Any, most: int) -> bool:
    # Written so that what is not a number at all (NaN) is beyond any bound.
    return isinstance(number, int | float) and not -most <= number <= most


def _beyond(numbers: Iterable[tuple[str, Any]], most_of: Callable[[str], int | None]) -> _Found:
    for key, number in numbers:
        most = most_of(key)
        if most is not None and _is_beyond(number, most):
            yield key, number, most


def _of_config(config: Mapping[str, Any], most_layers: int, most_size: int) -> _Found:
    def most_of(key: str) -> int | None:
        if _LAYERS.search(key):
            return most_layers
        if _SIDES.search(key) and key != "width":
            return MOST_SIDE_PX
        if _SIZES.search(key):
            return most_size
        if "position" in key:
            return _MOST_POSITIONS
        if _OF_PICTURES.search(key) and not _IDENTITY.search(key):
            return MOST_PIXELS if "pixels" in key else _MOST_OF_PICTURES
        return None

    return _beyond(_numbers(_without_other_media(config)), most_of)


def _of_processor(settings: Any) -> _Found:
    def most_of(key: str) -> int | None:
        if "pixels" in key or "edge" in key:
            return MOST_PIXELS
        if _IDENTITY.search(key) or key in _NEVER_COUNTED:
            return _MOST_OTHERS if _IDENTITY.search(key) else None
        return MOST_SIDE_PX if _SIDES.search(key) else _MOST_OF_PICTURES

    return _beyond(_numbers(_without_other_media(settings)), most_of)


def _of_tokenizer(settings: Any) -> _Found:
    return _beyond(_numbers(settings), lambda key: None if key in _NEVER_COUNTED else _MOST_OTHERS)


def _without_other_media(settings: Any) -> Any:
    if not isinstance(settings, Mapping):
        return settings
    return {key: value for key, value in settings.items() if not _OTHER_MEDIA.search(str(key))}
