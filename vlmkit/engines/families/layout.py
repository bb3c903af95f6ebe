"""Two layouts of a checkpoint: of the releases on the Hub, which mlx_vlm reads, and of what transformers 5 saves.

transformers 5 nests the settings of the language model, gives each part a type of its own, keeps rotary settings and
those of single layers in tables, and puts all processor settings into one file. Nothing of a checkpoint is changed:
what has to be written otherwise is written into a directory of links to its files.

Imported on the desk only.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from vlmkit.engines.families import reading

__all__ = ["layout_of", "rewritten", "table"]

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
    own = reading.written(config, part)
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
        known = reading.transformers_parts(config)[""]
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
        reading.mlx_class(config, "").from_dict(tried)
    read = tried.get("text_config")
    if isinstance(read, dict) and read.get("hidden_size") != nested["hidden_size"]:
        lifted = {name: value for name, value in nested.items() if name != "model_type"}
        config |= {name: value for name, value in lifted.items() if config.get(name) is None}
        del config["text_config"]


def _name_type(config: dict[str, Any], part: str, own: dict[str, Any]) -> None:
    """A part's type as the family's own, which classes insist on."""
    family = config.get("model_type")
    mlx = reading.mlx_class(config, part)
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
        settings = list(layers.values())
        full = {place for place, kind in enumerate(kinds) if kind == "full_attention"}
        # Numbers are padded with zeros where there are more than ten layers.
        is_regular = {int(place) for place in layers} == full and all(entry == settings[0] for entry in settings)
        if is_regular and settings[0].keys() <= _OF_FULL_LAYERS.keys():
            own |= {_OF_FULL_LAYERS[name]: value for name, value in settings[0].items()}
            del own["per_layer_config"]
