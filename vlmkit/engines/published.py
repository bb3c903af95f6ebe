"""What is to be had of a checkpoint without its weights: its settings, the names and sizes of its files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vlmkit.engines import bounds, checkpoint_files, hub, inspection, locate
from vlmkit.engines.packing import count_weights_by_type, estimate_weights, packing_of
from vlmkit.errors import ModelLoadFailed, ModelNotFound

__all__ = ["Published", "published"]

_CONFIG = "config.json"
_TOKENIZER = "tokenizer_config.json"


@dataclass(frozen=True, kw_only=True)
class Published:
    """A checkpoint without its weights.

    Attributes
    ----------
    config : dict
        Of config.json.
    processor : dict
        As `checkpoint_files.processor_settings` puts it together.
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
        return _of_listing(
            hub.look_up(name, [_CONFIG, *checkpoint_files.PROCESSOR_FILES, _TOKENIZER], revision=revision), name
        )
    except ModelNotFound:
        if found is None:
            raise
        return found  # half a download is all there is to be had


def _of_directory(directory: Path, name: str) -> Published:
    config = inspection.read_config(directory, name)
    settings = {file: _settings(directory / file, name) for file in (*checkpoint_files.PROCESSOR_FILES, _TOKENIZER)}
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
    counted = count_weights_by_type(listing.elements, packing_of(config))
    parameters = counted or estimate_weights(sum(sizes), config)
    missing = inspection.missing_settings([*listing.sizes])
    return _put_together(config, listing.settings, parameters=parameters, weight_bytes=sum(sizes), missing=missing)


def _put_together(config: dict[str, Any], settings: Mapping[str, dict[str, Any]], **weights: Any) -> Published:
    processor = checkpoint_files.processor_settings(settings)
    return Published(config=config, processor=processor, tokenizer=settings.get(_TOKENIZER, {}), **weights)


def _settings(file: Path, name: str) -> dict[str, Any]:
    with suppress(OSError, ModelLoadFailed):
        content = checkpoint_files.read_json(file, name)
        return content if isinstance(content, dict) else {}
    return {}
