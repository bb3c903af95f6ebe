"""What a tokenizer.json may make of a text: it rewrites it by rules, and rules in a row can multiply it.

The library that reads it is Rust and asks for all the memory that the rules want. So the few settings that can
multiply are read beforehand, without the vocabulary, which is most of the file.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any

from vlmkit.engines import checkpoint_files
from vlmkit.errors import ModelLoadFailed

__all__ = ["MOST_GROWTH", "check", "growth"]

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


def check(file: Path, name: str) -> None:
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
            data = stream.read(checkpoint_files.most_bytes(file.name) or 0)
    except OSError:
        return
    try:
        _check(data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, struct.error) as error:
        message = f"{name}: {file} cannot be used: {error}. Get the model again, or name another one."
        raise ModelLoadFailed(message) from error


def _check(data: bytes) -> None:
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
