"""One configuration as two libraries read it, in the two layouts that checkpoints have.

transformers' classes and mlx_vlm's each fill in defaults of their own. Nothing of a checkpoint runs: classes are looked
up by the name of the architecture, and only in transformers itself.

Releases on the Hub have the layout that mlx_vlm reads. transformers 5 nests the settings of the language model, gives
each part a type of its own, keeps rotary settings and those of single layers in tables, and puts all processor settings
into one file. Nothing of a checkpoint is changed: what has to be written otherwise is written into a directory of links
to its files.

Imported on the desk only.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from inspect import Parameter, signature
from types import ModuleType
from typing import Any

from mlx_vlm.utils import get_model_and_args, update_module_configs
from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

__all__ = [
    "TEXT_KEYS",
    "ConfigPart",
    "arguments",
    "layout_of",
    "mlx_class",
    "read_parts",
    "rewritten",
    "table",
    "transformers_parts",
    "written",
]

# Under these names a file nests the settings of the language model.
TEXT_KEYS = ("text_config", "llm_config", "language_config")
_PARTS = ("", "text_config", "vision_config")
_MODULES = ("text", "vision", "perceiver", "projector", "audio")


@dataclass(frozen=True)
class ConfigPart:
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


def read_parts(config: Mapping[str, Any]) -> list[ConfigPart]:
    """The parts of a configuration, as both libraries read them; raises whatever mlx_vlm's classes raise."""
    own = _mlx(config)
    known = _transformers(config)
    parts = []
    for name in _PARTS:
        mlx = getattr(own, name) if name and hasattr(own, name) else None if name else own
        if mlx is not None and not isinstance(mlx, dict):
            parts.append(ConfigPart(name, _part(known, name, config), mlx, written(config, name)))
    return parts


def transformers_parts(config: Mapping[str, Any]) -> dict[str, Any]:
    """What transformers makes of each part; None where it does not know the architecture."""
    known = _transformers(config)
    return {name: _part(known, name, config) for name in _PARTS}


def written(config: Any, part: str) -> dict[str, Any]:
    """Where a file names the settings of a part: its own table, or the file's top where families keep them there."""
    keys = TEXT_KEYS if part == "text_config" else (part,)
    tables = (config.get(key) for key in keys)
    elsewhere = {} if part == "vision_config" else config
    found: dict[str, Any] = next((table for table in tables if isinstance(table, dict)), elsewhere)
    return found


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


# What single layers may have of their own, and what mlx_vlm calls it.
_OF_FULL_LAYERS = {"head_dim": "global_head_dim", "num_key_value_heads": "num_global_key_value_heads"}


def layout_of(config: Mapping[str, Any]) -> str:
    """Layout of a configuration: ``"v5"`` as transformers 5 saves it, ``"v4"`` as before.

    Parameters
    ----------
    config : mapping
        Of config.json.
    """
    tables = [config, *(value for value in config.values() if isinstance(value, dict))]
    return "v5" if any(name in table for table in tables for name in ("rope_parameters", "per_layer_config")) else "v4"


def table(config: dict[str, Any], part: str) -> dict[str, Any]:
    """Where settings of a part are written to: its own table, made where there is none, or the file's top.

    Parameters
    ----------
    config : dict
    part : str
        ``""``, ``"text_config"`` or ``"vision_config"``.
    """
    own = written(config, part)
    if part == "vision_config" and own is not config.get(part):
        own = config[part] = {}
    return own


def rewritten(config: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a configuration in the layout that mlx_vlm reads.

    Parameters
    ----------
    config : mapping
        Of config.json, in either layout.
    """
    made = copy.deepcopy(dict(config))
    _name_family(made)
    _lift_text(made)
    for part in ("text_config", "vision_config"):
        own = made.get(part)
        if isinstance(own, dict):
            _name_type(made, part, own)
            _spread_layers(own)
    return made


def _name_family(config: dict[str, Any]) -> None:
    """A LLaVA with Pixtral's tower as the Pixtral that mlx_vlm knows; transformers has one class for both."""
    tower = config.get("vision_config")
    if config.get("model_type") == "llava" and isinstance(tower, dict) and tower.get("model_type") == "pixtral":
        known = transformers_parts(config)[""]
        for name in ("vision_feature_layer", "image_token_index"):
            config.setdefault(name, getattr(known, name))
        config["model_type"] = "pixtral"


def _lift_text(config: dict[str, Any]) -> None:
    """Settings of the language model at the top, for classes that look for them there only."""
    nested = config.get("text_config")
    if not isinstance(nested, dict) or "hidden_size" not in nested or "hidden_size" in config:
        return
    tried = copy.deepcopy(config)
    with suppress(Exception):  # what is missing is found by the audit
        mlx_class(config, "").from_dict(tried)
    read = tried.get("text_config")
    if isinstance(read, dict) and read.get("hidden_size") != nested["hidden_size"]:
        lifted = {name: value for name, value in nested.items() if name != "model_type"}
        config |= {name: value for name, value in lifted.items() if config.get(name) is None}
        del config["text_config"]


def _name_type(config: dict[str, Any], part: str, own: dict[str, Any]) -> None:
    """A part's type as the family's own, which classes insist on."""
    family = config.get("model_type")
    mlx = mlx_class(config, part)
    default = getattr(mlx, "model_type", None)
    if own.get("model_type") == f"{family}_{part.partition('_')[0]}" and default == family:
        own["model_type"] = default


def _spread_layers(own: dict[str, Any]) -> None:
    """Settings of single layers as one setting, where they are those of all layers that attend to everything."""
    layers = own.get("per_layer_config")
    kinds = own.get("layer_types")
    if not layers:
        own.pop("per_layer_config", None)
    elif isinstance(layers, dict) and isinstance(kinds, list):
        shared = _shared_by_full_layers(layers, kinds)
        if shared is not None and shared.keys() <= _OF_FULL_LAYERS.keys():
            own |= {_OF_FULL_LAYERS[name]: value for name, value in shared.items()}
            del own["per_layer_config"]


def _shared_by_full_layers(layers: dict[str, Any], kinds: list[str]) -> dict[str, Any] | None:
    """Settings that all layers have that attend to everything, and no others; None where they differ."""
    first: dict[str, Any] = next(iter(layers.values()))
    full = {place for place, kind in enumerate(kinds) if kind == "full_attention"}
    # Numbers are padded with zeros where there are more than ten layers.
    is_regular = {int(place) for place in layers} == full and all(entry == first for entry in layers.values())
    return first if is_regular else None
