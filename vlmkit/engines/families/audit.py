"""What transformers takes a configuration to mean, against what mlx_vlm takes it to mean; no weights are needed.

mlx_vlm has a default for most settings, and takes it without a word where a file names the setting otherwise or leaves
it to transformers' default. The answers are fluent and wrong then. Each difference is written into the configuration
that mlx_vlm gets; what it still reads otherwise must not be loaded.

Imported on the desk only.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from vlmkit.engines.families import reading, rope
from vlmkit.engines.families.reading import ConfigPart

__all__ = ["Audit", "Difference", "audit_config", "differences"]

# Not part of the arithmetic of an answer, or compared in a way of their own.
_NOT_COMPARED = frozenset(
    {
        "model_type",
        "architectures",
        "dtype",
        "torch_dtype",
        "transformers_version",
        "use_cache",
        "initializer_range",
        "initializer_factor",
        "attention_dropout",
        "hidden_dropout",
        "dropout",
        "activation_dropout",
        "bos_token_id",
        "eos_token_id",
        "pad_token_id",
        "sep_token_id",
        "decoder_start_token_id",
        "vocab_size",
        "max_position_embeddings",
        "ignore_index",
        "auto_map",
        "attn_implementation",
        "quantization",
        "quantization_config",
        "generation_config",
        "tie_word_embeddings",
        "rope_theta",
        "rope_scaling",
        "rope_parameters",
        "rope_type",
        "partial_rotary_factor",
        "output_router_logits",
        "router_aux_loss_coef",
        "name",
    }
)
# Whether a module is there at all: weights that do not fit are refused by whoever loads them.
_BUILT = ("_bias", "_head", "qk_norm", "quantization")
# The same thing under two names.
_ALSO_CALLED = {
    "image_token_index": "image_token_id",
    "video_token_index": "video_token_id",
    "image_token_id": "image_token_index",
    "vision_start_token_id": "image_start_token_id",
    "vision_end_token_id": "image_end_token_id",
    "video_token_id": "video_token_index",
}
# mlx_vlm asks in this part, transformers in another one.
_ELSEWHERE = {("", "hidden_size"): "text_config", ("text_config", "mm_tokens_per_image"): ""}
_KINDS = (
    ("token", ("_token_id", "_token_index")),
    ("norm", ("_eps",)),
    ("activation", ("_act", "activation")),
    ("layers", ("layers", "depth", "layer_types", "pattern", "_interval", "indexes", "_layer")),
    ("attention", ("heads", "window", "bidirectional_attention", "attention_bias")),
    ("scale", ("scale", "scalar", "softcapping", "multiplier", "factor", "scaling")),
    ("size", ("_size", "_dim", "_ratio")),
)


@dataclass(frozen=True)
class Difference:
    """A setting that the libraries take to mean different things.

    Attributes
    ----------
    setting : str
        As ``"text_config.rope_theta"``.
    transformers : object
    mlx_vlm : object
        Before the repair.
    kind : str
        ``"rope"``, ``"token"``, ``"norm"``, ``"activation"``, ``"layers"``, ``"attention"``, ``"scale"``, ``"size"``
        or ``"other"``.
    repaired : bool
        Whether the configuration that mlx_vlm gets here makes up for it.
    """

    setting: str
    transformers: object
    mlx_vlm: object
    kind: str
    repaired: bool

    def __str__(self) -> str:
        if self.setting == "config.json":
            return f"it cannot read {self.setting} ({self.mlx_vlm})"
        return f"{self.setting} is {self.transformers!r} for transformers and {self.mlx_vlm!r} for mlx_vlm"


@dataclass(frozen=True)
class Audit:
    """An examined configuration.

    Attributes
    ----------
    config : dict
        For mlx_vlm: in the layout that it knows, differences written in.
    differences : tuple of Difference
    """

    config: dict[str, Any]
    differences: tuple[Difference, ...]

    @property
    def faults(self) -> tuple[Difference, ...]:
        """Differences that are left."""
        return tuple(difference for difference in self.differences if not difference.repaired)


def differences(config: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What the two libraries take to mean different things; empty where nothing, or where transformers knows nothing.

    Parameters
    ----------
    config : mapping
        Of config.json.
    """
    return audit_config(config).differences


