"""What is to be had of a checkpoint without its weights: its settings, the names and sizes of its files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vlmkit.engines import bounds, checkpoint_files, hub, inspection, locate
from vlmkit.errors import ModelLoadFailed, ModelNotFound

__all__ = ["Published", "published"]

_CONFIG = "config.json"
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_TOKENIZER = "tokenizer_config.json"
_BYTES_OF = {"float32": 4, "float64": 8}
_HALF_BYTES = 2
# Packed weights: the type of their words, and the bits of one.
_WORDS = {"U32": 32, "I32": 32}
_SCALE_BYTES = 2


@dataclass(frozen=True, kw_only=True)
class Published:
    """A checkpoint without its weights.

    Attributes
    ----------
    config : dict
        Of config.json.
    processor : dict
        Of preprocessor_config.json and processor_config.json together.
    tokenizer : dict
        Of tokenizer_config.json.
    parameters : int or None
        Weights, unpacked; about, where they are known by the size of their files alone.
    weight_bytes : int or None
    fault : str or None
        Why the weights cannot be read, as far as names and sizes tell.
    missing : str
        What is lacking beside the weights, in words; empty where nothing.
    is_here : bool
        Whether the weights are on this machine.
    """

    config: dict[str, Any]
    processor: dict[str, Any] = field(default_factory=dict)
    tokenizer: dict[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    weight_bytes: int | None = None
    fault: str | None = None
    missing: str = ""
    is_here: bool = False


def published(name: str, *, revision: str | None = None) -> Published:
    """Read the small files of a model: from this machine where it is whole here, else from the Hub, by kilobytes.

    Parameters
    ----------
    name : str
        ``"tiny"``, a directory, or a Hub id.
    revision : str or None, default None
        On the Hub.

    Raises
    ------
    ModelNotFound
        Not here, and not to be had.
    ModelLoadFailed
        Its settings are damaged.
    BadSetting
        A revision of something that has none.
    """
    if not locate.is_on_hub(name):
        return _of_directory(locate.find(name, revision=revision).directory, name)
    snapshot = None if revision else hub.snapshot_of(hub.hub_cache() / f"models--{name.replace('/', '--')}")
    found = None
    with suppress(ModelNotFound):
        found = _of_directory(snapshot, name) if snapshot else None
    if found is not None and found.fault is None:
        return found
    try:
        return _of_listing(hub.look_up(name, [_CONFIG, *_PROCESSORS, _TOKENIZER], revision=revision), name)
    except ModelNotFound:
        if found is None:
            raise
        return found  # half a download is all there is to be had


def _of_directory(directory: Path, name: str) -> Published:
    config = inspection.read_config(directory, name)
    settings = {file: _settings(directory / file, name) for file in (*_PROCESSORS, _TOKENIZER)}
    bounds.check_settings(config, settings, name)
    try:
        checkpoint = inspection.inspect(directory, name=name, allow_code=name)
    except ModelLoadFailed as error:
        return _put_together(config, settings, fault=str(error))
    return _put_together(
        config,
        settings,
        parameters=checkpoint.parameters,
        weight_bytes=checkpoint.weight_bytes,
        missing=checkpoint.missing,
        is_here=True,
    )


def _of_listing(listing: hub.Listing, name: str) -> Published:
    config = listing.settings.get(_CONFIG)
    if config is None:
        message = f"{name} has no config.json on the Hub, so it is not a model for this process. Name another one."
        raise ModelNotFound(message)
    bounds.check_settings(config, listing.settings, name)
    sizes = [size for file, size in listing.sizes.items() if inspection.is_weights(file)]
    if not sizes:
        return _put_together(config, listing.settings, fault=inspection.no_weights([*listing.sizes], name, "the Hub"))
    parameters = _counted(listing.elements, config) or _estimated(sum(sizes), config)
    missing = inspection.missing_settings([*listing.sizes])
    return _put_together(config, listing.settings, parameters=parameters, weight_bytes=sum(sizes), missing=missing)


def _put_together(config: dict[str, Any], settings: Mapping[str, dict[str, Any]], **weights: Any) -> Published:
    old, new = (settings.get(file, {}) for file in _PROCESSORS)
    nested = new.get("image_processor")
    processor = old | new | (nested if isinstance(nested, dict) and not old else {})
    processor.pop("image_processor", None)
    return Published(config=config, processor=processor, tokenizer=settings.get(_TOKENIZER, {}), **weights)


def _settings(file: Path, name: str) -> dict[str, Any]:
    with suppress(OSError, ModelLoadFailed):
        content = checkpoint_files.read_json(file, name)
        return content if isinstance(content, dict) else {}
    return {}


def _packing(config: Mapping[str, Any]) -> tuple[int, int] | None:
    """Bits of a packed weight, and how many of them share a scale; None where weights are plain."""
    for key in ("quantization", "quantization_config"):
        table = config.get(key)
        if isinstance(table, dict) and isinstance(table.get("bits"), int) and table["bits"] > 0:
            group = table.get("group_size")
            return table["bits"], group if isinstance(group, int) and group > 0 else 64
    return None


def _counted(elements: Mapping[str, int], config: Mapping[str, Any]) -> int:
    """Weights by what the Hub counted of each type; scales of packed ones are none."""
    packing = _packing(config)
    plain = sum(count for kind, count in elements.items() if packing is None or kind not in _WORDS)
    if packing is None:
        return plain
    bits, group = packing
    packed = sum(count * width // bits for kind, width in _WORDS.items() if (count := elements.get(kind, 0)))
    return plain + packed - min(plain, 2 * packed // group)


def _estimated(weight_bytes: int, config: Mapping[str, Any]) -> int:
    if packing := _packing(config):
        bits, group = packing
        return int(weight_bytes / (bits / 8 + 2 * _SCALE_BYTES / group))
    named = config.get("dtype") or config.get("torch_dtype")
    return weight_bytes // (_BYTES_OF.get(named, _HALF_BYTES) if isinstance(named, str) else _HALF_BYTES)
