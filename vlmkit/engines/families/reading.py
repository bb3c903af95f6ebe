"""One configuration as two libraries read it: transformers' classes and mlx_vlm's, defaults filled in.

Nothing of a checkpoint runs: classes are looked up by the name of the architecture, and only in transformers itself.

Imported on the desk only.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import Parameter, signature
from types import ModuleType
from typing import Any

from mlx_vlm.utils import get_model_and_args, update_module_configs
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

__all__ = ["TEXT_KEYS", "Part", "arguments", "mlx_class", "read", "transformers_parts", "written"]

# Under these names a file nests the settings of the language model.
TEXT_KEYS = ("text_config", "llm_config", "language_config")
_PARTS = ("", "text_config", "vision_config")
_MODULES = ("text", "vision", "perceiver", "projector", "audio")


@dataclass(frozen=True)
class Part:
    """The whole model, its language model or its vision tower.

    Attributes
    ----------
    name : str
        ``""``, ``"text_config"`` or ``"vision_config"``.
    transformers : transformers configuration or None
        None where transformers does not know the architecture.
    mlx : mlx_vlm configuration
    written : dict
        Where the file names the settings of this part.
    """

    name: str
    transformers: Any
    mlx: Any
    written: dict[str, Any]


def read(config: Mapping[str, Any]) -> list[Part]:
    """The parts of a configuration, as both libraries read them; raises whatever mlx_vlm's classes raise."""
    own = _mlx(config)
    known = _transformers(config)
    parts = []
    for name in _PARTS:
        mlx = getattr(own, name) if name and hasattr(own, name) else None if name else own
        if mlx is not None and not isinstance(mlx, dict):
            parts.append(Part(name, _part(known, name, config), mlx, written(config, name)))
    return parts


def transformers_parts(config: Mapping[str, Any]) -> dict[str, Any]:
    """What transformers makes of each part; None where it does not know the architecture."""
    known = _transformers(config)
    return {name: _part(known, name, config) for name in _PARTS}


def written(config: Any, part: str) -> dict[str, Any]:
    """Where a file names the settings of a part: its own table, or the file's top where families keep them there."""
    keys = TEXT_KEYS if part == "text_config" else (part,)
    tables = (config.get(key) for key in keys)
    found: dict[str, Any] | None = next((table for table in tables if isinstance(table, dict)), None)
    return config if found is None and part != "vision_config" else {} if found is None else found


def mlx_class(config: Mapping[str, Any], part: str) -> Any:
    """mlx_vlm's class for a part; None where the family has none."""
    module = _module(config)
    return getattr(
        module, {"": "ModelConfig", "text_config": "TextConfig", "vision_config": "VisionConfig"}[part], None
    )


def arguments(mlx: Any) -> dict[str, bool]:
    """Settings that a class of mlx_vlm takes, and whether it can do without."""
    return {name: field.default is Parameter.empty for name, field in signature(mlx).parameters.items()}


def _module(config: Mapping[str, Any]) -> ModuleType:
    module: ModuleType = get_model_and_args(dict(config))[0]
    return module


def _mlx(config: Mapping[str, Any]) -> Any:
    """What `mlx_vlm.utils.load_model` makes of a configuration before it builds the model."""
    settings = copy.deepcopy(dict(config))
    module = _module(settings)
    settings.setdefault("text_config", settings.pop("llm_config", {}))
    settings.setdefault("vision_config", {})
    settings.setdefault("audio_config", {})
    # The file of generation settings brings it, and some classes insist on it.
    settings.setdefault("eos_token_id", [])
    whole = module.ModelConfig.from_dict(settings)
    return update_module_configs(whole, module, settings, _MODULES)


def _transformers(config: Mapping[str, Any]) -> Any:
    name = config.get("model_type")
    if name not in CONFIG_MAPPING_NAMES:
        return None
    with _quiet():
        try:
            return CONFIG_MAPPING[name].from_dict(copy.deepcopy(dict(config)))
        except Exception:  # noqa: BLE001  what transformers cannot read is not compared
            return None


def _part(known: Any, name: str, config: Mapping[str, Any]) -> Any:
    whole = known is not None and "text_config" in (getattr(known, "sub_configs", None) or {})
    if whole:
        return getattr(known, name, None) if name else known
    if not name:
        return None
    own = written(config, name)
    return None if own is config or not own.get("model_type") else _transformers(own)


@contextmanager
def _quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