def audit_config(config: Mapping[str, Any], tensors: Collection[str] = ()) -> Audit:
    """Compare the readings of a configuration, and write what differs into a copy.

    Parameters
    ----------
    config : mapping
        Of config.json.
    tensors : collection of str, default ()
        Names of the weights, where they are at hand: they say whether the words have a head of their own.
    """
    try:
        return _examined(config, tensors)
    except Exception as error:  # noqa: BLE001  a file may hold anything in any place
        return Audit(dict(config), (_unreadable(error),))


def _unreadable(error: Exception) -> Difference:
    return Difference("config.json", "readable", f"{type(error).__name__}: {error}", "other", repaired=False)


def _examined(config: Mapping[str, Any], tensors: Collection[str]) -> Audit:
    rewritten = reading.rewritten(config)
    unreadable = _complete(rewritten)
    if unreadable is not None:
        return Audit(rewritten, (unreadable,))
    before = list(_compared(rewritten, tensors))
    for part, found in before:
        _write(rewritten, part, found)
    left = {
        found.setting: found
        for part, found in _compared(rewritten, tensors)
        if not _is_applied_later(rewritten, part, found)
    }
    told = [replace(found, repaired=found.setting not in left) for _, found in before]
    return Audit(rewritten, (*told, *(found for name, found in left.items() if name not in {t.setting for t in told})))


def _is_applied_later(config: dict[str, Any], part: str, found: Difference) -> bool:
    if found.kind != "rope" or found.setting.endswith("theta"):
        return False
    said = rope.meaning(getattr(reading.transformers_parts(config).get(part), "rope_parameters", None))
    return said is not None and rope.is_applied_after_load(config["model_type"], said)


def _complete(config: dict[str, Any]) -> Difference | None:
    """Write what mlx_vlm's classes cannot do without; a difference where they cannot read the rest."""
    try:
        reading.read_parts(config)
    except Exception:  # noqa: BLE001  a class may say so in any way
        _fill(config)
    else:
        return None
    try:
        reading.read_parts(config)
    except Exception as error:  # noqa: BLE001  as above
        return _unreadable(error)
    return None


def _fill(config: dict[str, Any]) -> None:
    known = reading.transformers_parts(config)
    for part, settings in known.items():
        mlx = reading.mlx_class(config, part)
        if mlx is None or settings is None:
            continue
        wanted = reading.arguments(mlx)
        own = reading.table(config, part)
        said = rope.meaning(getattr(settings, "rope_parameters", None))
        told = rope.tell(said, set(wanted)) if said else {}
        for name in (name for name, is_needed in wanted.items() if is_needed and name not in own):
            value = told.get(name, _head_dim(settings) if name == "head_dim" else _named(settings, name))
            if value is not None:
                own[name] = value


def _head_dim(settings: Any) -> Any:
    """Width of a head, which transformers works out where a configuration has no word for it."""
    named = _named(settings, "head_dim")
    width, heads = _named(settings, "hidden_size"), _named(settings, "num_attention_heads")
    return named if named or not width or not heads else width // heads


def _compared(config: dict[str, Any], tensors: Collection[str]) -> Iterator[tuple[str, Difference]]:
    parts = {part.name: part for part in reading.read_parts(config)}
    for name, meant, value in _ties(parts, tensors):
        yield "text_config", Difference(f"text_config.{name}", meant, value, "layers", repaired=False)
    for part in parts.values():
        taken = {name: value for name, value in vars(part.mlx).items() if not name.startswith("_")}
        found = [(*difference, _kind(difference[0])) for difference in _scalars(part, parts, taken)]
        found += [(*difference, "layers") for difference in _layers(part, taken)]
        found += [(*difference, "rope") for difference in _rope(part, taken)]
        for name, meant, value, kind in found:
            yield part.name, Difference(f"{part.name}.{name}".lstrip("."), meant, value, kind, repaired=False)


def _scalars(
    part: ConfigPart, parts: Mapping[str, ConfigPart], taken: Mapping[str, Any]
) -> Iterator[tuple[str, object, object]]:
    for name, value in taken.items():
        settings = parts[_ELSEWHERE.get((part.name, name), part.name)].transformers
        if name in _NOT_COMPARED or settings is None or name.endswith(("_config", *_BUILT)):
            continue
        meant = _named(settings, name)
        if meant is None or _is_same(meant, value) or _is_as_written(part, name, value):
            continue
        if not _is_under_another_name(settings, name, meant, taken):
            yield name, meant, value


