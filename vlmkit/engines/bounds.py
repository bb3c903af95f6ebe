"""Numbers of a checkpoint's settings, and rules of its tokenizer, compared with what any model needs.

Settings decide how much is allocated before the first weight is read: layers are built, pictures enlarged, marks of a
picture repeated. Three million layers, or a longest edge of 200,000 pixels, fill the memory and mean nothing.

A tokenizer.json rewrites a text by rules, and rules in a row can multiply it. The library that reads it is Rust and
asks for all the memory that the rules want. So the few settings that can multiply are read beforehand, without the
vocabulary, which is most of the file.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files
from vlmkit.errors import ModelLoadFailed

__all__ = [
    "MOST_GROWTH",
    "MOST_MODEL_PIXELS",
    "MOST_SIDE_PX",
    "check_bounds",
    "check_processor",
    "check_settings",
    "check_tokenizer",
    "growth",
]

MOST_SIDE_PX = 8192
"""Side of the largest picture that a model may be shown."""
MOST_MODEL_PIXELS = 2**25
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


def check_bounds(directory: Path, config: Mapping[str, Any], shapes: Sequence[Sequence[int]], name: str) -> None:
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
    check_tokenizer(directory / "tokenizer.json", name)


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
            return MOST_MODEL_PIXELS if "pixels" in key else _MOST_OF_PICTURES
        return None

    return _beyond(_numbers(_without_other_media(config)), most_of)


def _of_processor(settings: Any) -> _Found:
    def most_of(key: str) -> int | None:
        if "pixels" in key or "edge" in key:
            return MOST_MODEL_PIXELS
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


MOST_GROWTH = 256
"""Characters that may come of one: Unicode's own rules make 18 at most, and other rules double them."""
_MOST_RULES = 64
_MOST_DEPTH = 16
_MOST_PADDING = 2**16
_MOST_SECTION_BYTES = 4 * 2**20
_MOST_MARKS = 64  # of a template around a text

_SECTION = re.compile(rb'"(normalizer|pre_tokenizer|post_processor|decoder|padding)"\s*:\s*')
# A letter written as an escape: no tool does so, and a name of a section could hide behind it.
_HIDDEN_LETTER = re.compile(rb"(?<!\\)(?:\\\\)*\\u00(?:5[fF]|6[1-9a-fA-F]|7[0-9aA])")
_CHILDREN = ("normalizers", "pretokenizers", "decoders", "processors")


def check_tokenizer(file: Path, name: str) -> None:
    """See that a tokenizer's rules multiply no text beyond measure.

    Parameters
    ----------
    file : Path
        A tokenizer.json; one that is not there has none.
    name : str
        What messages call the model.

    Raises
    ------
    ModelLoadFailed
        They do, or cannot be read.
    """
    try:
        with checkpoint_files.opened(file, name) as stream:
            data = stream.read(checkpoint_files.size_limit(file.name) or 0)
    except OSError:
        return
    try:
        _check_rules(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error) as error:
        message = f"{name}: {file} cannot be used: {error}. Get the model again, or name another one."
        raise ModelLoadFailed(message) from error


def _check_rules(data: bytes) -> None:
    ways = {"decoder": 1, "": 1}  # from tokens to text, and from text to tokens
    for section, content in _sections(data):
        if section == "padding":
            _check_padding(content)
        else:
            ways["decoder" if section == "decoder" else ""] *= growth(content)
    if max(ways.values()) > MOST_GROWTH:
        grown = f"{max(ways.values())}"[:12]
        raise ValueError(f"its rules can make {grown} characters or more of one, and {MOST_GROWTH} is the most")


def growth(rule: Any) -> int:
    """Most characters that a rule makes of one.

    Parameters
    ----------
    rule : dict, list of dict, or None
        As a tokenizer.json has it.

    Raises
    ------
    ValueError
        There are too many rules.
    """
    rules = list(_flat(rule))
    if len(rules) > _MOST_RULES:
        raise ValueError(f"it has {len(rules)} rules, and {_MOST_RULES} is the most")
    return prod(map(_growth_of_one, rules))


def _sections(data: bytes) -> Iterator[tuple[str, Any]]:
    if _HIDDEN_LETTER.search(data):
        raise ValueError("it writes plain letters as escapes")
    for match in _SECTION.finditer(data):
        window = data[match.end() : match.end() + _MOST_SECTION_BYTES].decode("utf-8", errors="ignore")
        section = match[1].decode()
        content, _ = json.JSONDecoder().raw_decode(window)
        # In a vocabulary the name may be a word's, whose value is a number.
        if isinstance(content, dict):
            yield section, content


def _flat(rule: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > _MOST_DEPTH:
        raise ValueError("its rules are nested too deeply")
    if isinstance(rule, list):
        for each in rule:
            yield from _flat(each, depth + 1)
    elif isinstance(rule, dict):
        yield rule
        for key in _CHILDREN:
            yield from _flat(rule.get(key), depth + 1)


def _growth_of_one(rule: dict[str, Any]) -> int:
    kind = rule.get("type")
    if kind == "Replace":
        return _of_replacement(rule["pattern"], rule["content"])
    if kind == "Prepend":
        return 1 + len(rule["prepend"])
    if kind == "ByteLevel":
        return 2  # a byte beyond ASCII becomes a character of two
    if kind == "Precompiled":
        return _of_table(rule["precompiled_charsmap"])
    if kind == "TemplateProcessing":
        return _of_template(rule)
    return 1


def _of_replacement(pattern: dict[str, Any], content: str) -> int:
    # What a regular expression finds may be as short as nothing, between any two characters.
    found = len(pattern["String"]) if "String" in pattern else 0
    return max(1, -(-len(content) // found)) if found else 1 + len(content)


def _of_table(coded: str | None) -> int:
    """Longest entry of a table of characters, as sentencepiece writes it: a tree of given length, then the texts."""
    data = base64.b64decode(coded or "")
    if len(data) < 4:
        return 1
    (size,) = struct.unpack_from("<I", data)
    return max(1, *(len(text.decode("utf-8", errors="replace")) for text in data[4 + size :].split(b"\0")))


def _of_template(rule: dict[str, Any]) -> int:
    """How often a template shows its text; the marks around it are few."""
    pieces = [*(rule.get("single") or ()), *(rule.get("pair") or ())]
    marks = rule.get("special_tokens") or {}
    if len(pieces) > _MOST_MARKS or any(len(mark["ids"]) > _MOST_MARKS for mark in marks.values()):
        raise ValueError("it puts more marks around a text than any model reads")
    shown = _times_shown(rule.get("single") or ())
    return max(1, shown)


def _times_shown(pieces: Iterable[dict[str, Any]]) -> int:
    return sum("Sequence" in piece for piece in pieces)


def _check_padding(content: dict[str, Any]) -> None:
    strategy = content.get("strategy")
    fixed = strategy.get("Fixed") if isinstance(strategy, dict) else 0
    for number in (fixed, content.get("pad_to_multiple_of") or 0):
        if not isinstance(number, int) or number > _MOST_PADDING:
            raise ValueError(f"it fills every text up to {number} tokens")
