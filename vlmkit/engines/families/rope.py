"""Rotary positions: what a configuration means by them, whether a class of mlx_vlm takes it so, and how to tell it.

transformers 5 keeps all of it in one table, `rope_parameters`, one for each kind of layer where kinds differ. Classes
of mlx_vlm ask for parts of it under a dozen names, and fall back to a default where they find none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["base_of", "is_applied_after_load", "meaning", "mismatches", "tell"]

_GLOBAL_THETA = ("rope_theta", "rope_global_base_freq")
_LOCAL_THETA = ("rope_local_base_freq", "swa_rope_theta", "rope_local_theta")
# Named beside the table by classes that do not know it.
_BESIDE = ("rope_theta", "partial_rotary_factor")
_KIND = ("rope_type", "type")
_PLAIN = ("default", "mrope", "axial")

# Scaling that mlx_vlm has no word for in these families, and that a repair of the loaded model applies.
_APPLIED_AFTER_LOAD = frozenset({"idefics2", "idefics3", "smolvlm"})
_APPLIED_KINDS = frozenset({"dynamic", "linear", "llama3", "yarn"})

Meaning = dict[str, dict[str, Any]]


def meaning(table: Any) -> Meaning | None:
    """Rotary settings of each kind of layer.

    Parameters
    ----------
    table : dict or None
        `rope_parameters`, flat or one table for each kind of layer.

    Returns
    -------
    A table for each kind, under ``""`` where all layers are alike; None where there is nothing to say.
    """
    if not isinstance(table, dict) or not table:
        return None
    kinds = {kind: dict(settings) for kind, settings in table.items() if isinstance(settings, dict)}
    return kinds or {"": dict(table)}


def base_of(said: Meaning) -> dict[str, Any]:
    """Settings of layers that attend to everything."""
    return said.get("full_attention") or next(iter(said.values()))


def kind_of(settings: Mapping[str, Any]) -> str:
    """Kind of scaling, as ``"llama3"``; ``"default"`` is none."""
    kind = next((settings[name] for name in _KIND if settings.get(name)), "default")
    return "default" if kind in _PLAIN else str(kind)


def is_applied_after_load(model_type: str, said: Meaning) -> bool:
    """Whether scaling is not the business of mlx_vlm's classes, as a repair of the loaded model applies it.

    Parameters
    ----------
    model_type : str
    said : Meaning
    """
    return model_type in _APPLIED_AFTER_LOAD and kind_of(base_of(said)) in _APPLIED_KINDS


def mismatches(said: Meaning, fields: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    """Where the values of a mlx_vlm configuration mean something else.

    Parameters
    ----------
    said : Meaning
    fields : mapping
        Values of the configuration, defaults filled in.

    Yields
    ------
    Name of the setting, what was said, what mlx_vlm takes.
    """
    own = meaning(fields.get("rope_parameters"))
    yield from _named_thetas(said, fields)
    if own is None:
        yield from _rotated_share(base_of(said), fields)
    else:
        yield from _thetas_of_kinds(said, own)
    yield from _scaling(base_of(said), base_of(own) if own else fields.get("rope_scaling") or {}, fields)


def _named_thetas(said: Meaning, fields: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    base, local = base_of(said).get("rope_theta"), said.get("sliding_attention", {}).get("rope_theta")
    meant = dict.fromkeys(_GLOBAL_THETA, base) | dict.fromkeys(_LOCAL_THETA, local)
    for name, theta in meant.items():
        if name in fields and theta is not None and fields[name] != theta:
            yield name, theta, fields[name]


def _thetas_of_kinds(said: Meaning, own: Meaning) -> Iterator[tuple[str, object, object]]:
    for kind, settings in said.items():
        theta, taken = settings.get("rope_theta"), (own.get(kind) or own.get("") or {}).get("rope_theta")
        if theta is not None and taken != theta:
            yield f"rope_parameters.{kind}.rope_theta".replace("..", "."), theta, taken


def _rotated_share(base: Mapping[str, Any], fields: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    share = fields.get("partial_rotary_factor")
    if share is not None and share != base.get("partial_rotary_factor", share):
        yield "partial_rotary_factor", base.get("partial_rotary_factor"), share


def _scaling(
    base: Mapping[str, Any], taken: Mapping[str, Any], fields: Mapping[str, Any]
) -> Iterator[tuple[str, object, object]]:
    if kind_of(base) != kind_of(taken):
        yield "rope_type", kind_of(base), kind_of(taken)
    has_place = "rope_scaling" in fields or "rope_parameters" in fields
    if has_place or kind_of(base) != "default":
        for name in sorted(base.keys() - {*_BESIDE, *_KIND}):
            if taken.get(name) != base[name]:
                yield name, base[name], taken.get(name)


def tell(said: Meaning, names: set[str]) -> dict[str, Any]:
    """The same settings under the names that a class of mlx_vlm asks for.

    Parameters
    ----------
    said : Meaning
    names : set of str
        Settings that the class takes.
    """
    base, local = base_of(said), said.get("sliding_attention", {})
    scaling = {name: value for name, value in base.items() if name not in _BESIDE}
    kind = next((base[name] for name in _KIND if base.get(name)), "default")
    told: dict[str, Any] = dict.fromkeys(_GLOBAL_THETA, base.get("rope_theta"))
    told |= dict.fromkeys(_LOCAL_THETA, local.get("rope_theta"))
    told["partial_rotary_factor"] = base.get("partial_rotary_factor")
    plain = kind_of(base) == "default" and not scaling.keys() - set(_KIND)
    told["rope_scaling"] = None if plain else {**scaling, "rope_type": kind, "type": kind}
    named = {layers: {**settings, "type": settings.get("rope_type", "default")} for layers, settings in said.items()}
    told["rope_parameters"] = named.get("", named)
    return {name: value for name, value in told.items() if name in names and value is not None}