def _named(settings: Any, name: str) -> Any:
    """What transformers calls by a name, or by another name for the same thing; None where there is nothing."""
    for spelled in (name, _ALSO_CALLED.get(name, name)):
        # A setting that differs by layer refuses to be read as one.
        with suppress(Exception):
            value = getattr(settings, spelled)
            if value is not None and not callable(value):
                return value
    return None


def _is_as_written(part: ConfigPart, name: str, value: object) -> bool:
    return name in part.written and _is_same(part.written[name], value)


def _is_under_another_name(settings: Any, name: str, meant: object, taken: Mapping[str, Any]) -> bool:
    """Whether mlx_vlm has the setting elsewhere, too, and this name is only an alias."""
    canonical = settings.attribute_map.get(name)
    alias = _ALSO_CALLED.get(name)
    return canonical in taken or (taken[name] is None and alias is not None and _is_same(meant, taken.get(alias)))


def _is_same(one: Any, other: Any) -> bool:
    one, other = (_plain(value) for value in (one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
    return bool(one == other)


def _plain(value: Any) -> Any:
    """A tuple as a list, and a list of equal values as one of them: (8, 8) and 8 are the same size of a patch."""
    if isinstance(value, tuple):
        value = list(value)
    if isinstance(value, list) and value and all(entry == value[0] for entry in value):
        return value[0]
    return value


def _rope(part: ConfigPart, taken: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    table = getattr(part.transformers, "rope_parameters", None) or part.written.get("rope_parameters")
    said = rope.meaning(table)
    if said is not None and (part.name or part.transformers is None):
        yield from rope.mismatches(said, taken)


def _layers(part: ConfigPart, taken: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    """Which layers look at a window only, where mlx_vlm counts them off by a pattern."""
    if "per_layer_config" in part.written:
        yield "per_layer_config", part.written["per_layer_config"], None
    kinds = getattr(part.transformers, "layer_types", None)
    every = taken.get("sliding_window_pattern")
    if not isinstance(kinds, list) or every is None or "layer_types" in taken:
        return
    patterns = _patterns(kinds)
    # Past the last layer all numbers say the same.
    if min(every, len(kinds) + 1) not in patterns:
        yield "sliding_window_pattern", patterns[0] if patterns else kinds, every


def _patterns(kinds: list[str]) -> list[int]:
    """Numbers n that say the same as a list of kinds, if each n-th layer attends to everything."""
    full = [kind == "full_attention" for kind in kinds]
    places = range(1, len(kinds) + 1)
    return [number for number in range(1, len(kinds) + 2) if [place % number == 0 for place in places] == full]


def _kind(name: str) -> str:
    return next((kind for kind, ends in _KINDS if name.endswith(ends)), "other")


def _write(config: dict[str, Any], part: str, found: Difference) -> None:
    own = reading.table(config, part)
    name = found.setting.rpartition(".")[2]
    if found.kind == "layers" and not isinstance(found.transformers, int):
        return  # irregular layers have no word
    if found.kind != "rope":
        own[name] = copy.deepcopy(found.transformers)
        return
    settings = reading.transformers_parts(config).get(part)
    said = rope.meaning(getattr(settings, "rope_parameters", None) or own.get("rope_parameters"))
    if said is not None:
        own.update(rope.tell(said, set(reading.arguments(reading.mlx_class(config, part)))))


_HEAD = "lm_head.weight"
_TIED = "tie_word_embeddings"


def _ties(parts: Mapping[str, ConfigPart], tensors: Collection[str]) -> Iterator[tuple[str, object, object]]:
    """Whether the words of an answer are chosen by the table that reads words, or by weights of their own.

    transformers 5 says it for the whole model, mlx_vlm asks the language model, and each has a default where a file is
    silent. The weights know: a head that is there is to be used. Their names are empty where they are not known.
    """
    text = parts.get("text_config")
    taken = None if text is None else getattr(text.mlx, _TIED, None)
    if not isinstance(taken, bool):
        return
    said = [named for part in ("", "text_config") if isinstance(named := _tied_as_written(parts, part), bool)]
    if any(name == _HEAD or name.endswith(f"language_model.{_HEAD}") for name in tensors):
        meant = False
    elif tensors:
        meant = taken or any(said)
    else:
        meant = next(iter(said), taken)
    if meant != taken:
        yield _TIED, meant, taken


def _tied_as_written(parts: Mapping[str, ConfigPart], part: str) -> object:
    return parts[part].written.get(_TIED) if part in parts else None
